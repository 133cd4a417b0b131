#include "base/fail.h"
#include "spool/record.h"
#include "spool/sqlite_priv.h"

#include <stdlib.h>

/*
 * A damaged file is read from both sides of what cannot be read: upwards until a page fails, then
 * from ever farther above, and from the first group found there down again.
 */

/* What is carried over in one transaction. */
#define STEP_BYTES ((size_t)4 << 20)

struct salvage {
    struct mqc__store *to;
    sqlite3_stmt *up;   /* the groups above ?1 */
    sqlite3_stmt *down; /* the groups below ?1 and above ?2 */
    uint64_t event_count;
    uint64_t released;
    size_t step_bytes;
    int result; /* of the writing */
    bool is_in_step;
};

static int end_step(struct salvage *salvage)
{
    if (!salvage->is_in_step)
        return SQLITE_OK;
    salvage->is_in_step = false;
    salvage->step_bytes = 0;
    (void)sqlite3_step(salvage->to->commit);
    return sqlite3_reset(salvage->to->commit);
}

static int begin_step(struct salvage *salvage)
{
    if (salvage->is_in_step)
        return SQLITE_OK;
    (void)sqlite3_step(salvage->to->begin);
    const int result = sqlite3_reset(salvage->to->begin);
    salvage->is_in_step = result == SQLITE_OK;
    return result;
}

/* Carries over a sound group; what is released is left behind, and so is what is there already. */
static bool carry(struct salvage *salvage, const struct mqc__store_group *group)
{
    if (group->first_number + group->event_count <= salvage->released)
        return true;
    int result = begin_step(salvage);
    if (result == SQLITE_OK)
        result = mqc__sqlite_insert(salvage->to, group);
    if ((result & 0xff) == SQLITE_CONSTRAINT)
        return true;
    salvage->event_count += group->event_count;
    salvage->step_bytes += group->records.size;
    if (result == SQLITE_OK && salvage->step_bytes >= STEP_BYTES)
        result = end_step(salvage);
    salvage->result = result;
    return result == SQLITE_OK;
}

/* Reads on from a statement until a group is not sound or not farther on: in a damaged file there
 * may be any keys. Moves *key to the last sound one. Returns whether the end was reached. */
static bool read_on(struct salvage *salvage, sqlite3_stmt *statement, bool is_up, int64_t *key)
{
    int step = SQLITE_DONE;
    while (salvage->result == SQLITE_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct mqc__store_group group;
        const int64_t next = sqlite3_column_int64(statement, 0);
        if ((is_up ? next <= *key : next >= *key) || !mqc__sqlite_row(statement, &group) ||
            !carry(salvage, &group))
            break;
        *key = next;
    }
    (void)sqlite3_reset(statement);
    return step == SQLITE_DONE;
}

static void read_down(struct salvage *salvage, int64_t from, int64_t to)
{
    (void)sqlite3_bind_int64(salvage->down, 1, from);
    (void)sqlite3_bind_int64(salvage->down, 2, to);
    int64_t key = from;
    (void)read_on(salvage, salvage->down, false, &key);
}

static void read_all(struct salvage *salvage)
{
    int64_t done = 0; /* all readable groups up to here were seen */
    int64_t jump = 0; /* how far above that the next attempt begins */
    while (salvage->result == SQLITE_OK) {
        int64_t key = done + jump;
        const int64_t from = key;
        (void)sqlite3_bind_int64(salvage->up, 1, from);
        const bool is_end = read_on(salvage, salvage->up, true, &key);
        if (jump != 0 && (key != from || is_end))
            read_down(salvage, from + 1, done);
        if (is_end)
            return;
        if (key != from) {
            done = key;
            jump = 1;
        } else if (jump > (INT64_MAX - done) / 2) {
            read_down(salvage, INT64_MAX, done);
            return;
        } else {
            jump = jump != 0 ? 2 * jump : 1;
        }
    }
}

static enum mqc_error prepare(struct salvage *salvage, struct mqc__store *from)
{
    enum mqc_error error = mqc__sqlite_statement(
        from,
        "SELECT first, count, instance, sum, records FROM groups WHERE first > ?1 ORDER BY first",
        &salvage->up, NULL);
    if (error == MQC_OK)
        error = mqc__sqlite_statement(from,
                                      "SELECT first, count, instance, sum, records FROM groups "
                                      "WHERE first < ?1 AND first > ?2"
                                      " ORDER BY first DESC",
                                      &salvage->down, NULL);
    return error;
}

/* Takes what can be had from an open file. */
static enum mqc_error carry_over(struct salvage *salvage, struct mqc__store *from,
                                 struct mqc_error_info *info)
{
    uint64_t last = 0;
    if (mqc__sqlite_state(from, &salvage->released, &last, NULL) != MQC_OK) {
        salvage->released = 0;
        last = 0;
    }
    if (prepare(salvage, from) == MQC_OK)
        read_all(salvage);
    (void)sqlite3_finalize(salvage->up);
    (void)sqlite3_finalize(salvage->down);
    int result = salvage->result;
    if (result == SQLITE_OK)
        result = end_step(salvage);
    if (result == SQLITE_OK)
        result = mqc__sqlite_note(salvage->to, salvage->released, last);
    return result == SQLITE_OK ? MQC_OK : mqc__sqlite_fail(salvage->to, result, "written", info);
}

enum mqc_error mqc__sqlite_salvage(struct mqc__store *store, const char *aside,
                                   uint64_t *event_count_out, struct mqc_error_info *info)
{
    struct salvage salvage = {.to = store, .result = SQLITE_OK};
    struct mqc__store *from = NULL;
    *event_count_out = 0;
    enum mqc_error error =
        mqc__sqlite_connect(aside, MQC__SQLITE_SALVAGE, MQC__SPOOL_FSYNC_NEVER, &from, info);
    if (error != MQC_OK)
        return error == MQC_ENOMEM ? error : MQC_OK;
    error = carry_over(&salvage, from, info);
    mqc__sqlite_disconnect(&from);
    *event_count_out = salvage.event_count;
    return error;
}
