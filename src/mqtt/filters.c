#include "mqtt/filters.h"

#include <stdlib.h>
#include <string.h>

/* What one SUBSCRIBE or UNSUBSCRIBE names at most; a longer filter goes alone. */
#define BATCH_FILTERS_MAX 64
#define BATCH_BYTES_MAX 16384

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
static struct mqc__filter *find(const struct mqc__filters *filters, const char *text)
{
    struct mqc__filter *filter = NULL;
    HASH_FIND_STR(filters->all, text, filter);
    return filter;
}

/* false: no memory. */
static bool insert(struct mqc__filters *filters, struct mqc__filter *filter, size_t size)
{
    HASH_ADD_KEYPTR(hh, filters->all, filter->text, size, filter);
    return filter->hh.tbl != NULL;
}

static void discard(struct mqc__filters *filters, struct mqc__filter *filter)
{
    HASH_DEL(filters->all, filter);
    free(filter);
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

/* Frees what is not desired and what the broker cannot know. */
static void discard_unneeded(struct mqc__filters *filters)
{
    struct mqc__filter *filter = NULL;
    struct mqc__filter *next = NULL;
    HASH_ITER (hh, filters->all, filter, next) {
        if (!filter->is_desired && !filter->may_remain)
            discard(filters, filter);
    }
}

static struct mqc__filter *find_or_add(struct mqc__filters *filters, const char *text)
{
    struct mqc__filter *filter = find(filters, text);
    if (filter != NULL)
        return filter;
    const size_t size = strlen(text);
    filter = calloc(1, sizeof *filter + size + 1);
    if (filter == NULL)
        return NULL;
    memcpy(filter->text, text, size);
    if (!insert(filters, filter, size)) {
        free(filter);
        return NULL;
    }
    return filter;
}

enum mqc_error mqc__filters_set(struct mqc__filters *filters, const char *const *texts,
                                size_t count)
{
    enum mqc_error error = MQC_OK;
    for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next)
        filter->is_listed = false;
    for (size_t i = 0; i < count && error == MQC_OK; i++) {
        struct mqc__filter *filter = find_or_add(filters, texts[i]);
        if (filter == NULL)
            error = MQC_ENOMEM;
        else
            filter->is_listed = true;
    }
    if (error == MQC_OK) {
        for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next)
            filter->is_desired = filter->is_listed;
    }
    discard_unneeded(filters);
    return error;
}

/* Adds a copy while there is room; *bytes counts them. */
static bool add_text(struct mqc__filter_batch *batch, const char *text, size_t *bytes)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy == NULL)
        return false;
    memcpy(copy, text, size);
    batch->texts[batch->count++] = copy;
    *bytes += size;
    return true;
}

bool mqc__filter_batch_add(struct mqc__filter_batch *batch, const char *text)
{
    size_t bytes = 0;
    return batch->count < BATCH_FILTERS_MAX && add_text(batch, text, &bytes);
}

static bool has_room(const struct mqc__filter_batch *batch, const char *text, size_t bytes)
{
    return batch->count == 0 ||
           (batch->count < BATCH_FILTERS_MAX && bytes + strlen(text) + 1 <= BATCH_BYTES_MAX);
}

static bool wants_subscribe(const struct mqc__filter *filter)
{
    return filter->is_desired && filter->state == MQC__FILTER_UNKNOWN;
}

static bool wants_unsubscribe(const struct mqc__filter *filter)
{
    return !filter->is_desired && filter->may_remain;
}

static enum mqc_error collect(struct mqc__filters *filters,
                              bool (*is_wanted)(const struct mqc__filter *),
                              struct mqc__filter_batch *batch_out)
{
    *batch_out = (struct mqc__filter_batch){0};
    struct mqc__filter *filter = filters->all;
    while (filter != NULL && !is_wanted(filter))
        filter = filter->hh.next;
    if (filter == NULL)
        return MQC_OK;
    batch_out->texts = calloc(BATCH_FILTERS_MAX, sizeof *batch_out->texts);
    if (batch_out->texts == NULL)
        return MQC_ENOMEM;
    size_t bytes = 0;
    for (; filter != NULL; filter = filter->hh.next) {
        if (!is_wanted(filter))
            continue;
        if (!has_room(batch_out, filter->text, bytes))
            break;
        if (!add_text(batch_out, filter->text, &bytes)) {
            mqc__filter_batch_fini(batch_out);
            return MQC_ENOMEM;
        }
        /* From here on the broker may know it, whatever becomes of the answer. */
        filter->may_remain = true;
    }
    return MQC_OK;
}

enum mqc_error mqc__filters_to_subscribe(struct mqc__filters *filters,
                                         struct mqc__filter_batch *batch_out)
{
    return collect(filters, wants_subscribe, batch_out);
}

