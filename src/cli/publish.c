#include "cli/cli.h"
#include "cli/output.h"
#include "cli/publisher.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char usage[] =
    "Usage: mqcluster publish [OPTION...] TOPIC EVENT [ARG...]\n"
    "       mqcluster publish [OPTION...] --hrw POOL --key KEY EVENT [ARG...]\n"
    "       mqcluster publish [OPTION...] --rr POOL [--key KEY] EVENT [ARG...]\n"
    "       mqcluster publish [OPTION...] --stdin\n"
    "\n"
    "Publishes an event to a topic, or to one node of a pool. An ARG is plain text, typed by the\n"
    "event's declaration if there is one and else guessed (T, 5, -5, 1.5, 80/tcp, 10.0.0.1,\n"
    "10.0.0.0/8, 3s, any text); or it says its type (count:5, string:80/tcp, addr:10.0.0.1); or\n"
    "it is a value in JSON ({\"@data-type\":\"count\",\"data\":5}). After '--' nothing is taken "
    "as\n"
    "an option.\n"
    "\n"
    "      --hrw POOL       publish to the node of the pool that owns KEY, of those that are up;\n"
    "                       POOL is proxy, worker, logger, or one of the configuration's pools,\n"
    "                       by name or topic. Waits until it is known who is up: 3 s after the\n"
    "                       broker was reached at most, unless --timeout says something else\n"
    "      --rr POOL        publish to the nodes of the pool in turn: with --count or --stdin,\n"
    "                       since every run begins with the first\n"
    "      --key KEY        what the node is chosen for. For --hrw read as an ARG is; since Zeek\n"
    "                       hashes the type too, it may be any: 'enum transport_proto:tcp',\n"
    "                       'vector of string:[\"a\",\"b\"]'. For --rr any text (default '')\n"
    "      --stdin          read events from standard input, one JSON object a line:\n"
    "                       {\"topic\": \"app/x\", \"event\": \"ping\", \"args\": [\"hello\", 1]}\n"
    "                       or in place of the topic \"hrw\": {\"pool\": \"proxy\", \"key\": 5},\n"
    "                       or \"rr\": {\"pool\": \"proxy\", \"key\": \"k\"};\n"
    "                       lines that are no event are reported and counted; stopped by a\n"
    "                       signal before the end of the input, it says after which line\n"
    "      --wait           return when the broker has acknowledged every event (30 s at most,\n"
    "                       unless --timeout says something else)\n"
    "      --timeout S      give up after S seconds of waiting for room in the outbox, for a node\n"
    "                       of the pool, or for acknowledgements at the end\n"
    "      --count N        publish the event N times\n"
    "      --interval S     with S seconds between them\n"
    "\n" MQC__HELP_CONFIG MQC__HELP_BROKER MQC__HELP_COMMON "\n"
    "Exit status: 0 when every event was delivered, 1 when one was refused or not delivered or\n"
    "a signal came before the last, 2 for wrong arguments or a wrong configuration.\n";

enum {
    OPTION_STDIN = MQC__OPTION_FIRST_OWN,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_COUNT,
    OPTION_INTERVAL,
    OPTION_HRW,
    OPTION_RR,
    OPTION_KEY,
};

struct publish {
    struct mqc__options common;
    struct mqc__publisher publisher;
    bool from_stdin;
    bool is_help;
    bool is_repeated; /* --count or --interval */
    uint64_t count;
    int64_t interval_ms;
    const char *hrw_pool; /* NULL: not given, as the next two */
    const char *rr_pool;
    const char *key;
    char **operands; /* TOPIC, unless there is a pool, EVENT, ARG... */
    int operand_count;
};

static bool take_option(struct publish *publish, int option, char *argument)
{
    const char *who = publish->common.who;
    switch (option) {
    case 'h': publish->is_help = true; return true;
    case OPTION_STDIN: publish->from_stdin = true; return true;
    case OPTION_WAIT: publish->publisher.must_wait = true; return true;
    case OPTION_TIMEOUT: return mqc__options_seconds(who, argument, &publish->publisher.timeout_ms);
    case OPTION_COUNT:
        publish->is_repeated = true;
        return mqc__options_count(who, argument, &publish->count);
    case OPTION_INTERVAL:
        publish->is_repeated = true;
        return mqc__options_seconds(who, argument, &publish->interval_ms);
    case OPTION_HRW: publish->hrw_pool = argument; return true;
    case OPTION_RR: publish->rr_pool = argument; return true;
    case OPTION_KEY: publish->key = argument; return true;
    default: return mqc__options_take(&publish->common, option, argument);
    }
}

