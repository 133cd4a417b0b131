#ifndef MQC_MQTT_PAHO_PROCESS_H
#define MQC_MQTT_PAHO_PROCESS_H

#include <stdbool.h>

/* What Paho does to the process around it, and what can be seen of its threads; nothing of Paho's
 * interface. */

/* Says whether a version text is 1.3.14 or newer; NULL and what is no version are not. */
bool mqc__paho_is_1_3_14(const char *version);

/* Says whether Paho's receive thread exists, as far as that can be known: true when in doubt. */
bool mqc__paho_receives(void);

/* As above, but gives a thread that is ending up to timeout_ms to be gone. */
bool mqc__paho_keeps_receiving(unsigned timeout_ms);

#endif
