#include "cli/bench_print.h"
#include "cli/cli.h"
#include "cli/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

static const char usage[] =
    "Usage: mqcluster bench [OPTION...]\n"
    "\n"
    "Measures a broker in use: publishes events on a topic of its own, receives them by a second\n"
    "connection, and tells how long a lone event takes, how many arrive in a second, and whether\n"
    "all have arrived. This loads the broker, and whoever subscribes to everything: begin with\n"
    "the modest rate that is preset, and ask for more when nobody is harmed.\n"
    "\n"
    "      --seconds S      publish for S seconds (default 5, with --events no limit)\n"
    "      --events N       end after N events, after up to 100 lone ones\n"
    "      --rate N         publish N events a second (default 1000), or 'max': as many as arrive\n"
    "      --size BYTES     of each event's arguments, 24 to 1048576 (default 100)\n"
    "      --guarantee G    broker (QoS 1) or best_effort (QoS 0), instead of the configuration's\n"
    "      --topic TOPIC    publish on TOPIC (default mqcluster/bench/ and a random word)\n"
    "      --timeout S      wait S seconds at most for the broker, and as long as nothing comes\n"
    "                       for what is late (default 10)\n"
    "      --json           print one JSON object a line\n"
    "\n" MQC__HELP_CONFIG MQC__HELP_BROKER MQC__HELP_COMMON "\n"
    "Exit status: 0 when every event was received, 1 when some were lost or it could not be\n"
    "measured, 2 for wrong arguments or a wrong configuration.\n";

#define DEFAULT_RATE 1000
#define DEFAULT_SIZE 100
#define DEFAULT_TIME_MS 5000
#define DEFAULT_TIMEOUT_MS 10000

enum {
    OPTION_SECONDS = MQC__OPTION_FIRST_OWN,
    OPTION_EVENTS,
    OPTION_RATE,
    OPTION_SIZE,
    OPTION_GUARANTEE,
    OPTION_TOPIC,
    OPTION_TIMEOUT,
    OPTION_JSON,
};

struct bench {
    struct mqc__options common;
    struct mqc__bench_plan plan;
    uint64_t size;
    char *topic; /* NULL: not given */
    char guarantee[60];
    bool is_json;
};

static bool take_rate(struct bench *bench, const char *text)
{
    if (strcmp(text, "max") != 0)
        return mqc__options_count(bench->common.who, text, &bench->plan.rate);
    bench->plan.rate = 0;
    return true;
}

/* A count with bounds. */
static bool take_between(const struct bench *bench, const char *text, uint64_t least, uint64_t most,
                         uint64_t *count_out)
{
    if (!mqc__options_count(bench->common.who, text, count_out))
        return false;
    if (*count_out >= least && *count_out <= most)
        return true;
    mqc__report(bench->common.who, "'%s' is not from %" PRIu64 " to %" PRIu64, text, least, most);
    return false;
}

/* As --set would do it; what the configuration says of single prefixes stays. */
static bool take_guarantee(struct bench *bench, const char *text)
{
    (void)snprintf(bench->guarantee, sizeof bench->guarantee, "delivery.guarantee=%s", text);
    return mqc__options_take(&bench->common, 's', bench->guarantee);
}

static bool take_option(struct bench *bench, int option, char *argument)
{
    const char *who = bench->common.who;
    switch (option) {
    case OPTION_SECONDS: return mqc__options_seconds(who, argument, &bench->plan.time_ms);
    case OPTION_EVENTS:
        return take_between(bench, argument, 1, MQC__BENCH_EVENTS_MOST, &bench->plan.events);
    case OPTION_RATE: return take_rate(bench, argument);
    case OPTION_SIZE:
        return take_between(bench, argument, MQC__BENCH_SIZE_LEAST, MQC__BENCH_SIZE_MOST,
                            &bench->size);
    case OPTION_GUARANTEE: return take_guarantee(bench, argument);
    case OPTION_TOPIC: bench->topic = argument; return true;
    case OPTION_TIMEOUT: return mqc__options_seconds(who, argument, &bench->plan.timeout_ms);
    case OPTION_JSON: bench->is_json = true; return true;
    default: return mqc__options_take(&bench->common, option, argument);
    }
}

/* A topic that nobody else has; only who subscribes to everything gets to see it. */
static bool make_topic(const char *who, char *topic_out, size_t size)
{
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) {
        mqc__report(who, "the system gives no random bits: %s", strerror(errno));
        return false;
    }
    (void)snprintf(topic_out, size, "mqcluster/bench/%016" PRIx64, bits);
    return true;
}

static void read_brokers(const struct mqc_config *config, char *text_out, size_t size)
{
    if (mqc_config_get(config, "broker.uri", text_out, size) == MQC_ENOTFOUND &&
        mqc_config_get(config, "broker.uris", text_out, size) == MQC_ENOTFOUND)
        (void)snprintf(text_out, size, "the broker");
}

