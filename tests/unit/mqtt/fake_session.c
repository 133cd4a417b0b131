#include "unit/mqtt/fake_session.h"

#include "support/suite.h"

#include <stdio.h>

const char *const fake_one_uri[1] = {"mqtt://one"};

struct recorder fake_recorder;

void fake_begin(void)
{
    fake_reset();
    recorder_init(&fake_recorder);
}

void fake_end(struct mqc__session *session)
{
    mqc__session_free(&session);
    CHECK(session == NULL);
    const struct fake_log log = fake_log();
    CHECK_UNSIGNED(log.frees, log.creates);
    recorder_fini(&fake_recorder);
    fake_reset();
}

struct mqc__session *fake_open(void)
{
    const struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    return test_session_open(&options, &fake_recorder, fake_ops());
}

void fake_sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

struct mqc__session_stats fake_stats(struct mqc__session *session)
{
    struct mqc__session_stats stats;
    mqc__session_stats(session, &stats);
    return stats;
}

void fake_publish_numbers(struct mqc__session *session, const char *topic, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char event[20];
        (void)snprintf(event, sizeof event, "%d;", i);
        CHECK_INT(test_session_publish(session, topic, event), MQC_OK);
    }
}

void fake_set_filters(struct mqc__session *session, const char *a, const char *b)
{
    const char *const filters[] = {a, b};
    CHECK_INT(mqc__session_set_filters(session, filters, b != NULL ? 2 : 1), MQC_OK);
}
