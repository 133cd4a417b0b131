#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "Usage: mqcluster subscribe [OPTION...] PREFIX...\n"
    "\n"
    "Prints the events whose topic begins with one of the PREFIXes as JSON, one a line, until it\n"
    "is stopped. The empty PREFIX '' asks for everything. Says 'subscribed' on standard error\n"
    "when the broker has acknowledged the subscriptions.\n"
    "\n"
    "      --level          take each PREFIX as whole topic levels: a/b is a/b and what is below\n"
    "                       it, not a/bc\n"
    "      --event NAME     print only events of this name\n"
    "      --count N        end after N events\n"
    "      --timeout S      end after S seconds; with --count, that is a failure\n"
    "\n" MQC__HELP_CONFIG MQC__HELP_BROKER MQC__HELP_COMMON "\n"
    "Exit status: 0 after N events, after the time without --count, or when stopped by a signal;\n"
    "1 when the time was over first or the connection was never made; 2 for wrong arguments or\n"
    "a wrong configuration.\n";

/* How often to ask whether the subscriptions are acknowledged. */
#define READY_STEP_MS 20
#define IDLE_STEP_MS 1000

enum {
    OPTION_LEVEL = MQC__OPTION_FIRST_OWN,
    OPTION_EVENT,
    OPTION_COUNT,
    OPTION_TIMEOUT,
};

struct subscribe {
    struct mqc__options common;
    struct mqc__client client;
    enum mqc_match match;
    const char *event_name; /* NULL: all */
    uint64_t wanted_count;  /* 0: no end */
    int64_t deadline_ms;    /* -1: none */
    uint64_t printed_count;
    int output_fd;
    bool is_ready;
    bool has_failed;
};

static bool is_complete(const struct subscribe *subscribe)
{
    return subscribe->wanted_count != 0 && subscribe->printed_count == subscribe->wanted_count;
}

static bool is_wanted(const struct subscribe *subscribe, const struct mqc_message *message)
{
    if (!message->is_remote || subscribe->client.was_stopped || subscribe->has_failed ||
        is_complete(subscribe))
        return false;
    return subscribe->event_name == NULL ||
           mqc_view_equal(message->event->name, mqc_view_text(subscribe->event_name));
}

/* Writes as fast as the reader takes it; a signal ends that, maybe within the line. */
static void write_line(struct subscribe *subscribe, const char *line, size_t size)
{
    while (size != 0 && mqc__client_wait_output(&subscribe->client, subscribe->output_fd)) {
        const ssize_t put =
            mqc__output_some(subscribe->common.who, subscribe->output_fd, line, size);
        if (put < 0) {
            subscribe->has_failed = true;
            return;
        }
        line += put;
        size -= (size_t)put;
    }
    if (size == 0)
        subscribe->printed_count++;
}

static void print_message(void *context, const struct mqc_message *message)
{
    struct subscribe *subscribe = context;
    char *text = NULL;
    if (!is_wanted(subscribe, message))
        return;
    if (mqc_message_to_json(message, &text) != MQC_OK) {
        mqc__client_report(&subscribe->client, "%s", mqc_error_text(MQC_ENOMEM));
        subscribe->has_failed = true;
        return;
    }
    const size_t size = strlen(text);
    text[size] = '\n';
    write_line(subscribe, text, size + 1);
    free(text);
}

/* Asks for every prefix; a handler of a level stands on the prefix that its topics share. */
static int ask_for_prefixes(struct subscribe *subscribe, char **prefixes, int count)
{
    struct mqc_backend *backend = subscribe->client.backend;
    struct mqc_error_info info;
    for (int i = 0; i < count; i++) {
        const struct mqc_view prefix = mqc_view_text(prefixes[i]);
        if (mqc_on_prefix(backend, prefix, print_message, subscribe, &info) != MQC_OK ||
            mqc_subscribe(backend, prefix, subscribe->match, &info) != MQC_OK) {
            mqc__client_report_error(&subscribe->client, &info);
            return MQC__EXIT_FAILED;
        }
    }
    return MQC__EXIT_DONE;
}

/* Looks whether the subscriptions are in force by now; false when they never will be. */
static bool look_for_ready(struct subscribe *subscribe)
{
    const enum mqc_error error = mqc_backend_wait_ready(subscribe->client.backend, 0);
    if (error == MQC_ETIMEOUT)
        return true;
    if (error != MQC_OK) {
        mqc__client_report(&subscribe->client, "%s", mqc_error_text(error));
        return false;
    }
    subscribe->is_ready = true;
    if (!subscribe->common.is_quiet)
        mqc__client_report(&subscribe->client, "subscribed");
    return true;
}