/* -5 and -.5 are values, not options. */
static bool is_negative_number(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0' && strchr("0123456789.", argument[1]) != NULL;
}

/* Takes options and operands in any order. The operands are gathered at the front of argv, whose
 * places are free by then. */
static bool take_arguments(struct publish *publish, int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG,
                                          {"stdin", no_argument, NULL, OPTION_STDIN},
                                          {"wait", no_argument, NULL, OPTION_WAIT},
                                          {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                          {"count", required_argument, NULL, OPTION_COUNT},
                                          {"interval", required_argument, NULL, OPTION_INTERVAL},
                                          {"hrw", required_argument, NULL, OPTION_HRW},
                                          {"rr", required_argument, NULL, OPTION_RR},
                                          {"key", required_argument, NULL, OPTION_KEY},
                                          {NULL, 0, NULL, 0}};
    int count = 0;
    publish->operands = argv + 1;
    while (!publish->is_help) {
        if (optind < argc && is_negative_number(argv[optind])) {
            publish->operands[count++] = argv[optind++];
            continue;
        }
        /* The leading '-' makes getopt hand out operands in their order, as option 1. */
        const int option = getopt_long(argc, argv, "-" MQC__COMMON_SHORT, longs, NULL);
        if (option == -1)
            break;
        if (option == 1)
            publish->operands[count++] = optarg;
        else if (!take_option(publish, option, optarg))
            return false;
    }
    while (optind < argc)
        publish->operands[count++] = argv[optind++];
    publish->operand_count = count;
    return true;
}

static bool has_pool(const struct publish *publish)
{
    return publish->hrw_pool != NULL || publish->rr_pool != NULL;
}

static const char *find_mistake(const struct publish *publish)
{
    if (publish->from_stdin && publish->is_repeated)
        return "--count and --interval do not go with --stdin";
    if (publish->from_stdin && (has_pool(publish) || publish->key != NULL))
        return "--hrw, --rr and --key do not go with --stdin, whose lines say it";
    if (publish->hrw_pool != NULL && publish->rr_pool != NULL)
        return "--hrw and --rr do not go together";
    if (publish->key != NULL && !has_pool(publish))
        return "--key needs --hrw POOL or --rr POOL";
    if (publish->hrw_pool != NULL && publish->key == NULL)
        return "--hrw needs --key KEY";
    if (has_pool(publish) && publish->operand_count < 1)
        return "expected EVENT";
    if (!publish->from_stdin && !has_pool(publish) && publish->operand_count < 2)
        return "expected TOPIC and EVENT, or --stdin";
    return NULL;
}

static bool check_arguments(const struct publish *publish)
{
    const char *mistake = find_mistake(publish);
    if (publish->from_stdin && publish->operand_count != 0)
        mqc__report(publish->common.who,
                    "unexpected argument '%s': --stdin reads topics and events",
                    publish->operands[0]);
    else if (mistake != NULL)
        mqc__report(publish->common.who, "%s", mistake);
    else
        return true;
    return false;
}

static int fail(struct publish *publish, const struct mqc_error_info *info)
{
    mqc__client_report_error(&publish->publisher.client, info);
    return MQC__EXIT_FAILED;
}

/* Waits between two events; false when a signal came. */
static bool pause_between(struct publish *publish)
{
    struct mqc__client *client = &publish->publisher.client;
    const int64_t next_ms = mqc__client_now_ms() + publish->interval_ms;
    while (!client->was_stopped) {
        const int left_ms = mqc__client_left_ms(next_ms, 1000);
        (void)mqc__client_wait(client, -1, left_ms);
        if (left_ms == 0)
            break;
    }
    return !client->was_stopped;
}