enum mqc_error mqc__filters_to_unsubscribe(struct mqc__filters *filters,
                                           struct mqc__filter_batch *batch_out)
{
    const enum mqc_error error = collect(filters, wants_unsubscribe, batch_out);
    /* One that becomes desired again before the broker has answered is to be subscribed anew. */
    for (size_t i = 0; error == MQC_OK && i < batch_out->count; i++)
        find(filters, batch_out->texts[i])->state = MQC__FILTER_UNKNOWN;
    return error;
}

void mqc__filters_subscribed(struct mqc__filters *filters, const char *text, bool is_accepted)
{
    struct mqc__filter *filter = find(filters, text);
    if (filter == NULL)
        return;
    filter->state = is_accepted ? MQC__FILTER_ACTIVE : MQC__FILTER_REFUSED;
    filter->may_remain = is_accepted;
    if (!filter->is_desired && !filter->may_remain)
        discard(filters, filter);
}

void mqc__filters_unsubscribed(struct mqc__filters *filters, const char *text)
{
    struct mqc__filter *filter = find(filters, text);
    if (filter == NULL)
        return;
    /* It may have become desired again in the meantime. */
    filter->state = MQC__FILTER_UNKNOWN;
    filter->may_remain = false;
    if (!filter->is_desired)
        discard(filters, filter);
}

void mqc__filters_lost(struct mqc__filters *filters, bool is_kept)
{
    for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next) {
        filter->state = MQC__FILTER_UNKNOWN;
        filter->may_remain = filter->may_remain && is_kept;
    }
    discard_unneeded(filters);
}

bool mqc__filters_settled(const struct mqc__filters *filters)
{
    for (const struct mqc__filter *filter = filters->all; filter != NULL;
         filter = filter->hh.next) {
        if (wants_subscribe(filter))
            return false;
    }
    return true;
}

bool mqc__filters_refused(const struct mqc__filters *filters)
{
    for (const struct mqc__filter *filter = filters->all; filter != NULL;
         filter = filter->hh.next) {
        if (filter->is_desired && filter->state == MQC__FILTER_REFUSED)
            return true;
    }
    return false;
}

bool mqc__filters_is_refused(const struct mqc__filters *filters, const char *text)
{
    const struct mqc__filter *filter = find(filters, text);
    return filter != NULL && filter->is_desired && filter->state == MQC__FILTER_REFUSED;
}

/* What the broker has answered to the desired filters among those that were looked at. */
struct answers {
    bool is_granted;
    bool is_missing;
    bool is_refused;
};

static void add_answer(const struct mqc__filters *filters, const char *text,
                       struct answers *answers)
{
    const struct mqc__filter *filter = find(filters, text);
    if (filter == NULL || !filter->is_desired)
        return;
    answers->is_granted |= filter->state == MQC__FILTER_ACTIVE;
    answers->is_missing |= filter->state == MQC__FILTER_UNKNOWN;
    answers->is_refused |= filter->state == MQC__FILTER_REFUSED;
}

/* Looks at every filter that has some of the levels of this one and '#' behind; uses up the text.
 */
static void add_wider(const struct mqc__filters *filters, char *text, struct answers *answers)
{
    size_t size = strlen(text);
    while (size != 0) {
        size--;
        if (size != 0 && text[size - 1] != '/')
            continue;
        text[size] = '#';
        text[size + 1] = '\0';
        add_answer(filters, text, answers);
    }
}

enum mqc_error mqc__filters_serve(const struct mqc__filters *filters, const char *text)
{
    struct answers answers = {0};
    add_answer(filters, text, &answers);
    const bool is_refused = answers.is_refused;
    /* Where this one is desired, no wider one was known to serve it. */
    if (answers.is_granted || answers.is_missing)
        return answers.is_granted ? MQC_OK : MQC_ETIMEOUT;
    char *wider = strdup(text);
    if (wider == NULL)
        return MQC_ENOMEM;
    add_wider(filters, wider, &answers);
    free(wider);
    if (answers.is_granted)
        return MQC_OK;
    if (answers.is_missing)
        return MQC_ETIMEOUT;
    if (is_refused)
        return MQC_EREFUSED;
    /* A wider one alone was refused: its owner wants this one in its place now. */
    return answers.is_refused ? MQC_ETIMEOUT : MQC_OK;
}

void mqc__filter_batch_fini(struct mqc__filter_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->texts[i]);
    free(batch->texts);
    *batch = (struct mqc__filter_batch){0};
}

void mqc__filters_fini(struct mqc__filters *filters)
{
    struct mqc__filter *filter = NULL;
    struct mqc__filter *next = NULL;
    HASH_ITER (hh, filters->all, filter, next) {
        discard(filters, filter);
    }
}
