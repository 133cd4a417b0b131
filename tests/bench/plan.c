#include "bench/plan.h"

#include "bench/bench.h"
#include "bench/payload.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MOST (64U << 20)

static const char usage[] =
    "Usage: %s describe\n"
    "       %s BENCH --port N --folder DIR --cluster NAME [OPTION]...\n"
    "\n"
    "Measures one subject and prints one JSON object for each phase. tests/bench/run calls it.\n"
    "\n"
    "  --host HOST --port N    the server\n"
    "  --ca FILE --certificate FILE --key FILE\n"
    "                          connect with TLS\n"
    "  --folder DIR            for files of the subject\n"
    "  --cluster NAME          a part of the topic and of client ids, which nobody else has\n"
    "  --variant TEXT          another way to run the subject; describe names them\n"
    "  --qos N                 0 or 1 (default 0)\n"
    "  --seconds N             how long each phase lasts (default 1)\n"
    "  --payload BYTES         of each message (default 100)\n"
    "  --big BYTES             throughput: messages at a slow, even rate, and a big one amid them\n"
    "  --idle                  latency: one message a second\n"
    "  --samples N             latency without load: end after N messages (default 3000)\n"
    "  --max-messages N        messages that a publisher may be ahead of its receiver\n"
    "  --max-bytes N           the same in bytes\n"
    "  --topics N              on which to publish in turn (default 1)\n"
    "  --receivers N           throughput: that each get every message (default 1)\n"
    "  --pairs N               publishers with a receiver each, beside one another (default 1)\n"
    "  --slot N --slots N      idle: the turn of the first pair in each second, and of how many\n";

enum {
    OPTION_HOST = 1,
    OPTION_PORT,
    OPTION_CA,
    OPTION_CERTIFICATE,
    OPTION_KEY,
    OPTION_FOLDER,
    OPTION_CLUSTER,
    OPTION_VARIANT,
    OPTION_QOS,
    OPTION_SECONDS,
    OPTION_PAYLOAD,
    OPTION_BIG,
    OPTION_IDLE,
    OPTION_SAMPLES,
    OPTION_MAX_MESSAGES,
    OPTION_MAX_BYTES,
    OPTION_TOPICS,
    OPTION_RECEIVERS,
    OPTION_PAIRS,
    OPTION_SLOT,
    OPTION_SLOTS,
};

static const struct option longs[] = {
    {"host", required_argument, NULL, OPTION_HOST},
    {"port", required_argument, NULL, OPTION_PORT},
    {"ca", required_argument, NULL, OPTION_CA},
    {"certificate", required_argument, NULL, OPTION_CERTIFICATE},
    {"key", required_argument, NULL, OPTION_KEY},
    {"folder", required_argument, NULL, OPTION_FOLDER},
    {"cluster", required_argument, NULL, OPTION_CLUSTER},
    {"variant", required_argument, NULL, OPTION_VARIANT},
    {"qos", required_argument, NULL, OPTION_QOS},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"payload", required_argument, NULL, OPTION_PAYLOAD},
    {"big", required_argument, NULL, OPTION_BIG},
    {"idle", no_argument, NULL, OPTION_IDLE},
    {"samples", required_argument, NULL, OPTION_SAMPLES},
    {"max-messages", required_argument, NULL, OPTION_MAX_MESSAGES},
    {"max-bytes", required_argument, NULL, OPTION_MAX_BYTES},
    {"topics", required_argument, NULL, OPTION_TOPICS},
    {"receivers", required_argument, NULL, OPTION_RECEIVERS},
    {"pairs", required_argument, NULL, OPTION_PAIRS},
    {"slot", required_argument, NULL, OPTION_SLOT},
    {"slots", required_argument, NULL, OPTION_SLOTS},
    {NULL, 0, NULL, 0}};

/* Reads a whole number from least to most; complains and returns false when the text is none. */
static bool take_number(const char *text, uint64_t least, uint64_t most, uint64_t *number_out)
{
    char *end = NULL;
    const uint64_t number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < least || number > most) {
        subject_complain("'%s' is no number from %llu to %llu", text, (unsigned long long)least,
                         (unsigned long long)most);
        return false;
    }
    *number_out = number;
    return true;
}

static bool take_unsigned(const char *text, unsigned least, unsigned most, unsigned *number_out)
{
    uint64_t number = 0;
    if (!take_number(text, least, most, &number))
        return false;
    *number_out = (unsigned)number;
    return true;
}