/* What has a default is never unset. */
static void read_choice(const struct mqc_config *config, const char *path, char *text_out,
                        size_t size)
{
    if (mqc_config_get(config, path, text_out, size) != MQC_OK)
        text_out[0] = '\0';
}

/* Who runs this on a broker in use should know what it does there. */
static void warn(const struct bench *bench, const struct mqc__bench_pair *pair, const char *broker)
{
    char rate[48] = "as many events as arrive";
    if (bench->common.is_quiet)
        return;
    if (bench->plan.rate != 0)
        (void)snprintf(rate, sizeof rate, "%" PRIu64 " events a second", bench->plan.rate);
    mqc__report(bench->common.who,
                "publishes %s of %" PRIu64
                " bytes on %s, which loads %s and all who subscribe to everything there",
                rate, bench->size, pair->topic, broker);
}

static bool print(const struct bench *bench, struct mqc__bench_pair *pair, const char *broker,
                  const struct mqc__bench_cost *cost)
{
    char guarantee[32];
    char compression[32];
    read_choice(pair->client.config, "delivery.guarantee", guarantee, sizeof guarantee);
    read_choice(pair->client.config, "delivery.compression", compression, sizeof compression);
    const struct mqc__bench_report report = {
        .who = bench->common.who,
        .pair = pair,
        .cost = cost,
        .size = bench->size,
        .broker = broker,
        .guarantee = guarantee,
        .is_tls = strstr(broker, "mqtts://") != NULL,
        .is_compressed = strcmp(compression, "none") != 0,
    };
    mqc__bench_sort(pair->lone_ns, pair->tallies[MQC__BENCH_KIND_LONE].received);
    return bench->is_json ? mqc__bench_print_json(&report) : mqc__bench_print_text(&report);
}

static bool is_complete(const struct mqc__bench_pair *pair)
{
    for (size_t i = 0; i < MQC__BENCH_KINDS; i++)
        if (pair->tallies[i].received != pair->accepted[i])
            return false;
    return pair->accepted[MQC__BENCH_KIND_FLOW] != 0;
}

static int measure(const struct bench *bench, struct mqc__bench_pair *pair)
{
    struct mqc__bench_cost cost = {.cpu_s = 0};
    char broker[500];
    read_brokers(pair->client.config, broker, sizeof broker);
    warn(bench, pair, broker);
    const int status = mqc__bench_pair_connect(pair, bench->plan.timeout_ms);
    if (status != MQC__EXIT_DONE)
        return status;
    const bool is_done = mqc__bench_run(pair, &bench->plan, &cost);
    mqc__bench_pair_close(pair);
    return print(bench, pair, broker, &cost) && is_done && is_complete(pair) ? MQC__EXIT_DONE
                                                                             : MQC__EXIT_FAILED;
}

static int run(const struct bench *bench)
{
    struct mqc__bench_pair pair;
    char own_topic[60];
    if (bench->topic == NULL && !make_topic(bench->common.who, own_topic, sizeof own_topic))
        return MQC__EXIT_FAILED;
    int status = mqc__bench_pair_open(&pair, &bench->common,
                                      bench->topic != NULL ? bench->topic : own_topic, bench->size);
    if (status == MQC__EXIT_DONE)
        status = measure(bench, &pair);
    mqc__bench_pair_fini(&pair);
    return status;
}

int mqc__cli_bench(int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG,
                                          {"seconds", required_argument, NULL, OPTION_SECONDS},
                                          {"events", required_argument, NULL, OPTION_EVENTS},
                                          {"rate", required_argument, NULL, OPTION_RATE},
                                          {"size", required_argument, NULL, OPTION_SIZE},
                                          {"guarantee", required_argument, NULL, OPTION_GUARANTEE},
                                          {"topic", required_argument, NULL, OPTION_TOPIC},
                                          {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                          {"json", no_argument, NULL, OPTION_JSON},
                                          {NULL, 0, NULL, 0}};
    struct bench bench = {
        .common.who = argv[0],
        .plan = {.time_ms = -1, .rate = DEFAULT_RATE, .timeout_ms = DEFAULT_TIMEOUT_MS},
        .size = DEFAULT_SIZE,
    };
    for (int option; (option = getopt_long(argc, argv, MQC__COMMON_SHORT, longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!take_option(&bench, option, optarg))
            return mqc__usage_hint(argv[0]);
    }
    if (optind != argc) {
        mqc__report(argv[0], "unexpected argument '%s'", argv[optind]);
        return mqc__usage_hint(argv[0]);
    }
    if (bench.plan.events == 0) {
        bench.plan.events = MQC__BENCH_EVENTS_MOST;
        if (bench.plan.time_ms < 0)
            bench.plan.time_ms = DEFAULT_TIME_MS;
    }
    return run(&bench);
}
