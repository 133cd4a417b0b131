#include "mqtt/topic_alias.h"

#include <stdlib.h>
#include <string.h>

/* The property takes three bytes, so shorter topics are dearer with it. */
#define TOPIC_BYTES_MIN 4

void mqc__topic_aliases_init(struct mqc__topic_aliases *aliases, uint16_t broker_max)
{
    *aliases = (struct mqc__topic_aliases){
        .count_max = broker_max < MQC__TOPIC_ALIAS_MAX ? broker_max : MQC__TOPIC_ALIAS_MAX,
    };
}

void mqc__topic_aliases_fini(struct mqc__topic_aliases *aliases)
{
    for (size_t i = 0; i < MQC__TOPIC_ALIAS_MAX; i++)
        free(aliases->list[i].topic);
    *aliases = (struct mqc__topic_aliases){0};
}

static struct mqc__topic_alias *find(struct mqc__topic_aliases *aliases, struct mqc_view topic)
{
    for (size_t i = 0; i < aliases->count_max; i++) {
        struct mqc__topic_alias *alias = &aliases->list[i];
        if (alias->size == topic.size && alias->topic != NULL &&
            memcmp(alias->topic, topic.data, topic.size) == 0)
            return alias;
    }
    return NULL;
}

/* A place for a new topic; NULL: the one that is its turn was used and stays this time. */
static struct mqc__topic_alias *find_place(struct mqc__topic_aliases *aliases)
{
    for (size_t i = 0; i < aliases->count_max; i++)
        if (aliases->list[i].topic == NULL)
            return &aliases->list[i];
    struct mqc__topic_alias *alias = &aliases->list[aliases->hand];
    if (++aliases->hand >= aliases->count_max)
        aliases->hand = 0;
    const bool stays = alias->was_used;
    alias->was_used = false;
    return stays ? NULL : alias;
}

uint16_t mqc__topic_aliases_use(struct mqc__topic_aliases *aliases, struct mqc_view topic,
                                bool *is_new_out)
{
    *is_new_out = false;
    if (aliases->count_max == 0 || topic.size < TOPIC_BYTES_MIN)
        return 0;
    struct mqc__topic_alias *alias = find(aliases, topic);
    if (alias == NULL) {
        alias = find_place(aliases);
        char *copy = alias != NULL ? malloc(topic.size) : NULL;
        if (copy == NULL)
            return 0;
        memcpy(copy, topic.data, topic.size);
        free(alias->topic);
        *alias = (struct mqc__topic_alias){.topic = copy, .size = topic.size};
        *is_new_out = true;
    } else {
        alias->was_used = true;
    }
    return (uint16_t)(alias - aliases->list + 1);
}

void mqc__topic_aliases_forget(struct mqc__topic_aliases *aliases, uint16_t alias)
{
    struct mqc__topic_alias *forgotten = &aliases->list[alias - 1];
    free(forgotten->topic);
    *forgotten = (struct mqc__topic_alias){0};
}
