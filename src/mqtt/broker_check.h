#ifndef MQC_MQTT_BROKER_CHECK_H
#define MQC_MQTT_BROKER_CHECK_H

#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a node should know about its broker before it relies on it. Pure. */

/* Where Mosquitto and some others say their version, retained. */
#define MQC__BROKER_VERSION_TOPIC "$SYS/broker/version"

/* Which broker it is. */
enum mqc__broker_kind {
    MQC__BROKER_UNKNOWN, /* it has not said */
    MQC__BROKER_MOSQUITTO,
    MQC__BROKER_OTHER,
};

struct mqc__broker_version {
    enum mqc__broker_kind kind;
    unsigned major; /* of Mosquitto, else 0 */
    unsigned minor;
    unsigned patch;
};

/* What a broker has said, and what is wanted of it. */
struct mqc__broker_facts {
    struct mqc__broker_version version;
    bool lacks_retain;
    bool lacks_wildcards;
    unsigned receive_max;    /* as in struct mqc__connect_answer */
    uint32_t event_expiry_s; /* of the messages that are sent to it; 0: none */
};

/* What can go wrong with a broker. */
enum mqc__broker_trap {
    MQC__TRAP_NO_RETAIN,
    MQC__TRAP_NO_WILDCARDS,
    MQC__TRAP_EXPIRY,       /* expired messages block the others */
    MQC__TRAP_PER_LISTENER, /* an option of it loses messages */
    MQC__TRAP_QUEUE_LIMITS, /* its defaults drop messages silently */
    MQC__TRAP_COUNT,
};

#define MQC__TRAP_BIT(trap) (1U << (trap))

/* With these a cluster cannot work at all; they are seen without the version. */
#define MQC__TRAPS_FATAL                                                                           \
    (MQC__TRAP_BIT(MQC__TRAP_NO_RETAIN) | MQC__TRAP_BIT(MQC__TRAP_NO_WILDCARDS))

/* Reads "mosquitto version 2.0.11"; any other text is another broker's. */
struct mqc__broker_version mqc__broker_version_read(struct mqc_view text);

/* Returns a bit for each trap that the facts show. */
unsigned mqc__broker_traps(const struct mqc__broker_facts *facts);

/* What is wrong and what to do, to be said behind the broker's address and version. */
const char *mqc__broker_trap_text(enum mqc__broker_trap trap);

#endif
