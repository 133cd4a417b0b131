#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define REPORT_EVERY_MS 10000

static const char *const tags[MQC__TROUBLE_COUNT] = {
    [MQC__TROUBLE_MALFORMED] = "malformed_payload",
    [MQC__TROUBLE_MISMATCH] = "event_mismatch",
    [MQC__TROUBLE_MISSING] = "events_missing",
    [MQC__TROUBLE_TOO_LARGE] = "message_too_large",
    [MQC__TROUBLE_MEMORY] = "out_of_memory",
    [MQC__TROUBLE_POSITIONS] = "positions_failed",
    [MQC__TROUBLE_DISK] = "undelivered",
};

void mqc__backend_raise(struct mqc_backend *backend, const char *tag, const char *text)
{
    mqc__log(MQC_LOG_ERROR, "Cluster::Backend::error: %s (%s)", tag, text);
    if (!mqc__inbox_put_error(backend->inbox, tag, text))
        mqc__log(MQC_LOG_WARNING, "the error handlers miss this one: too many errors wait");
    mqc__backend_tell_error(backend, tag, text);
}

/* Says whether to report now, and how many came unreported before. */
static bool is_due(struct mqc__trouble_state *state, uint64_t *unreported_out)
{
    const int64_t now = mqc__clock_monotonic_ms();
    if (state->was_reported && now - state->reported_ms < REPORT_EVERY_MS) {
        state->since++;
        return false;
    }
    *unreported_out = state->since;
    *state = (struct mqc__trouble_state){.reported_ms = now, .was_reported = true};
    return true;
}

void mqc__backend_report_troubles(struct mqc_backend *backend)
{
    for (size_t i = 0; i < MQC__TROUBLE_COUNT; i++) {
        pthread_mutex_lock(&backend->trouble_mutex);
        const uint64_t unreported = backend->troubles[i].since;
        backend->troubles[i].since = 0;
        pthread_mutex_unlock(&backend->trouble_mutex);
        if (unreported == 0)
            continue;
        char text[MQC__BACKEND_ERROR_TEXT];
        (void)snprintf(text, sizeof text, "%" PRIu64 " more like it since the last report",
                       unreported);
        mqc__backend_raise(backend, tags[i], text);
    }
}

void mqc__backend_trouble(struct mqc_backend *backend, enum mqc__trouble trouble,
                          const char *format, ...)
{
    uint64_t unreported = 0;
    pthread_mutex_lock(&backend->trouble_mutex);
    const bool report = is_due(&backend->troubles[trouble], &unreported);
    pthread_mutex_unlock(&backend->trouble_mutex);
    if (!report)
        return;
    char text[MQC__BACKEND_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (unreported > 0 && length >= 0 && (size_t)length < sizeof text)
        (void)snprintf(text + length, sizeof text - (size_t)length,
                       "; %" PRIu64 " more like it since the last report", unreported);
    mqc__backend_raise(backend, tags[trouble], text);
}
