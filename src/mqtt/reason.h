#ifndef MQC_MQTT_REASON_H
#define MQC_MQTT_REASON_H

#include <stdbool.h>

/* MQTT 5 reason codes (MQTT 5, 2.4) that the session acts on. */
enum {
    MQC__REASON_FAILURE = 0x80, /* this and all above are failures */
    MQC__REASON_VERSION = 0x84, /* unsupported protocol version */
    MQC__REASON_TAKEN_OVER = 0x8E,
};

/* Words for an MQTT 5 reason code: "not authorized"; never NULL. */
const char *mqc__reason_text(int reason);

/* Words for the return code of a CONNACK, which MQTT 3.1.1 numbers in its own way (3.2.2.3); a code
 * that 3.1.1 does not know is read as one of MQTT 5. */
const char *mqc__connack_text(bool is_311, int reason);

/* What to check when the broker refuses a connection so; never NULL. */
const char *mqc__connack_advice(bool is_311, int reason);

/* Says whether a CONNACK means that the broker does not speak MQTT 5: the code of 5, or the one
 * with which a broker of 3.1.1 answers. */
bool mqc__connack_refuses_5(int reason);

#endif
