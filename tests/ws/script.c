/*
 * The node in the tests of the WebSocket server: a program on the public API alone, as a user would
 * write it. What it sees it prints as lines of JSON; on standard error "started" says that it
 * listens, and "ready" that it is connected.
 */
#include "script.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_BYTES 128
#define READY_MS 60000

static const char usage[] =
    "Usage: ws_script ROLE -c FILE [--topic PREFIX]... [--reply TOPIC] [--clients N] [--pings N]\n"
    "                 [--stamp SECONDS]\n"
    "\n"
    "A node for tests. Subscribes to the prefixes, prints what it sees, and by its role\n"
    "  watch      does no more\n"
    "  pong       answers ping(string, count) by pong of the same, on the topic of --reply\n"
    "  double     by pong of both doubled, with the ping's network timestamp or that of --stamp\n"
    "  alternate  publishes every ping with an even count again, on the ping's own topic\n"
    "  announce   publishes three pings to --reply when --clients WebSocket clients are there\n"
    "  count      prints no ping, but their number at the end\n"
    "  listen     opens listeners, as lines of standard input say:\n"
    "             ADDRESS PORT QUEUE PING_MS CERT KEY, '-' for no file\n"
    "With --clients, pings wait until so many WebSocket clients are there; with --pings, it ends\n"
    "after so many pings. Otherwise SIGTERM ends it.\n";

static void on_log(void *context, enum mqc_log_level level, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s %s\n", mqc_log_level_name(level), text);
}

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    (void)fprintf(stderr, "ws_script: %s:%u: %s: %s\n", problem->file, problem->line, problem->key,
                  problem->text);
}

static bool start(struct script *script)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_config *config = NULL;
    if (mqc_config_load(script->config_path, on_problem, NULL, &config) != MQC_OK)
        return false;
    const bool is_started = mqc_backend_new(config, &script->backend, &info) == MQC_OK &&
                            script_register(script, &info) &&
                            mqc_backend_init(script->backend, NULL, &info) == MQC_OK;
    mqc_config_free(&config);
    if (!is_started) {
        script_complain("start", &info);
        return false;
    }
    (void)fprintf(stderr, "started\n");
    if (mqc_backend_wait_ready(script->backend, READY_MS) == MQC_OK)
        (void)fprintf(stderr, "ready\n");
    return true;
}

static const char *file_or_none(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

static void listen_as_told(struct script *script)
{
    char line[8 * FIELD_BYTES];
    char address[FIELD_BYTES];
    char cert[FIELD_BYTES];
    char key[FIELD_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct mqc_websocket_options options;
        struct mqc_error_info info;
        mqc_websocket_options_init(&options);
        options.listen_addr = address;
        /* NOLINTNEXTLINE(cert-err34-c): the lines come from the tests, with numbers that fit. */
        if (sscanf(line, "%127s %" SCNu16 " %" SCNu64 " %" SCNd64 " %127s %127s", address,
                   &options.listen_port, &options.max_event_queue_size, &options.ping_interval_ms,
                   cert, key) != 6)
            return;
        options.tls_options.cert_file = file_or_none(cert);
        options.tls_options.key_file = file_or_none(key);
        const enum mqc_error error = mqc_listen_websocket(script->backend, &options, &info);
        (void)printf("%s\n", error == MQC_OK ? "listening" : info.text);
        (void)fflush(stdout);
    }
}

static bool take_options(struct script *script, int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"topic", required_argument, NULL, 't'},
                                          {"reply", required_argument, NULL, 'r'},
                                          {"clients", required_argument, NULL, 'n'},
                                          {"pings", required_argument, NULL, 'p'},
                                          {"stamp", required_argument, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "c:", longs, NULL)) != -1;) {
        switch (option) {
        case 'c': script->config_path = optarg; break;
        case 't':
            if (script->topic_count == SCRIPT_TOPICS_MAX)
                return false;
            script->topics[script->topic_count++] = mqc_view_text(optarg);
            break;
        case 'r': script->reply_topic = mqc_view_text(optarg); break;
        case 'n': script->clients_wanted = strtoull(optarg, NULL, 10); break;
        case 'p': script->pings_wanted = strtoull(optarg, NULL, 10); break;
        case 's': script->stamp_ns = strtoll(optarg, NULL, 10) * INT64_C(1000000000); break;
        default: return false;
        }
    }
    return script->config_path != NULL && optind + 1 == argc &&
           script_set_role(script, argv[optind]);
}

static void wait_for_end(void)
{
    sigset_t signals;
    int number = 0;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigwait(&signals, &number);
}

/* Blocked before the backend starts its threads, which inherit that. */
static void block_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int main(int argc, char **argv)
{
    struct script script = {.stamp_ns = 0};
    if (!take_options(&script, argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    mqc_log_set(on_log, NULL, MQC_LOG_INFO);
    block_signals();
    const bool is_started = start(&script);
    if (is_started && strcmp(script.role, "listen") == 0)
        listen_as_told(&script);
    else if (is_started)
        wait_for_end();
    const uint64_t lost = mqc_backend_close(script.backend, MQC_FLUSH_CONFIGURED);
    if (strcmp(script.role, "count") == 0)
        (void)printf("%" PRIu64 " pings\n", script.ping_count);
    script_drop_held(&script);
    mqc_backend_free(&script.backend);
    return is_started && lost == 0 ? 0 : 1;
}
