#include "base/buffer.h"
#include "base/fail.h"
#include "spool/record.h"
#include "spool/sqlite_priv.h"

/* The names of instances that are left are kept up to this; more will hardly ever be. */
#define LEFT_BYTES_MAX ((size_t)1 << 16)

static struct mqc_view column(sqlite3_stmt *statement, int index)
{
    /* The pointer must be asked for first. */
    const void *bytes = sqlite3_column_blob(statement, index);
    return mqc_view_bytes(bytes, (size_t)sqlite3_column_bytes(statement, index));
}

bool mqc__sqlite_row(sqlite3_stmt *statement, struct mqc__store_group *group_out)
{
    const int64_t first = sqlite3_column_int64(statement, 0);
    const int64_t count = sqlite3_column_int64(statement, 1);
    if (first <= 0 || count <= 0 || first > INT64_MAX - count)
        return false;
    group_out->first_number = (uint64_t)first;
    group_out->event_count = (size_t)count;
    group_out->instance = column(statement, 2);
    group_out->records = column(statement, 4);
    return mqc__record_sum((uint64_t)first, (size_t)count, group_out->instance,
                           group_out->records) == (uint64_t)sqlite3_column_int64(statement, 3);
}

enum mqc_error mqc__sqlite_read(struct mqc__store *store, uint64_t number,
                                mqc__store_visit_fn visit, void *context,
                                struct mqc_error_info *info)
{
    (void)sqlite3_bind_int64(store->read, 1, (sqlite3_int64)number);
    int step = SQLITE_DONE;
    bool is_sound = true;
    bool is_enough = false;
    while (!is_enough && (step = sqlite3_step(store->read)) == SQLITE_ROW) {
        struct mqc__store_group group;
        is_sound = mqc__sqlite_row(store->read, &group);
        is_enough = !is_sound || !visit(context, &group);
    }
    const int result = sqlite3_reset(store->read);
    if (!is_sound)
        return mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
    return step == SQLITE_ROW || step == SQLITE_DONE
               ? MQC_OK
               : mqc__sqlite_fail(store, result, "read", info);
}

enum mqc_error mqc__sqlite_state(struct mqc__store *store, uint64_t *released_out,
                                 uint64_t *last_number_out, struct mqc_error_info *info)
{
    int64_t released = 0;
    int64_t last = 0;
    enum mqc_error error =
        mqc__sqlite_ask(store, "SELECT released FROM state WHERE id = 1", &released, info);
    if (error == MQC_OK)
        error = mqc__sqlite_ask(store, "SELECT last FROM state WHERE id = 1", &last, info);
    if (error == MQC_OK && (released < 0 || last < 0 || last == INT64_MAX || released > last + 1))
        error = mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
    *released_out = (uint64_t)released;
    *last_number_out = (uint64_t)last;
    return error;
}

/* --- All of it. ------------------------------------------------------------------------------- */

struct scan {
    struct mqc__store_state *state;
    struct mqc_view own;
    struct mqc__buffer left;
};

static bool is_noted(const struct scan *scan, struct mqc_view name)
{
    const char *at = scan->left.data;
    for (size_t rest = scan->left.size; rest != 0;) {
        const struct mqc_view noted = mqc_view_text(at);
        if (mqc_view_equal(noted, name))
            return true;
        at += noted.size + 1;
        rest -= noted.size + 1;
    }
    return false;
}

/* Notes the sender of a group; a name with a NUL in it is none of ours. */
static void note_instance(struct scan *scan, struct mqc_view name)
{
    if (mqc_view_equal(name, scan->own) || name.size == 0 ||
        memchr(name.data, '\0', name.size) != NULL || is_noted(scan, name))
        return;
    char *at = mqc__buffer_extend(&scan->left, name.size + 1);
    if (at == NULL)
        return;
    memcpy(at, name.data, name.size);
    at[name.size] = '\0';
}

static bool scan_group(void *context, const struct mqc__store_group *group)
{
    struct scan *scan = context;
    struct mqc__store_state *state = scan->state;
    if (state->first_number == 0)
        state->first_number = group->first_number;
    state->last_kept = group->first_number + group->event_count - 1;
    state->event_count += group->event_count;
    state->bytes += group->records.size;
    note_instance(scan, group->instance);
    return true;
}

enum mqc_error mqc__sqlite_scan(struct mqc__store *store, const char *own_instance,
                                struct mqc__store_state *state_out, struct mqc_error_info *info)
{
    struct mqc__store_state state = {.last_number = 0};
    struct scan scan = {.state = &state, .own = mqc_view_text(own_instance)};
    mqc__buffer_init(&scan.left, LEFT_BYTES_MAX);
    enum mqc_error error = mqc__sqlite_state(store, &state.released, &state.last_number, info);
    if (error == MQC_OK)
        error = mqc__sqlite_read(store, 0, scan_group, &scan, info);
    if (error != MQC_OK) {
        mqc__buffer_fini(&scan.left);
        return error;
    }
    if (state.last_number < state.last_kept)
        state.last_number = state.last_kept;
    store->last_number = state.last_number;
    state.left = mqc__buffer_view(&scan.left);
    *state_out = state;
    return MQC_OK;
}
