#ifndef TESTS_UNIT_MQTT_FAKE_SESSION_H
#define TESTS_UNIT_MQTT_FAKE_SESSION_H

#include "unit/mqtt/fake_client.h"
#include "unit/mqtt/recorder.h"

#include <time.h>

/* What the tests of a session on the scripted client share. */

extern const char *const fake_one_uri[1];

/* What the session of the running test told. */
extern struct recorder fake_recorder;

/* Around each test; the end frees the session and checks that it freed its clients. */
void fake_begin(void);
void fake_end(struct mqc__session *session);

/* A session with the usual options and one URI, opened. */
struct mqc__session *fake_open(void);

void fake_sleep_ms(long ms);

/* Waits until the fake's log says so. */
#define WAIT_LOG(condition)                                                                        \
    do {                                                                                           \
        int left = RECORDER_PATIENCE_MS;                                                           \
        struct fake_log log = fake_log();                                                          \
        while (!(condition) && left-- > 0) {                                                       \
            fake_sleep_ms(1);                                                                      \
            log = fake_log();                                                                      \
        }                                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

struct mqc__session_stats fake_stats(struct mqc__session *session);

/* Publishes "<n>;" for n from..to. */
void fake_publish_numbers(struct mqc__session *session, const char *topic, int from, int to);

/* Replaces the filters; b may be NULL. */
void fake_set_filters(struct mqc__session *session, const char *a, const char *b);

#endif