static bool must_go_on(const struct subscribe *subscribe)
{
    return !subscribe->client.was_stopped && !subscribe->has_failed && !is_complete(subscribe);
}

/* Prints what arrives until something ends it; false when that is a failure. */
static bool print_arrivals(struct subscribe *subscribe)
{
    struct mqc__client *client = &subscribe->client;
    while (must_go_on(subscribe)) {
        const int left_ms = mqc__client_left_ms(subscribe->deadline_ms,
                                                subscribe->is_ready ? IDLE_STEP_MS : READY_STEP_MS);
        if (left_ms == 0)
            return true;
        (void)mqc__client_wait(client, -1, left_ms);
        if (must_go_on(subscribe) &&
            !mqc__output_is_read(subscribe->common.who, subscribe->output_fd))
            return false;
        if (!subscribe->is_ready && !look_for_ready(subscribe))
            return false;
        if (mqc_backend_state(client->backend) == MQC_STATE_TAKEN) {
            mqc__client_report(client, "%s", mqc_error_text(MQC_ETAKEN));
            return false;
        }
    }
    return !subscribe->has_failed;
}

static int judge(struct subscribe *subscribe)
{
    struct mqc__client *client = &subscribe->client;
    if (client->was_stopped || is_complete(subscribe))
        return MQC__EXIT_DONE;
    if (!subscribe->is_ready)
        mqc__client_report(client, "not subscribed within the time given");
    else if (subscribe->wanted_count != 0)
        mqc__client_report(client,
                           "only %" PRIu64 " of %" PRIu64 " events came within the time given",
                           subscribe->printed_count, subscribe->wanted_count);
    else
        return MQC__EXIT_DONE;
    return MQC__EXIT_FAILED;
}

static int subscribe_to(struct subscribe *subscribe, char **prefixes, int count)
{
    struct mqc__client *client = &subscribe->client;
    int status = mqc__client_open(client, &subscribe->common);
    if (status == MQC__EXIT_DONE)
        status = ask_for_prefixes(subscribe, prefixes, count);
    if (status == MQC__EXIT_DONE)
        status = mqc__client_start(client);
    if (status == MQC__EXIT_DONE) {
        status = print_arrivals(subscribe) ? judge(subscribe) : MQC__EXIT_FAILED;
        (void)mqc_backend_close(client->backend, 0);
    }
    mqc__client_fini(client);
    return status;
}

static bool take_option(struct subscribe *subscribe, int option, char *argument)
{
    const char *who = subscribe->common.who;
    int64_t timeout_ms = 0;
    switch (option) {
    case OPTION_LEVEL: subscribe->match = MQC_MATCH_LEVEL; return true;
    case OPTION_EVENT: subscribe->event_name = argument; return true;
    case OPTION_COUNT: return mqc__options_count(who, argument, &subscribe->wanted_count);
    case OPTION_TIMEOUT:
        if (!mqc__options_seconds(who, argument, &timeout_ms))
            return false;
        subscribe->deadline_ms = mqc__client_now_ms() + timeout_ms;
        return true;
    default: return mqc__options_take(&subscribe->common, option, argument);
    }
}

int mqc__cli_subscribe(int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG,
                                          {"level", no_argument, NULL, OPTION_LEVEL},
                                          {"event", required_argument, NULL, OPTION_EVENT},
                                          {"count", required_argument, NULL, OPTION_COUNT},
                                          {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                          {NULL, 0, NULL, 0}};
    struct subscribe subscribe = {.common.who = argv[0],
                                  .match = MQC_MATCH_PREFIX,
                                  .deadline_ms = -1,
                                  .output_fd = mqc__output_open()};
    for (int option; (option = getopt_long(argc, argv, MQC__COMMON_SHORT, longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!take_option(&subscribe, option, optarg))
            return mqc__usage_hint(argv[0]);
    }
    if (optind == argc) {
        mqc__report(argv[0], "expected at least one PREFIX; '' asks for everything");
        return mqc__usage_hint(argv[0]);
    }
    return subscribe_to(&subscribe, argv + optind, argc - optind);
}