static bool take_seconds(const char *text, double *seconds_out)
{
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(seconds >= 0.1 && seconds <= 600)) {
        subject_complain("'%s' is no time from 0.1 to 600 seconds", text);
        return false;
    }
    *seconds_out = seconds;
    return true;
}

static bool take_setting(struct subject_settings *settings, int option, const char *text)
{
    unsigned number = 0;
    switch (option) {
    case OPTION_HOST: settings->host = text; return true;
    case OPTION_CA: settings->ca_file = text; return true;
    case OPTION_CERTIFICATE: settings->certificate_file = text; return true;
    case OPTION_KEY: settings->key_file = text; return true;
    case OPTION_FOLDER: settings->folder = text; return true;
    case OPTION_CLUSTER: settings->cluster = text; return true;
    case OPTION_VARIANT: settings->variant = text; return true;
    case OPTION_PORT:
        if (!take_unsigned(text, 1, UINT16_MAX, &number))
            return false;
        settings->port = (uint16_t)number;
        return true;
    case OPTION_QOS:
        if (!take_unsigned(text, 0, 1, &number))
            return false;
        settings->qos = (int)number;
        return true;
    default: return false; /* getopt has complained */
    }
}

static bool take_option(struct plan *plan, int option, const char *text)
{
    switch (option) {
    case OPTION_SECONDS: return take_seconds(text, &plan->seconds);
    case OPTION_PAYLOAD:
        return take_number(text, PAYLOAD_LEAST, PAYLOAD_MOST, &plan->payload_bytes);
    case OPTION_BIG: return take_number(text, PAYLOAD_LEAST, PAYLOAD_MOST, &plan->big_bytes);
    case OPTION_IDLE: plan->is_idle = true; return true;
    case OPTION_SAMPLES: return take_number(text, 1, UINT32_MAX, &plan->samples);
    case OPTION_MAX_MESSAGES: return take_number(text, 1, UINT32_MAX, &plan->max_messages);
    case OPTION_MAX_BYTES: return take_number(text, 1, UINT32_MAX, &plan->max_bytes);
    case OPTION_TOPICS: return take_unsigned(text, 1, TOPICS_MOST, &plan->settings.topic_count);
    case OPTION_RECEIVERS: return take_unsigned(text, 1, RECEIVERS_MOST, &plan->receiver_count);
    case OPTION_PAIRS: return take_unsigned(text, 1, PAIRS_MOST, &plan->pair_count);
    case OPTION_SLOT: return take_unsigned(text, 0, 9999, &plan->slot);
    case OPTION_SLOTS: return take_unsigned(text, 1, 10000, &plan->slot_count);
    default: return take_setting(&plan->settings, option, text);
    }
}

static bool is_complete(const struct plan *plan)
{
    const struct subject_settings *settings = &plan->settings;
    const bool has_tls = settings->ca_file != NULL;
    if (settings->port == 0 || settings->folder == NULL || settings->cluster == NULL)
        subject_complain("--port, --folder and --cluster are needed");
    else if (has_tls != (settings->certificate_file != NULL) ||
             has_tls != (settings->key_file != NULL))
        subject_complain("--ca, --certificate and --key go together");
    else if (plan->receiver_count > 1 && (plan->pair_count > 1 || plan->bench->reply_phase != 0))
        subject_complain("--receivers is for throughput, without --pairs");
    else if (settings->variant[0] != '\0' && strstr(subject.variants, settings->variant) == NULL)
        subject_complain("no such variant: %s", settings->variant);
    else
        return true;
    return false;
}

bool plan_read(struct plan *plan, int argc, char **argv)
{
    *plan = (struct plan){.bench = bench_find(argv[1]),
                          .settings = {.host = "127.0.0.1", .variant = "", .topic_count = 1},
                          .seconds = 1,
                          .payload_bytes = 100,
                          .max_messages = 500,
                          .max_bytes = 1U << 20,
                          .samples = 3000,
                          .pair_count = 1,
                          .receiver_count = 1,
                          .slot_count = 1};
    if (plan->bench == NULL) {
        subject_complain("no such bench: %s", argv[1]);
        return false;
    }
    optind = 2;
    for (int option; (option = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (!take_option(plan, option, optarg))
            return false;
    }
    plan->settings.max_payload_bytes =
        plan->big_bytes > plan->payload_bytes ? plan->big_bytes : plan->payload_bytes;
    if (optind != argc || !is_complete(plan))
        return false;
    if (plan->receiver_count > 1)
        plan->pair_count = plan->receiver_count;
    return true;
}

void plan_print_usage(void)
{
    (void)fprintf(stderr, usage, subject.name, subject.name);
}
