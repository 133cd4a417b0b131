#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "link/tls.h"
#include "link/tls_source.h"

#include <stdio.h>
#include <time.h>

/* The files of TLS, which may change while the session runs. */

#define HOUR_S 3600
#define DAY_S 86400
#define DAY_MS ((int64_t)DAY_S * 1000)

static void note_expiry(struct mqc__session *session)
{
    const struct mqc__tls_config *config = mqc__tls_source_config(session->options->tls.source);
    struct mqc__tls_expiry expiry = {.chain_s = 0};
    (void)mqc__tls_config_expiry(config, &expiry);
    pthread_mutex_lock(&session->mutex);
    session->stats.certificate_expiry_s = expiry.chain_s;
    pthread_mutex_unlock(&session->mutex);
}

void mqc__session_tls_init(struct mqc__session *session)
{
    const struct mqc__session_tls *tls = &session->options->tls;
    session->tls_look_ms = INT64_MAX;
    if (tls->source == NULL)
        return;
    note_expiry(session);
    session->tls_look_ms = mqc__clock_monotonic_ms();
}

void mqc__session_tls_fini(struct mqc__session *session)
{
    for (size_t i = 0; i < MQC__MACHINE_URIS_MAX; i++)
        mqc__tls_session_free(&session->tls_sessions[i]);
}

int64_t mqc__session_tls_ms_locked(const struct mqc__session *session)
{
    return session->wants_tls_reload ? 0 : session->tls_look_ms;
}

void mqc__session_reload_tls(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->wants_tls_reload = session->options->tls.source != NULL;
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
}

/* Takes the owner's wish, and says when to look again. */
static bool begin_look(struct mqc__session *session, int64_t now_ms)
{
    const unsigned interval_ms = session->options->tls.watch_interval_ms;
    pthread_mutex_lock(&session->mutex);
    const bool is_forced = session->wants_tls_reload;
    session->wants_tls_reload = false;
    session->tls_look_ms = now_ms + (interval_ms != 0 ? (int64_t)interval_ms : DAY_MS);
    pthread_mutex_unlock(&session->mutex);
    return is_forced;
}

static void use_new_files(struct mqc__session *session)
{
    const bool renews = session->options->tls.on_change == MQC__TLS_RENEW;
    mqc__log(MQC_LOG_INFO, "the files of TLS were loaded again; %s",
             renews ? "connecting anew with them" : "the next connection uses them");
    note_expiry(session);
    session->expiry_report_ms = 0;
    pthread_mutex_lock(&session->mutex);
    const bool is_online = session->machine.state == MQC__MACHINE_ONLINE;
    /* What was in the way of a connection may be mended. */
    if (session->machine.state == MQC__MACHINE_PAUSE)
        mqc__session_step_locked(session, (struct mqc__machine_event){.kind = MQC__MACHINE_RESUME});
    pthread_mutex_unlock(&session->mutex);
    if (is_online && renews)
        mqc__session_renew_connection(session);
}

static const char *date_text(int64_t time_s, char *text_out, size_t size)
{
    const time_t time = (time_t)time_s;
    struct tm utc;
    if (gmtime_r(&time, &utc) == NULL || strftime(text_out, size, "%Y-%m-%d %H:%M UTC", &utc) == 0)
        text_out[0] = '\0';
    return text_out;
}

/* Once a day, from so long before as the options say. */
static void warn_of_expiry(struct mqc__session *session, int64_t now_ms)
{
    const struct mqc__session_tls *tls = &session->options->tls;
    const char *file = mqc__tls_source_certificate_file(tls->source);
    struct mqc__tls_expiry expiry;
    if (now_ms < session->expiry_report_ms ||
        !mqc__tls_config_expiry(mqc__tls_source_config(tls->source), &expiry))
        return;
    const int64_t left_s = expiry.chain_s - mqc__clock_wall_ns() / 1000000000;
    if (left_s > (int64_t)tls->expiry_warning_s)
        return;
    char date[40];
    (void)date_text(expiry.chain_s, date, sizeof date);
    const bool is_near = left_s < INT64_C(2) * DAY_S;
    session->expiry_report_ms = now_ms + DAY_MS;
    if (left_s <= 0)
        mqc__session_report(session, "certificate_expires",
                            "the certificate in %s, or an intermediate in it, has expired on %s: "
                            "the broker will refuse it; replace it and its key",
                            file, date);
    else
        mqc__session_report(session, "certificate_expires",
                            "the certificate in %s, or an intermediate in it, expires on %s, in "
                            "%lld %s: replace it and its key before",
                            file, date, (long long)(left_s / (is_near ? HOUR_S : DAY_S)),
                            is_near ? "hours" : "days");
}

void mqc__session_look_at_tls(struct mqc__session *session)
{
    struct mqc_error_info info = {.code = MQC_OK};
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const bool is_forced = begin_look(session, now_ms);
    const bool is_watched = session->options->tls.watch_interval_ms != 0;
    enum mqc__tls_look look = MQC__TLS_LOOK_SAME;
    if (is_forced || is_watched)
        look = mqc__tls_source_look(session->options->tls.source, is_forced, &info);
    if (look == MQC__TLS_LOOK_FAILED)
        mqc__session_report(session, "tls_reload_failed",
                            "the new files of TLS cannot be used, those loaded before stay in use: "
                            "%s",
                            info.text);
    else if (look == MQC__TLS_LOOK_LOADED)
        use_new_files(session);
    warn_of_expiry(session, now_ms);
}
