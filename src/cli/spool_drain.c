#include "cli/spool_drain.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/spool_explain.h"
#include "cli/spool_tally.h"

#include <inttypes.h>

#define STEP_MS 50
#define PROGRESS_MS 2000

struct drain {
    const struct mqc__options *options;
    struct mqc__client client;
    bool is_needless; /* nothing waits */
    int64_t started_ms;
    int64_t deadline_ms; /* -1: none */
    int64_t told_ms;
    uint64_t told_events; /* that were left then */
    uint64_t first_events;
};

static struct mqc_stats stats_of(const struct drain *drain)
{
    struct mqc_stats stats;
    mqc_backend_stats(drain->client.backend, &stats);
    return stats;
}

/* Where it stands, every now and then. */
static void tell_progress(struct drain *drain, const struct mqc_stats *stats)
{
    const int64_t now_ms = mqc__client_now_ms();
    const int64_t passed_ms = now_ms - drain->told_ms;
    if (drain->options->is_quiet || passed_ms < PROGRESS_MS)
        return;
    const uint64_t left = stats->spool_events;
    const uint64_t gone = drain->told_events > left ? drain->told_events - left : 0;
    mqc__client_report(
        &drain->client,
        "%" PRIu64 " events left, %" PRIu64 "/s%s; %" PRIu64 " of them wait for their receivers",
        left, gone * 1000 / (uint64_t)passed_ms,
        mqc_backend_state(drain->client.backend) == MQC_STATE_UP ? "" : ", not connected",
        stats->kept_events);
    drain->told_ms = now_ms;
    drain->told_events = left;
}

/* Returns whether nothing is left. */
static bool wait_for_end(struct drain *drain)
{
    struct mqc__client *client = &drain->client;
    for (;;) {
        const struct mqc_stats stats = stats_of(drain);
        if (stats.spool_events == 0)
            return true;
        const int left_ms = mqc__client_left_ms(drain->deadline_ms, STEP_MS);
        if (left_ms == 0 || client->was_stopped ||
            mqc_backend_state(client->backend) == MQC_STATE_TAKEN)
            return false;
        tell_progress(drain, &stats);
        (void)mqc__client_wait(client, -1, left_ms);
    }
}

static const char *reason(const struct drain *drain)
{
    if (drain->client.was_stopped)
        return "stopped";
    return mqc_backend_state(drain->client.backend) == MQC_STATE_TAKEN
               ? "another client has taken the session over"
               : "not done within the time given";
}

static int judge(struct drain *drain, bool is_done)
{
    struct mqc__client *client = &drain->client;
    const struct mqc_stats stats = stats_of(drain);
    if (!is_done) {
        mqc__client_report(client, "%s: %" PRIu64 " events are left on disk%s", reason(drain),
                           stats.spool_events,
                           stats.connects == 0 ? "; the broker was not reached" : "");
        return MQC__EXIT_FAILED;
    }
    if (stats.dropped_events != 0) {
        mqc__client_report(client,
                           "nothing is left, but %" PRIu64
                           " events were refused by the broker, or given up since their receiver "
                           "did not acknowledge them",
                           stats.dropped_events);
        return MQC__EXIT_FAILED;
    }
    if (!drain->options->is_quiet)
        mqc__client_report(client, "nothing is left: %" PRIu64 " events sent in %.1f s",
                           drain->first_events,
                           (double)(mqc__client_now_ms() - drain->started_ms) / 1000.0);
    return MQC__EXIT_DONE;
}

/* Counts first: a spool that is not there, or in use, is found out before the broker is. */
static int count(struct drain *drain)
{
    struct mqc__spool_tally tally = {.events = 0};
    struct mqc_error_info info;
    const enum mqc_error error =
        mqc_spool_walk(drain->client.config, mqc__spool_tally_total, &tally, &info);
    drain->is_needless = error == MQC_ENOTFOUND || (error == MQC_OK && tally.events == 0);
    /* What is damaged is mended when it is opened. */
    if (error != MQC_OK && error != MQC_EMALFORMED)
        return mqc__spool_explain(drain->options, &info);
    if (drain->is_needless && !drain->options->is_quiet)
        mqc__client_report(&drain->client, "nothing waits in the spool");
    return MQC__EXIT_DONE;
}

static int adopt(struct drain *drain)
{
    struct mqc__client *client = &drain->client;
    struct mqc_error_info info;
    if (mqc_spool_adopt(client->backend, client->config, &info) == MQC_OK)
        return mqc__client_start(client);
    mqc__client_report_error(client, &info);
    return info.code == MQC_ECONFIG ? MQC__EXIT_USAGE : MQC__EXIT_FAILED;
}

static int send_all(struct drain *drain, int64_t timeout_ms)
{
    int status = adopt(drain);
    if (status != MQC__EXIT_DONE)
        return status;
    drain->started_ms = mqc__client_now_ms();
    drain->told_ms = drain->started_ms;
    drain->deadline_ms = timeout_ms != 0 ? drain->started_ms + timeout_ms : -1;
    drain->first_events = stats_of(drain).spool_events;
    drain->told_events = drain->first_events;
    const bool is_done = wait_for_end(drain);
    status = judge(drain, is_done);
    (void)mqc_backend_close(drain->client.backend, is_done ? MQC_FLUSH_CONFIGURED : 0);
    return status;
}

int mqc__spool_drain(const struct mqc__options *options, int64_t timeout_ms)
{
    struct drain drain = {.options = options};
    int status = mqc__client_open(&drain.client, options);
    if (status == MQC__EXIT_DONE)
        status = count(&drain);
    if (status == MQC__EXIT_DONE && !drain.is_needless)
        status = send_all(&drain, timeout_ms);
    mqc__client_fini(&drain.client);
    return status;
}
