#include "cli/publisher.h"

#include "cli/cli.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>

/* How long one look at a full outbox, or at events under way, may last. */
#define STEP_MS 20

/* With --wait, and without --timeout. */
#define WAIT_MS 30000

void mqc__publisher_show(struct mqc__publisher *publisher)
{
    mqc__progress_update(&publisher->client.progress, publisher->accepted_count,
                         publisher->refused_count, mqc__client_now_ms());
}

static int64_t deadline_after(int64_t time_ms)
{
    return time_ms >= 0 ? mqc__client_now_ms() + time_ms : -1;
}

/* Publishes, and waits for room as long as that may help. */
static bool publish_patiently(struct mqc__publisher *publisher, struct mqc_view topic,
                              const struct mqc_event *event, struct mqc_error_info *info)
{
    struct mqc__client *client = &publisher->client;
    const int64_t deadline_ms = deadline_after(publisher->timeout_ms);
    while (!mqc_publish(client->backend, topic, event, info)) {
        if (info->code != MQC_EFULL || client->was_stopped)
            return false;
        const int step_ms = mqc__client_left_ms(deadline_ms, STEP_MS);
        if (step_ms == 0)
            return false;
        (void)mqc__client_wait(client, -1, step_ms);
        mqc__publisher_show(publisher);
    }
    return true;
}

/* Once for each event, so that waiting for room takes no further turn of a pool. */
static bool publish_to_pool(struct mqc__publisher *publisher, const struct mqc_request *request,
                            struct mqc_error_info *info)
{
    const struct mqc__choice choice = {
        .is_in_turn = request->target == MQC_TARGET_RR,
        .pool = mqc__choice_pool(publisher->client.config, request->pool),
        .key = &request->key,
    };
    struct mqc_route route;
    return mqc__choice_live(&choice, &publisher->roster, publisher->timeout_ms, &route, info) ==
               MQC_OK &&
           publish_patiently(publisher, mqc_view_text(route.topic), &request->event, info);
}

enum mqc__offer mqc__publisher_offer(struct mqc__publisher *publisher,
                                     const struct mqc_request *request, struct mqc_error_info *info)
{
    const bool is_accepted =
        request->target == MQC_TARGET_TOPIC
            ? publish_patiently(publisher, request->topic, &request->event, info)
            : publish_to_pool(publisher, request, info);
    if (is_accepted) {
        publisher->accepted_count++;
        return MQC__OFFER_ACCEPTED;
    }
    publisher->refused_count++;
    switch (info->code) {
    case MQC_EFULL:
    case MQC_ETIMEOUT:
    case MQC_ENOTINIT:
    case MQC_ECLOSED:
    case MQC_ETAKEN: return MQC__OFFER_ENDED;
    default: return MQC__OFFER_REFUSED;
    }
}

/* Waits until everything accepted was acknowledged, the time is over, the session is lost, or a
 * second signal says that it is enough. */
static void wait_for_acknowledgements(struct mqc__publisher *publisher)
{
    struct mqc__client *client = &publisher->client;
    const int64_t deadline_ms =
        deadline_after(publisher->timeout_ms >= 0 ? publisher->timeout_ms : WAIT_MS);
    for (;;) {
        const int step_ms = mqc__client_left_ms(deadline_ms, STEP_MS);
        const enum mqc_error error = mqc_backend_flush(client->backend, (unsigned)step_ms);
        (void)mqc__client_wait(client, -1, 0);
        mqc__publisher_show(publisher);
        if (error == MQC_OK || client->was_stopped_again)
            return;
        if (error != MQC_ETIMEOUT) {
            mqc__client_report(client, "%s", mqc_error_text(error));
            return;
        }
        if (step_ms == 0) {
            mqc__client_report(client, "no acknowledgement from the broker within the time given");
            return;
        }
    }
}

/* Closes the connection and returns how many of the accepted events were lost. */
static uint64_t close_connection(struct mqc__publisher *publisher)
{
    struct mqc__client *client = &publisher->client;
    struct mqc_stats stats;
    if (publisher->must_wait || publisher->timeout_ms >= 0) {
        wait_for_acknowledgements(publisher);
        (void)mqc_backend_close(client->backend, 0);
    } else {
        mqc__client_release_signals();
        (void)mqc_backend_close(client->backend, MQC_FLUSH_CONFIGURED);
    }
    (void)mqc__client_wait(client, -1, 0);
    mqc_backend_stats(client->backend, &stats);
    return stats.dropped_events;
}

int mqc__publisher_finish(struct mqc__publisher *publisher, int status)
{
    struct mqc__client *client = &publisher->client;
    const uint64_t lost_count = close_connection(publisher);
    mqc__progress_finish(&client->progress, publisher->accepted_count, publisher->refused_count,
                         mqc__client_now_ms());
    if (lost_count == 0)
        return status;
    mqc__client_report(client, "%" PRIu64 " of %" PRIu64 " events were not delivered", lost_count,
                       publisher->accepted_count);
    return MQC__EXIT_FAILED;
}
