#include "cli/roster.h"

#include "cli/cli.h"

/* How long the broker must have been silent. What it keeps comes in one go. */
#define SILENCE_MS 300

const char mqc__roster_unreached[] =
    "the broker was not reached within the time given, so nobody knows who is up";

static void note_change(void *context, const struct mqc_message *message)
{
    struct mqc__roster *roster = context;
    (void)message;
    roster->changed_ms = mqc__client_now_ms();
}

bool mqc__roster_is_static(const struct mqc_config *config)
{
    char membership[16];
    return mqc_config_get(config, "membership", membership, sizeof membership) == MQC_OK &&
           strcmp(membership, "static") == 0;
}

int mqc__roster_watch(struct mqc__roster *roster, struct mqc__client *client)
{
    struct mqc_error_info info;
    *roster = (struct mqc__roster){.client = client, .ready_ms = -1};
    roster->started_ms = mqc__client_now_ms();
    if (mqc__roster_is_static(client->config))
        roster->layout_count = mqc_config_node_count(client->config);
    mqc_watch_nodes(client->backend);
    if (mqc_on_event(client->backend, "Cluster::node_up", note_change, roster, &info) == MQC_OK &&
        mqc_on_event(client->backend, "Cluster::node_down", note_change, roster, &info) == MQC_OK)
        return MQC__EXIT_DONE;
    mqc__client_report_error(client, &info);
    return MQC__EXIT_FAILED;
}

static void count_if_up(void *context, const struct mqc_node *node)
{
    size_t *count = context;
    *count += node->is_up ? 1 : 0;
}

static bool are_all_up(const struct mqc__roster *roster)
{
    size_t up_count = 0;
    (void)mqc_nodes(roster->client->backend, count_if_up, &up_count);
    return roster->layout_count != 0 && up_count == roster->layout_count;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum mqc_error mqc__roster_look(struct mqc__roster *roster)
{
    const int64_t now_ms = mqc__client_now_ms();
    if (roster->ready_ms < 0) {
        const enum mqc_error error = mqc_backend_wait_ready(roster->client->backend, 0);
        if (error != MQC_OK)
            return error;
        roster->ready_ms = now_ms;
    }
    const int64_t silent_ms = now_ms - later(roster->ready_ms, roster->changed_ms);
    return silent_ms >= SILENCE_MS || are_all_up(roster) ? MQC_OK : MQC_ETIMEOUT;
}

bool mqc__roster_wait(struct mqc__roster *roster, int64_t timeout_ms)
{
    struct mqc__client *client = roster->client;
    const int64_t deadline_ms = mqc__client_now_ms() + timeout_ms;
    enum mqc_error error = MQC_ETIMEOUT;
    while (!client->was_stopped) {
        error = mqc__roster_look(roster);
        const int step_ms = mqc__client_left_ms(deadline_ms, MQC__ROSTER_STEP_MS);
        /* Nodes that come and go all the time must not keep the rest from being told. */
        if (error == MQC_OK || (step_ms == 0 && roster->ready_ms >= 0))
            return true;
        if (error != MQC_ETIMEOUT || step_ms == 0)
            break;
        (void)mqc__client_wait(client, -1, step_ms);
    }
    if (!client->was_stopped)
        mqc__client_report(client, "%s",
                           error == MQC_ETIMEOUT ? mqc__roster_unreached : mqc_error_text(error));
    return false;
}
