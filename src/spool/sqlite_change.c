#include "spool/record.h"
#include "spool/sqlite_priv.h"

/* The file is made smaller when it has at least so many pages and all but few of them are free. */
#define SHRINK_PAGES 4096
#define SHRINK_PAGES_USED 1024

/* So much is deleted in one step, if more is released: a few ten milliseconds. */
#define ERASE_BYTES_MAX ((uint64_t)4 << 20)

/* Runs a statement that returns nothing. */
static int run(sqlite3_stmt *statement)
{
    const int step = sqlite3_step(statement);
    const int result = sqlite3_reset(statement);
    return step == SQLITE_DONE ? SQLITE_OK : result;
}

int mqc__sqlite_insert(struct mqc__store *store, const struct mqc__store_group *group)
{
    sqlite3_stmt *insert = store->insert;
    const uint64_t sum =
        mqc__record_sum(group->first_number, group->event_count, group->instance, group->records);
    (void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)group->first_number);
    (void)sqlite3_bind_int64(insert, 2, (sqlite3_int64)group->event_count);
    int result =
        sqlite3_bind_blob64(insert, 3, group->instance.data, group->instance.size, SQLITE_STATIC);
    (void)sqlite3_bind_int64(insert, 4, (sqlite3_int64)sum);
    if (result == SQLITE_OK)
        result =
            sqlite3_bind_blob64(insert, 5, group->records.data, group->records.size, SQLITE_STATIC);
    return result == SQLITE_OK ? run(insert) : result;
}

int mqc__sqlite_note(struct mqc__store *store, uint64_t released, uint64_t last_number)
{
    (void)sqlite3_bind_int64(store->note, 1, (sqlite3_int64)released);
    (void)sqlite3_bind_int64(store->note, 2, (sqlite3_int64)last_number);
    return run(store->note);
}

/* Groups that are to go. */
struct range {
    uint64_t from;      /* those that begin here or above */
    uint64_t below;     /* and below here */
    uint64_t end_max;   /* and have no number here or above */
    uint64_t bytes_max; /* until this is reached */
};

static void count_row(sqlite3_stmt *measure, struct mqc__store_erased *erased)
{
    const uint64_t first = (uint64_t)sqlite3_column_int64(measure, 0);
    const uint64_t count = (uint64_t)sqlite3_column_int64(measure, 1);
    if (erased->event_count == 0)
        erased->first_number = first;
    erased->last_number = first + count - 1;
    erased->event_count += count;
    erased->bytes += (uint64_t)sqlite3_column_int64(measure, 2);
}

static int measure_range(struct mqc__store *store, const struct range *range,
                         struct mqc__store_erased *erased)
{
    sqlite3_stmt *measure = store->measure;
    (void)sqlite3_bind_int64(measure, 1, (sqlite3_int64)range->from);
    (void)sqlite3_bind_int64(measure, 2, (sqlite3_int64)range->below);
    int step = SQLITE_ROW;
    while (erased->bytes < range->bytes_max && (step = sqlite3_step(measure)) == SQLITE_ROW) {
        const uint64_t end =
            (uint64_t)sqlite3_column_int64(measure, 0) + (uint64_t)sqlite3_column_int64(measure, 1);
        if (end > range->end_max)
            break;
        count_row(measure, erased);
    }
    const int result = sqlite3_reset(measure);
    return step == SQLITE_ROW || step == SQLITE_DONE ? SQLITE_OK : result;
}

int mqc__sqlite_erase(struct mqc__store *store, uint64_t from, uint64_t below)
{
    (void)sqlite3_bind_int64(store->erase, 1, (sqlite3_int64)from);
    (void)sqlite3_bind_int64(store->erase, 2, (sqlite3_int64)below);
    return run(store->erase);
}

static int erase_range(struct mqc__store *store, const struct range *range,
                       struct mqc__store_erased *erased)
{
    const int result = measure_range(store, range, erased);
    if (result != SQLITE_OK || erased->event_count == 0)
        return result;
    return mqc__sqlite_erase(store, erased->first_number, erased->last_number + 1);
}

