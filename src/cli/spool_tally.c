#include "cli/spool_tally.h"

#include <search.h>
#include <stdlib.h>

static int compare_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return a_size != 0 ? memcmp(a, b, a_size) : 0;
}

static int compare_lines(const void *a, const void *b)
{
    const struct mqc__spool_line *left = a;
    const struct mqc__spool_line *right = b;
    int order =
        compare_bytes(left->instance, left->instance_size, right->instance, right->instance_size);
    if (order == 0)
        order = compare_bytes(left->topic, left->topic_size, right->topic, right->topic_size);
    if (order == 0)
        order = (int)left->guarantee - (int)right->guarantee;
    return order != 0 ? order : (int)left->is_foreign - (int)right->is_foreign;
}

/* A line to look for, which borrows from the record. */
static struct mqc__spool_line line_of(const struct mqc_spool_record *record)
{
    const bool is_foreign = record->topic.data == NULL;
    const struct mqc_view topic = is_foreign ? record->mqtt_topic : record->topic;
    return (struct mqc__spool_line){
        .instance = (char *)record->instance.data,
        .instance_size = record->instance.size,
        .topic = (char *)topic.data,
        .topic_size = topic.size,
        .guarantee = record->guarantee,
        .is_foreign = is_foreign,
        .first_number = record->number,
        .first_sequence = record->sequence,
    };
}

/* The texts lie behind the line. */
static struct mqc__spool_line *copy_line(const struct mqc__spool_line *line)
{
    struct mqc__spool_line *copy =
        malloc(sizeof *copy + line->instance_size + line->topic_size + 1);
    if (copy == NULL)
        return NULL;
    *copy = *line;
    copy->instance = (char *)(copy + 1);
    copy->topic = copy->instance + line->instance_size;
    memcpy(copy->instance, line->instance, line->instance_size);
    memcpy(copy->topic, line->topic, line->topic_size);
    copy->topic[line->topic_size] = '\0';
    return copy;
}

static struct mqc__spool_line *add_line(struct mqc__spool_tally *tally,
                                        const struct mqc__spool_line *wanted)
{
    struct mqc__spool_line *line = copy_line(wanted);
    if (line == NULL)
        return NULL;
    if (tsearch(line, &tally->index, compare_lines) == NULL) {
        free(line);
        return NULL;
    }
    if (tally->last != NULL)
        tally->last->next = line;
    else
        tally->first = line;
    tally->last = line;
    return line;
}

static struct mqc__spool_line *find_line(struct mqc__spool_tally *tally,
                                         const struct mqc_spool_record *record)
{
    const struct mqc__spool_line wanted = line_of(record);
    struct mqc__spool_line *const *found = tfind(&wanted, &tally->index, compare_lines);
    return found != NULL ? *found : add_line(tally, &wanted);
}

bool mqc__spool_tally_add(void *context, const struct mqc_spool_record *record)
{
    struct mqc__spool_tally *tally = context;
    struct mqc__spool_line *line = find_line(tally, record);
    tally->has_failed = line == NULL;
    if (line == NULL)
        return false;
    line->events++;
    line->bytes += record->bytes;
    line->last_number = record->number;
    line->last_sequence = record->sequence;
    return mqc__spool_tally_total(tally, record);
}

bool mqc__spool_tally_total(void *context, const struct mqc_spool_record *record)
{
    struct mqc__spool_tally *tally = context;
    tally->events++;
    tally->bytes += record->bytes;
    return true;
}

void mqc__spool_tally_fini(struct mqc__spool_tally *tally)
{
    for (struct mqc__spool_line *line = tally->first, *next; line != NULL; line = next) {
        next = line->next;
        (void)tdelete(line, &tally->index, compare_lines);
        free(line);
    }
    *tally = (struct mqc__spool_tally){.events = 0};
}
