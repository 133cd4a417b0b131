#include "cli/cli.h"
#include "cli/node_list.h"
#include "cli/nodes_print.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/roster.h"

#include <stdio.h>
#include <unistd.h>

static const char usage[] =
    "Usage: mqcluster nodes [OPTION...]\n"
    "\n"
    "Lists the nodes of the cluster, sorted by name: those of the configuration's nodes, or with\n"
    "dynamic membership all that the broker knows of; and which are up, since when, when they\n"
    "were last heard of, and in which pools they are.\n"
    "\n"
    "      --json           one JSON object a line, with name, type, id, up, since, last_seen\n"
    "                       and pools; what is not known is null\n"
    "      --watch          then go on with a line whenever a node comes up or goes down, until\n"
    "                       stopped by a signal\n"
    "      --timeout S      wait S seconds for the broker at most (default 10)\n"
    "\n" MQC__HELP_CONFIG MQC__HELP_BROKER MQC__HELP_COMMON "\n"
    "Exit status: 0 when the nodes were listed, 1 when the broker was not reached in time or the\n"
    "output could not be written, 2 for wrong arguments or a wrong configuration.\n";

enum { OPTION_JSON = MQC__OPTION_FIRST_OWN, OPTION_WATCH, OPTION_TIMEOUT };

/* How often to look for the end of the session while nothing happens. */
#define IDLE_STEP_MS 1000

struct nodes {
    struct mqc__options common;
    struct mqc__client client;
    struct mqc__roster roster;
    int64_t timeout_ms;
    bool is_json;
    bool is_watching;
    bool is_listed; /* changes are told from now on */
    bool has_failed;
};

static int list_all(struct nodes *nodes)
{
    struct mqc__node_list list;
    bool is_printed = false;
    if (!mqc__node_list_fill(&list, nodes->client.backend, mqc_view_text("")))
        mqc__client_report(&nodes->client, "%s", mqc_error_text(MQC_ENOMEM));
    else
        is_printed = nodes->is_json ? mqc__nodes_print_json(nodes->common.who, &list)
                                    : mqc__nodes_print_table(nodes->common.who, &list);
    mqc__node_list_free(&list);
    return is_printed ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}

/* Prints one node as it is after the change; it may have changed again by now, hence the id and the
 * state are those of the event. */
static void print_change(void *context, const struct mqc_message *message)
{
    struct nodes *nodes = context;
    struct mqc__node_list list;
    char id[MQC_NODE_NAME_BYTES];
    if (!nodes->is_listed || nodes->has_failed || message->event->arg_count != 2)
        return;
    const struct mqc_view event_id = message->event->args[1].as.text;
    (void)snprintf(id, sizeof id, "%.*s", (int)event_id.size, event_id.data);
    nodes->has_failed =
        !mqc__node_list_fill(&list, nodes->client.backend, message->event->args[0].as.text);
    const struct mqc__change change = {
        .is_up = mqc_view_equal(message->event->name, mqc_view_text("Cluster::node_up")),
        .id = id,
        .at_ns = message->received_ns,
    };
    for (size_t i = 0; i < list.count && !nodes->has_failed; i++)
        nodes->has_failed =
            !mqc__nodes_print_change(nodes->common.who, &list.items[i], &change, nodes->is_json);
    mqc__node_list_free(&list);
}

static int watch(struct nodes *nodes)
{
    struct mqc__client *client = &nodes->client;
    nodes->is_listed = true;
    while (!client->was_stopped && !nodes->has_failed) {
        (void)mqc__client_wait(client, -1, IDLE_STEP_MS);
        if (!client->was_stopped && !nodes->has_failed)
            nodes->has_failed = !mqc__output_is_read(nodes->common.who, STDOUT_FILENO);
    }
    return nodes->has_failed ? MQC__EXIT_FAILED : MQC__EXIT_DONE;
}

static int start(struct nodes *nodes)
{
    struct mqc__client *client = &nodes->client;
    struct mqc_error_info info;
    int status = mqc__client_open(client, &nodes->common);
    if (status == MQC__EXIT_DONE)
        status = mqc__roster_watch(&nodes->roster, client);
    if (status != MQC__EXIT_DONE)
        return status;
    if (mqc_on_event(client->backend, "Cluster::node_up", print_change, nodes, &info) != MQC_OK ||
        mqc_on_event(client->backend, "Cluster::node_down", print_change, nodes, &info) != MQC_OK) {
        mqc__client_report_error(client, &info);
        return MQC__EXIT_FAILED;
    }
    return mqc__client_start(client);
}

static int run(struct nodes *nodes)
{
    int status = start(nodes);
    if (status == MQC__EXIT_DONE) {
        status = MQC__EXIT_FAILED;
        if (mqc__roster_wait(&nodes->roster, nodes->timeout_ms))
            status = list_all(nodes);
        if (status == MQC__EXIT_DONE && nodes->is_watching)
            status = watch(nodes);
        (void)mqc_backend_close(nodes->client.backend, 0);
    }
    mqc__client_fini(&nodes->client);
    return status;
}

static bool take_option(struct nodes *nodes, int option)
{
    switch (option) {
    case OPTION_JSON: nodes->is_json = true; return true;
    case OPTION_WATCH: nodes->is_watching = true; return true;
    case OPTION_TIMEOUT: return mqc__options_seconds(nodes->common.who, optarg, &nodes->timeout_ms);
    default: return mqc__options_take(&nodes->common, option, optarg);
    }
}

int mqc__cli_nodes(int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG,
                                          {"json", no_argument, NULL, OPTION_JSON},
                                          {"watch", no_argument, NULL, OPTION_WATCH},
                                          {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                          {NULL, 0, NULL, 0}};
    struct nodes nodes = {.common.who = argv[0], .timeout_ms = MQC__ROSTER_CONNECT_MS};
    for (int option; (option = getopt_long(argc, argv, MQC__COMMON_SHORT, longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!take_option(&nodes, option))
            return mqc__usage_hint(argv[0]);
    }
    if (optind < argc) {
        mqc__report(argv[0], "unexpected argument '%s'", argv[optind]);
        return mqc__usage_hint(argv[0]);
    }
    return run(&nodes);
}
