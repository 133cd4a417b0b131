#ifndef MQC_VALUE_COPY_H
#define MQC_VALUE_COPY_H

#include "base/arena.h"
#include "value/event.h"

/* Copies a value with all that it points to into the arena. MQC_ENOMEM: no room; MQC_ETOOLARGE:
 * deeper than MQC_MAX_DEPTH. */
enum mqc_error mqc__value_copy(struct mqc__arena *arena, const struct mqc_value *value,
                               struct mqc_value *copy_out);

/* How many bytes a copy made by mqc_event_copy() has. */
size_t mqc__event_copy_bytes(const struct mqc_event *copy);

#endif
