#include "mqtt/topic_table.h"

#include "base/clock.h"
#include "base/hash.h"

#include <stdlib.h>

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
struct mqc__topic *mqc__topic_table_find(const struct mqc__topic_table *table, struct mqc_view text)
{
    struct mqc__topic *topic = NULL;
    const unsigned hash = mqc__hash(text, table->seed);
    HASH_FIND_BYHASHVALUE(hh, table->topics, text.data, text.size, hash, topic);
    return topic;
}

/* false: no memory. */
static bool insert(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    if (table->seed == 0)
        table->seed = mqc__random_bits();
    const unsigned hash = mqc__hash(mqc_view_bytes(topic->text, topic->size), table->seed);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->topics, topic->text, topic->size, hash, topic);
    return topic->hh.tbl != NULL;
}

static void take_out(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    HASH_DEL(table->topics, topic);
}

static void append_idle(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    DL_APPEND(table->idle, topic);
    table->idle_count++;
}

static void remove_idle(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    DL_DELETE(table->idle, topic);
    table->idle_count--;
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

static struct mqc__topic *make_topic(struct mqc__topic_table *table, struct mqc_view text)
{
    struct mqc__topic *topic = calloc(1, sizeof *topic + text.size + 1);
    if (topic == NULL)
        return NULL;
    topic->size = text.size;
    if (text.size != 0)
        memcpy(topic->text, text.data, text.size);
    topic->next_sequence = table->forgotten_sequence + 1;
    topic->starts_count = true;
    if (!insert(table, topic)) {
        free(topic);
        return NULL;
    }
    return topic;
}

static void forget(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    if (topic->next_sequence - 1 > table->forgotten_sequence)
        table->forgotten_sequence = topic->next_sequence - 1;
    remove_idle(table, topic);
    take_out(table, topic);
    free(topic);
}

struct mqc__topic *mqc__topic_table_use(struct mqc__topic_table *table, struct mqc_view text)
{
    struct mqc__topic *topic = mqc__topic_table_find(table, text);
    if (topic == NULL)
        topic = make_topic(table, text);
    else if (topic->user_count == 0)
        remove_idle(table, topic);
    if (topic != NULL)
        topic->user_count++;
    return topic;
}

void mqc__topic_table_leave(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    if (--topic->user_count != 0)
        return;
    append_idle(table, topic);
    if (table->idle_count > table->idle_max)
        forget(table, table->idle);
}

void mqc__topic_table_fini(struct mqc__topic_table *table)
{
    while (table->idle != NULL)
        forget(table, table->idle);
}
