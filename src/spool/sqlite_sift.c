#include "spool/record.h"
#include "spool/sqlite_priv.h"

/* What a step may cost: a few ten milliseconds. A byte that is deleted or read costs one, and a row
 * that is looked at the time in which so much could be deleted. */
#define STEP_COST_MAX ((uint64_t)2 << 20)
#define ROW_COST ((uint64_t)1024)

struct sift {
    struct mqc__store *store;
    const struct mqc__store_sift *what;
    struct mqc__store_erased *erased;
    size_t next; /* the ranges before this one lie below what is looked at */
    uint64_t at; /* the rows below were looked at */
    uint64_t cost;
};

/* What a look at some rows finds. */
struct finding {
    uint64_t first; /* rows in a row that nobody needs; 0: none */
    uint64_t end;
    uint64_t thin; /* the row behind them, if little of it is needed; 0: that is not so */
    bool is_damaged;
};

static uint64_t min_number(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_number(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* How many of the numbers from first on and below end are needed; first does not go back. */
static uint64_t count_needed(struct sift *sift, uint64_t first, uint64_t end)
{
    const struct mqc__store_sift *what = sift->what;
    while (sift->next != what->needed_count && what->needed[sift->next].last < first)
        sift->next++;
    uint64_t count = 0;
    for (size_t i = sift->next; i != what->needed_count && what->needed[i].first < end; i++)
        count += min_number(what->needed[i].last, end - 1) + 1 -
                 max_number(what->needed[i].first, first);
    return count;
}

/* Looks at the row that `measure` stands on; false: no farther for now. */
static bool look_at_row(struct sift *sift, struct finding *finding)
{
    sqlite3_stmt *measure = sift->store->measure;
    const uint64_t first = (uint64_t)sqlite3_column_int64(measure, 0);
    const uint64_t count = (uint64_t)sqlite3_column_int64(measure, 1);
    const uint64_t bytes = (uint64_t)sqlite3_column_int64(measure, 2);
    const uint64_t end = first + count;
    finding->is_damaged = end <= first;
    if (finding->is_damaged)
        return false;
    if (end > sift->what->below) {
        sift->at = sift->what->below;
        return false;
    }
    const uint64_t needed = count_needed(sift, first, end);
    const bool is_thin = needed != 0 && needed <= count / 2;
    if (needed != 0 && !is_thin && finding->first != 0)
        return false; /* it is looked at again when those before it are gone */
    sift->at = end;
    sift->cost += ROW_COST;
    if (is_thin) {
        finding->thin = first;
    } else if (needed == 0) {
        finding->first = finding->first != 0 ? finding->first : first;
        finding->end = end;
        sift->erased->event_count += count;
        sift->erased->bytes += bytes;
        sift->cost += bytes;
    }
    return !is_thin && sift->cost < STEP_COST_MAX;
}

static int look(struct sift *sift, struct finding *finding)
{
    sqlite3_stmt *measure = sift->store->measure;
    (void)sqlite3_bind_int64(measure, 1, (sqlite3_int64)sift->at);
    (void)sqlite3_bind_int64(measure, 2, (sqlite3_int64)sift->what->below);
    int step = SQLITE_ROW;
    bool goes_on = true;
    while (goes_on && (step = sqlite3_step(measure)) == SQLITE_ROW)
        goes_on = look_at_row(sift, finding);
    if (step == SQLITE_DONE)
        sift->at = sift->what->below;
    const int result = sqlite3_reset(measure);
    if (finding->is_damaged)
        return SQLITE_CORRUPT;
    return step == SQLITE_ROW || step == SQLITE_DONE ? SQLITE_OK : result;
}

/* --- Rows of which little is needed. ---------------------------------------------------------- */

static bool is_readable(const struct mqc__store_group *group)
{
    struct mqc__spool_record record;
    size_t at = 0;
    for (size_t i = 0; i < group->event_count; i++)
        if (!mqc__record_read(group->records, &at, &record))
            return false;
    return true;
}

/* Inserts a part and begins the next. */
static int end_part(struct sift *sift, struct mqc__store_group *part)
{
    if (part->event_count == 0)
        return SQLITE_OK;
    const int result = mqc__sqlite_insert(sift->store, part);
    sift->erased->event_count -= part->event_count;
    sift->erased->bytes -= part->records.size;
    part->event_count = 0;
    return result;
}

static void add_to_part(struct mqc__store_group *part, uint64_t number, struct mqc_view record)
{
    if (part->event_count == 0) {
        part->first_number = number;
        part->records = mqc_view_bytes(record.data, 0);
    }
    part->event_count++;
    part->records.size += record.size;
}

/* Inserts the needed records of a group, those that follow one another as one. */
static int insert_needed(struct sift *sift, const struct mqc__store_group *group)
{
    struct mqc__store_group part = {.instance = group->instance};
    struct mqc__spool_record record;
    int result = SQLITE_OK;
    size_t at = 0;
    for (size_t i = 0; i < group->event_count && result == SQLITE_OK; i++) {
        const uint64_t number = group->first_number + i;
        const size_t from = at;
        (void)mqc__record_read(group->records, &at, &record);
        if (count_needed(sift, number, number + 1) != 0)
            add_to_part(&part, number, mqc_view_bytes(group->records.data + from, at - from));
        else
            result = end_part(sift, &part);
    }
    return result == SQLITE_OK ? end_part(sift, &part) : result;
}

static int replace(struct sift *sift, const struct mqc__store_group *group)
{
    sift->cost += 2 * group->records.size; /* read and deleted */
    if (!is_readable(group))
        return SQLITE_OK;
    sift->erased->event_count += group->event_count;
    sift->erased->bytes += group->records.size;
    const int result = mqc__sqlite_erase(sift->store, group->first_number, group->first_number + 1);
    return result == SQLITE_OK ? insert_needed(sift, group) : result;
}

/* What the statement returned is valid until it is reset, whatever becomes of the row. */
static int thin_out(struct sift *sift, uint64_t number)
{
    sqlite3_stmt *read = sift->store->read;
    struct mqc__store_group group;
    (void)sqlite3_bind_int64(read, 1, (sqlite3_int64)number);
    int result = SQLITE_CORRUPT;
    const int step = sqlite3_step(read);
    if (step == SQLITE_ROW && mqc__sqlite_row(read, &group))
        result = replace(sift, &group);
    const int end = sqlite3_reset(read);
    return step == SQLITE_ROW || step == SQLITE_DONE ? result : end;
}

/* --- A step. ---------------------------------------------------------------------------------- */

int mqc__sqlite_sift(struct mqc__store *store, const struct mqc__store_sift *what,
                     struct mqc__store_effect *effect)
{
    struct sift sift = {.store = store, .what = what, .erased = &effect->sifted, .at = what->from};
    int result = SQLITE_OK;
    while (result == SQLITE_OK && sift.at < what->below && sift.cost < STEP_COST_MAX) {
        struct finding finding = {.first = 0};
        result = look(&sift, &finding);
        if (result == SQLITE_OK && finding.first != 0)
            result = mqc__sqlite_erase(store, finding.first, finding.end);
        if (result == SQLITE_OK && finding.thin != 0)
            result = thin_out(&sift, finding.thin);
    }
    effect->sifted_to = sift.at;
    return result;
}
