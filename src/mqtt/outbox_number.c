#include "mqtt/outbox_priv.h"

#include <stdlib.h>

enum mqc_error mqc__outbox_number(struct mqc__outbox *outbox, struct mqc_view topic,
                                  struct mqc__numbering *numbering_out)
{
    if (!mqc__outbox_is_topic_name(topic))
        return MQC_EINVAL;
    struct mqc__topic *known = mqc__topic_table_use(&outbox->topics, topic);
    if (known == NULL)
        return MQC_ENOMEM;
    *numbering_out = (struct mqc__numbering){
        .sequence = known->next_sequence++,
        .starts_count = known->starts_count,
    };
    known->starts_count = false;
    mqc__topic_table_leave(&outbox->topics, known);
    return MQC_OK;
}

/* A topic that was forgotten meanwhile begins anew, above all that was forgotten. */
void mqc__outbox_unnumber(struct mqc__outbox *outbox, struct mqc_view topic,
                          const struct mqc__numbering *numbering)
{
    struct mqc__topic *known = mqc__topic_table_find(&outbox->topics, topic);
    if (known == NULL || known->next_sequence != numbering->sequence + 1)
        return;
    known->next_sequence = numbering->sequence;
    known->starts_count = numbering->starts_count;
}

const struct mqc__origin *mqc__outbox_known_origin(const struct mqc__outbox *outbox,
                                                   struct mqc_view instance)
{
    const struct mqc__origin *origin = outbox->origins;
    while (origin != NULL &&
           !mqc_view_equal(mqc_view_bytes(origin->instance, origin->size), instance))
        origin = origin->next;
    return origin;
}

const struct mqc__origin *mqc__outbox_origin(struct mqc__outbox *outbox, struct mqc_view instance)
{
    const struct mqc__origin *known = mqc__outbox_known_origin(outbox, instance);
    if (known != NULL)
        return known;
    struct mqc__origin *origin = calloc(1, sizeof *origin + instance.size + 1);
    if (origin == NULL)
        return NULL;
    origin->size = instance.size;
    if (instance.size != 0)
        memcpy(origin->instance, instance.data, instance.size);
    origin->next = outbox->origins;
    outbox->origins = origin;
    return origin;
}

void mqc__outbox_free_origins(struct mqc__outbox *outbox)
{
    while (outbox->origins != NULL) {
        struct mqc__origin *origin = outbox->origins;
        outbox->origins = origin->next;
        free(origin);
    }
}