static int make_room(struct mqc__store *store, const struct mqc__store_change *change,
                     struct mqc__store_effect *effect)
{
    const struct range above = {.from = change->room_from,
                                .below = INT64_MAX,
                                .end_max = INT64_MAX,
                                .bytes_max = change->room_bytes};
    const int result = erase_range(store, &above, &effect->room_above);
    if (result != SQLITE_OK || effect->room_above.bytes >= change->room_bytes)
        return result;
    const struct range below = {.from = 0,
                                .below = change->room_from,
                                .end_max = INT64_MAX,
                                .bytes_max = change->room_bytes - effect->room_above.bytes};
    return erase_range(store, &below, &effect->room_below);
}

static int erase(struct mqc__store *store, const struct mqc__store_change *change,
                 struct mqc__store_effect *effect)
{
    int result = SQLITE_OK;
    if (change->released != 0) {
        const struct range released = {.from = 0,
                                       .below = change->released,
                                       .end_max = change->released,
                                       .bytes_max = ERASE_BYTES_MAX};
        result = erase_range(store, &released, &effect->released);
        effect->has_more = effect->released.bytes >= ERASE_BYTES_MAX;
    }
    if (result == SQLITE_OK && change->room_bytes > effect->released.bytes) {
        struct mqc__store_change rest = *change;
        rest.room_bytes -= effect->released.bytes;
        result = make_room(store, &rest, effect);
    }
    if (result == SQLITE_OK && change->sift != NULL)
        result = mqc__sqlite_sift(store, change->sift, effect);
    /* What is released was given a number, though its commit may have failed. */
    uint64_t last = store->last_number;
    if (change->released > last + 1)
        last = change->released - 1;
    if (result == SQLITE_OK)
        result = mqc__sqlite_note(store, change->released, last);
    return result;
}

/* Does the change within one transaction. */
static int change_all(struct mqc__store *store, const struct mqc__store_change *change,
                      struct mqc__store_effect *effect)
{
    int result = run(store->begin);
    if (result == SQLITE_OK)
        result = erase(store, change, effect);
    if (result == SQLITE_OK && change->group != NULL)
        result = mqc__sqlite_insert(store, change->group);
    if (result == SQLITE_OK)
        result = run(store->commit);
    return result;
}

static int64_t ask_pages(struct mqc__store *store, const char *pragma)
{
    int64_t pages = 0;
    return mqc__sqlite_ask(store, pragma, &pages, NULL) == MQC_OK ? pages : 0;
}

/* After an outage the file is large and almost empty; copying what is left takes a moment. */
static void shrink(struct mqc__store *store)
{
    const int64_t pages = ask_pages(store, "PRAGMA page_count");
    if (pages < SHRINK_PAGES)
        return;
    const int64_t used = pages - ask_pages(store, "PRAGMA freelist_count");
    if (used > SHRINK_PAGES_USED)
        return;
    /* The file itself shrinks when the log is moved to it. Failing is no harm. */
    (void)sqlite3_exec(store->db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

enum mqc_error mqc__sqlite_commit(struct mqc__store *store, const struct mqc__store_change *change,
                                  struct mqc__store_effect *effect_out, struct mqc_error_info *info)
{
    *effect_out = (struct mqc__store_effect){.released = {.event_count = 0}};
    const bool is_plain = change->released == 0 && change->room_bytes == 0 && change->sift == NULL;
    int result = SQLITE_OK;
    if (!is_plain)
        result = change_all(store, change, effect_out);
    else if (change->group != NULL)
        result = mqc__sqlite_insert(store, change->group);
    if (result != SQLITE_OK) {
        const enum mqc_error error = mqc__sqlite_fail(store, result, "written", info);
        if (sqlite3_get_autocommit(store->db) == 0)
            (void)run(store->rollback);
        *effect_out = (struct mqc__store_effect){.released = {.event_count = 0}};
        return error;
    }
    if (change->group != NULL)
        store->last_number = change->group->first_number + change->group->event_count - 1;
    if (effect_out->released.event_count != 0 && !effect_out->has_more)
        shrink(store);
    return MQC_OK;
}
