#ifndef MQC_DAEMON_NOTIFY_H
#define MQC_DAEMON_NOTIFY_H

#include <stdint.h>

/* What systemd wants to know of a service (sd_notify); nothing happens when it did not start this
 * process. */

/* Says what the node is doing, in words for people. */
void mqc__notify_status(const char *text);

/* Says that the node is up; only the first time counts. */
void mqc__notify_ready(void);

/* Says that the node is about to end. */
void mqc__notify_stopping(void);

/* Says that the node is alive. */
void mqc__notify_alive(void);

/* How often systemd wants to hear that, in milliseconds with room to spare; -1: not at all. */
int mqc__notify_alive_interval_ms(void);

#endif
