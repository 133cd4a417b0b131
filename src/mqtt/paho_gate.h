#ifndef MQC_MQTT_PAHO_GATE_H
#define MQC_MQTT_PAHO_GATE_H

#include <stdbool.h>

/*
 * Keeps apart what Paho cannot stand at the same time. Its receive thread ends with the last
 * connection, and whoever ended that connection waits for the thread; a connect that begins then
 * counts on the thread and waits in vain until its time-out. Likewise a disconnect ends the thread
 * that a connect has just started. All waits are short: at worst a connect times out and is tried
 * again. Any thread; needs nothing of Paho.
 */

/* Around a call that may find the connection broken, and then ends it. */
void mqc__paho_gate_enter_call(void);
void mqc__paho_gate_leave_call(void);

/* Around a connect. */
void mqc__paho_gate_enter_connect(void);
void mqc__paho_gate_leave_connect(void);

/* Around a disconnect. If a connect is under way, waits up to wait_ms for its end; returns whether
 * none is. */
bool mqc__paho_gate_enter_disconnect(unsigned wait_ms);
void mqc__paho_gate_leave_disconnect(void);

/* Says whether a connect is under way. */
bool mqc__paho_gate_is_connecting(void);

#endif
