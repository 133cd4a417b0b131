/*
 * Zeek's way to share work in one program: workers send connection_seen to the proxy that owns the
 * responder (conn_sensor --pool proxy), each proxy keeps the set of its hosts, and tells a logger
 * of each new one, known_host(host: addr) What the program does follows from the type of its node.
 * It prints the events that arrive as JSON, one a line.
 */
#include "examples/host_set.h"

#include <mqcluster.h>

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST_LIMIT 65536

static const char usage[] =
    "Usage: known_hosts -c FILE\n"
    "\n"
    "The node of the configuration's option node, a proxy or a logger. A proxy sends known_host "
    "to\n"
    "the pool of loggers once for each host that connection_seen tells as responder; a logger\n"
    "receives that. Prints what arrives as JSON, until SIGINT or SIGTERM.\n"
    "\n"
    "  -c, --config FILE   the node's configuration\n"
    "  -h, --help          print this text\n";

struct known_hosts {
    const char *config_path;
    struct mqc_backend *backend;
    struct host_set *hosts; /* of a proxy; NULL: a logger */
    uint64_t event_count;
    bool has_complained; /* since a logger took a host */
    bool has_failed;
};

static void complain(const char *text)
{
    (void)fprintf(stderr, "known_hosts: %s\n", text);
}

static void complain_info(const struct mqc_error_info *info)
{
    complain(info->text[0] != '\0' ? info->text : mqc_error_text(info->code));
}

static void on_error(void *context, const char *tag, const char *message)
{
    (void)context;
    (void)fprintf(stderr, "known_hosts: %s: %s\n", tag, message);
}

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    (void)fprintf(stderr, "known_hosts: %s:%u:%u: %s: %s\n", problem->file, problem->line,
                  problem->column, problem->key, problem->text);
}

static void print(struct known_hosts *known, const struct mqc_message *message)
{
    char *json = NULL;
    known->event_count++;
    if (mqc_message_to_json(message, &json) != MQC_OK)
        complain(mqc_error_text(MQC_ENOMEM));
    else if (puts(json) < 0 || fflush(stdout) != 0)
        known->has_failed = true;
    free(json);
}

/* Returns whether a logger will have it. */
static bool publish_known_host(struct known_hosts *known, const struct mqc_value *host)
{
    const struct mqc_key key = {.value = *host};
    struct mqc_event event;
    struct mqc_error_info info;
    const bool is_accepted =
        mqc_make_event(known->backend, "known_host", host, 1, &event, &info) == MQC_OK &&
        mqc_publish_hrw(known->backend, mqc_view_text("logger"), &key, &event, &info);
    if (!is_accepted && !known->has_complained)
        complain_info(&info);
    known->has_complained = !is_accepted;
    return is_accepted;
}

/* A host whose logger was out of reach stays unknown, and is told when it is seen next. */
static void on_connection(void *context, const struct mqc_message *message)
{
    struct known_hosts *known = context;
    const struct mqc_value *host = &message->event->args[2]; /* declared below as resp_h: addr */
    const uint8_t *address = host->as.address.bytes;
    print(known, message);
    if (!host_set_has(known->hosts, address) && publish_known_host(known, host))
        host_set_add(known->hosts, address);
}

static void on_known_host(void *context, const struct mqc_message *message)
{
    print(context, message);
}

/* Finds the type of this node in the configuration; NULL: there is none. */
static const char *own_type(const struct mqc_config *config)
{
    char name[MQC_NODE_NAME_BYTES];
    struct mqc_config_node node;
    if (mqc_config_get(config, "node", name, sizeof name) != MQC_OK)
        return NULL;
    for (size_t i = 0; mqc_config_node(config, i, &node) == MQC_OK; i++)
        if (strcmp(node.name, name) == 0)
            return node.type;
    return NULL;
}

/* Nobody has to subscribe: the node's own topic, to which the events come, is the library's job. */
static enum mqc_error take_role(struct known_hosts *known, const char *type,
                                struct mqc_error_info *info)
{
    if (strcmp(type, "logger") == 0)
        return mqc_on_event(known->backend, "known_host", on_known_host, known, info);
    known->hosts = host_set_new(HOST_LIMIT);
    if (known->hosts == NULL)
        return MQC_ENOMEM;
    return mqc_on_event(known->backend, "connection_seen", on_connection, known, info);
}

static enum mqc_error start(struct known_hosts *known, const struct mqc_config *config,
                            struct mqc_error_info *info)
{
    const char *type = own_type(config);
    if (type == NULL || (strcmp(type, "proxy") != 0 && strcmp(type, "logger") != 0)) {
        complain("the option node must name a proxy or a logger of nodes");
        return MQC_ECONFIG;
    }
    enum mqc_error error = mqc_backend_new(config, &known->backend, info);
    if (error == MQC_OK)
        error = mqc_declare_event(
            known->backend, "connection_seen",
            "orig_h: addr, orig_p: port, resp_h: addr, resp_p: port, state: string", info);
    if (error == MQC_OK)
        error = mqc_declare_event(known->backend, "known_host", "host: addr", info);
    if (error == MQC_OK)
        error = take_role(known, type, info);
    if (error == MQC_OK)
        error = mqc_on_error(known->backend, on_error, NULL);
    if (error == MQC_OK)
        error = mqc_backend_init(known->backend, NULL, info);
    if (error != MQC_OK)
        complain(info->text[0] != '\0' ? info->text : mqc_error_text(error));
    return error;
}

/* Waits for a signal to stop; it was blocked before the threads of the backend were made. */
static void wait_for_signal(const sigset_t *signals)
{
    int number = 0;
    (void)sigwait(signals, &number);
}

static int run(struct known_hosts *known, const sigset_t *signals)
{
    struct mqc_error_info info = {.text = ""};
    struct mqc_config *config = NULL;
    enum mqc_error error = mqc_config_load(known->config_path, on_problem, NULL, &config);
    if (error == MQC_OK)
        error = start(known, config, &info);
    mqc_config_free(&config);
    if (error != MQC_OK)
        return error == MQC_ECONFIG || error == MQC_EIO ? 2 : 1;
    wait_for_signal(signals);
    const uint64_t lost = mqc_backend_close(known->backend, MQC_FLUSH_CONFIGURED);
    (void)fprintf(
        stderr,
        "known_hosts: %" PRIu64 " events arrived, %zu hosts are known, %" PRIu64 " events lost\n",
        known->event_count, known->hosts != NULL ? host_set_count(known->hosts) : 0, lost);
    return lost == 0 && !known->has_failed ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct known_hosts known = {.config_path = NULL};
    sigset_t signals;
    for (int option; (option = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
        if (option == 'h')
            return fputs(usage, stdout) < 0 ? 1 : 0;
        if (option == 'c')
            known.config_path = optarg;
    }
    if (known.config_path == NULL || optind != argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    const int status = run(&known, &signals);
    mqc_backend_free(&known.backend);
    host_set_free(&known.hosts);
    return status;
}
