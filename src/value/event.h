#ifndef MQC_VALUE_EVENT_H
#define MQC_VALUE_EVENT_H

#include "value/value.h"

/* Metadata ids below this one are Zeek's; users take this one and greater ones. */
#define MQC_METADATA_FIRST_USER_ID 200

/* The metadata id of the network timestamp, a MQC_TYPE_TIMESTAMP. */
#define MQC_METADATA_NETWORK_TIMESTAMP 1

/* One piece of an event's metadata. */
struct mqc_metadata {
    uint64_t id;
    struct mqc_value value;
};

/* An event: plain data that borrows what it points to, as struct mqc_value does. */
struct mqc_event {
    struct mqc_view name;
    const struct mqc_value *args;
    size_t arg_count;
    const struct mqc_metadata *metadata;
    size_t metadata_count;
};

/*
 * Makes an independent copy of an event in one piece of memory. The caller frees it with
 * mqc_event_free(). Any thread. MQC_ENOMEM: memory ran out; MQC_ETOOLARGE: nested deeper than
 * MQC_MAX_DEPTH. *copy_out is NULL on failure.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_event_copy(const struct mqc_event *event,
                                                   struct mqc_event **copy_out);

/* Frees a copy and sets the caller's pointer to NULL; a NULL inside is fine. */
MQC_API void mqc_event_free(struct mqc_event **event);

#endif
