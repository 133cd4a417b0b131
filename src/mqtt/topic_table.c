#include "mqtt/topic_table.h"

#include <stdlib.h>

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
    HASH_ADD_KEYPTR(hh, table->topics, topic->text, topic->size, topic);
    if (topic->hh.tbl == NULL) {
        free(topic);
        return NULL;
    }
    return topic;
}

static void forget(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    if (topic->next_sequence - 1 > table->forgotten_sequence)
        table->forgotten_sequence = topic->next_sequence - 1;
    DL_DELETE(table->idle, topic);
    table->idle_count--;
    HASH_DEL(table->topics, topic);
    free(topic);
}

struct mqc__topic *mqc__topic_table_use(struct mqc__topic_table *table, struct mqc_view text)
{
    struct mqc__topic *topic = NULL;
    HASH_FIND(hh, table->topics, text.data, text.size, topic);
    if (topic == NULL)
        topic = make_topic(table, text);
    else if (topic->user_count == 0) {
        DL_DELETE(table->idle, topic);
        table->idle_count--;
    }
    if (topic != NULL)
        topic->user_count++;
    return topic;
}

void mqc__topic_table_leave(struct mqc__topic_table *table, struct mqc__topic *topic)
{
    if (--topic->user_count != 0)
        return;
    DL_APPEND(table->idle, topic);
    table->idle_count++;
    if (table->idle_count > table->idle_max)
        forget(table, table->idle);
}

void mqc__topic_table_fini(struct mqc__topic_table *table)
{
    while (table->idle != NULL)
        forget(table, table->idle);
}