static int publish_repeatedly(struct publish *publish, const struct mqc_request *request)
{
    struct mqc_error_info info;
    for (uint64_t i = 0; i < publish->count; i++) {
        if (i != 0 && !pause_between(publish)) {
            mqc__client_report(&publish->publisher.client,
                               "stopped after %" PRIu64 " of %" PRIu64 " events", i,
                               publish->count);
            return MQC__EXIT_FAILED;
        }
        if (mqc__publisher_offer(&publish->publisher, request, &info) != MQC__OFFER_ACCEPTED)
            return fail(publish, &info);
    }
    return MQC__EXIT_DONE;
}

static int publish_arguments(struct publish *publish, struct mqc_request *request)
{
    struct mqc_error_info info;
    struct mqc_event *event = NULL;
    const int event_at = has_pool(publish) ? 0 : 1;
    const char *const *args = (const char *const *)publish->operands + event_at + 1;
    if (mqc_event_from_text(publish->publisher.client.backend, publish->operands[event_at], args,
                            (size_t)(publish->operand_count - event_at - 1), &event,
                            &info) != MQC_OK)
        return fail(publish, &info);
    request->event = *event;
    const int status = publish_repeatedly(publish, request);
    mqc_event_free(&event);
    return status;
}

/* Where the arguments say that the events go. */
static int read_target(struct publish *publish, struct mqc_key **key_out,
                       struct mqc_request *request_out)
{
    struct mqc_error_info info;
    const bool is_rr = publish->rr_pool != NULL;
    *request_out = (struct mqc_request){.target = MQC_TARGET_TOPIC};
    if (!has_pool(publish)) {
        request_out->topic = mqc_view_text(publish->from_stdin ? "" : publish->operands[0]);
        return MQC__EXIT_DONE;
    }
    if (mqc_key_from_text(publish->key != NULL ? publish->key : "", is_rr ? "string" : NULL,
                          key_out, &info) != MQC_OK)
        return fail(publish, &info);
    request_out->target = is_rr ? MQC_TARGET_RR : MQC_TARGET_HRW;
    request_out->pool = mqc_view_text(is_rr ? publish->rr_pool : publish->hrw_pool);
    request_out->key = **key_out;
    const struct mqc_config *config = publish->publisher.client.config;
    const struct mqc__choice choice = {is_rr, mqc__choice_pool(config, request_out->pool),
                                       &request_out->key};
    if (mqc__choice_check(&choice, config, &info) != MQC_OK)
        return fail(publish, &info);
    return MQC__EXIT_DONE;
}

/* A terminal on which somebody types is left alone. */
static bool wants_progress(const struct publish *publish)
{
    return !publish->common.is_quiet && !publish->common.is_verbose && isatty(STDERR_FILENO) &&
           !isatty(STDIN_FILENO);
}

/* Connects; lines from standard input may name pools too. */
static int start(struct publish *publish)
{
    struct mqc__publisher *publisher = &publish->publisher;
    const int status = publish->from_stdin || has_pool(publish)
                           ? mqc__roster_watch(&publisher->roster, &publisher->client)
                           : MQC__EXIT_DONE;
    return status == MQC__EXIT_DONE ? mqc__client_start(&publisher->client) : status;
}

static int publish_all(struct publish *publish)
{
    struct mqc__client *client = &publish->publisher.client;
    struct mqc_key *key = NULL;
    struct mqc_request request;
    int status = mqc__client_open(client, &publish->common);
    if (status == MQC__EXIT_DONE)
        status = read_target(publish, &key, &request);
    if (status == MQC__EXIT_DONE)
        status = start(publish);
    if (status == MQC__EXIT_DONE) {
        status = publish->from_stdin
                     ? mqc__publish_lines(&publish->publisher, wants_progress(publish))
                     : publish_arguments(publish, &request);
        status = mqc__publisher_finish(&publish->publisher, status);
    }
    mqc_key_free(&key);
    mqc__client_fini(client);
    return status;
}

int mqc__cli_publish(int argc, char **argv)
{
    struct publish publish = {
        .common.who = argv[0], .publisher.timeout_ms = -1, .count = 1, .interval_ms = 0};
    if (!take_arguments(&publish, argc, argv))
        return mqc__usage_hint(argv[0]);
    if (publish.is_help)
        return mqc__print_usage(argv[0], usage);
    if (!check_arguments(&publish))
        return mqc__usage_hint(argv[0]);
    return publish_all(&publish);
}
