/*
 * A small sensor: watches this host's TCP connections and publishes
 *     connection_seen(orig_h: addr, orig_p: port, resp_h: addr, resp_p: port, state: string)
 * for each new one and each change of state. It shows how a program with a job of its own uses the
 * library: no thread and no loop are asked of it, and publishing never waits for the network.
 */
#include "examples/tracker.h"

#include <mqcluster.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CONNECTION_LIMIT 16384
#define LINE_BYTES 512

static const char usage[] =
    "Usage: conn_sensor -c FILE [--interval MS] [--topic TOPIC | --pool POOL] [--seconds N]\n"
    "\n"
    "Publishes connection_seen for every TCP connection of this host.\n"
    "\n"
    "  -c, --config FILE   the node's configuration\n"
    "      --interval MS   time between two looks at the connections (default 250)\n"
    "      --topic TOPIC   where to publish (default zeek/connections/)\n"
    "      --pool POOL     publish to the node of the pool that owns the responder's address\n"
    "      --seconds N     end after N seconds; else SIGINT or SIGTERM ends it\n"
    "  -h, --help          print this text\n";

struct sensor {
    const char *config_path;
    const char *topic;
    const char *pool; /* NULL: to the topic */
    long interval_ms;
    long seconds; /* 0: until a signal */
    struct mqc_backend *backend;
    struct tracker *tracker;
    uint64_t refused_count;
};

static volatile sig_atomic_t was_stopped;

static void on_signal(int number)
{
    (void)number;
    was_stopped = 1;
}

static void complain(const struct mqc_error_info *info)
{
    const char *text = info->text[0] != '\0' ? info->text : mqc_error_text(info->code);
    (void)fprintf(stderr, "conn_sensor: %s%s%s\n", info->place, info->place[0] ? ": " : "", text);
}

static void on_error(void *context, const char *tag, const char *message)
{
    (void)context;
    (void)fprintf(stderr, "conn_sensor: %s: %s\n", tag, message);
}

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    (void)fprintf(stderr, "conn_sensor: %s:%u:%u: %s: %s\n", problem->file, problem->line,
                  problem->column, problem->key, problem->text);
}

static bool publish(const struct sensor *sensor, const struct mqc_event *event,
                    struct mqc_error_info *info)
{
    if (sensor->pool == NULL)
        return mqc_publish(sensor->backend, mqc_view_text(sensor->topic), event, info);
    const struct mqc_key responder = {.value = event->args[2]};
    return mqc_publish_hrw(sensor->backend, mqc_view_text(sensor->pool), &responder, event, info);
}

/* Publishes one connection. What was refused is offered again after the next look. */
static bool publish_connection(void *context, const struct connection *connection)
{
    struct sensor *sensor = context;
    const struct mqc_value args[] = {
        mqc_address_v6(connection->originator.address),
        mqc_port(connection->originator.port, MQC_PROTOCOL_TCP),
        mqc_address_v6(connection->responder.address),
        mqc_port(connection->responder.port, MQC_PROTOCOL_TCP),
        mqc_string_text(tcp_state_name(connection->state)),
    };
    struct mqc_event event;
    struct mqc_error_info info;
    if (mqc_make_event(sensor->backend, "connection_seen", args, sizeof args / sizeof args[0],
                       &event, &info) == MQC_OK &&
        publish(sensor, &event, &info))
        return true;
    if (sensor->refused_count++ == 0)
        complain(&info);
    return false;
}

/* Adds the entries of one file; where the kernel has no IPv6, one of the two is missing. The kernel
 * lists the listening sockets first: with listeners_only, what follows them is left out. */
static void add_table(struct tracker *tracker, const char *path, bool listeners_only)
{
    char line[LINE_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        struct tcp_entry entry;
        if (!tcp_table_parse(line, strlen(line), &entry))
            continue;
        if (listeners_only && entry.state != TCP_STATE_LISTEN)
            break;
        tracker_add(tracker, &entry);
    }
    (void)fclose(file);
}

/* Who listens is read once more at the end: a server may have started while the table was read, and
 * its connections be in there without it. */
static void look(struct sensor *sensor)
{
    add_table(sensor->tracker, "/proc/net/tcp", false);
    add_table(sensor->tracker, "/proc/net/tcp6", false);
    add_table(sensor->tracker, "/proc/net/tcp", true);
    add_table(sensor->tracker, "/proc/net/tcp6", true);
    tracker_finish_look(sensor->tracker, publish_connection, sensor);
}

/* Of a clock that nobody sets. */
static time_t seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void watch(struct sensor *sensor)
{
    const struct timespec pause = {sensor->interval_ms / 1000,
                                   sensor->interval_ms % 1000 * 1000000};
    const time_t end = seconds_now() + sensor->seconds;
    while (!was_stopped && (sensor->seconds == 0 || seconds_now() < end)) {
        look(sensor);
        (void)nanosleep(&pause, NULL);
    }
}

/* Makes the backend, declares the event, and starts to connect. */
static enum mqc_error start(struct sensor *sensor)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_config *config = NULL;
    const enum mqc_error error = mqc_config_load(sensor->config_path, on_problem, NULL, &config);
    if (error != MQC_OK)
        return error;
    if (mqc_backend_new(config, &sensor->backend, &info) != MQC_OK ||
        mqc_declare_event(sensor->backend, "connection_seen",
                          "orig_h: addr, orig_p: port, resp_h: addr, resp_p: port, state: string",
                          &info) != MQC_OK ||
        (info.code = mqc_on_error(sensor->backend, on_error, NULL)) != MQC_OK ||
        mqc_backend_init(sensor->backend, NULL, &info) != MQC_OK)
        complain(&info);
    mqc_config_free(&config);
    return info.code;
}

/* Brings out what waits; returns whether everything arrived at the broker. */
static bool finish(struct sensor *sensor)
{
    struct mqc_stats stats;
    (void)mqc_backend_close(sensor->backend, MQC_FLUSH_CONFIGURED);
    mqc_backend_stats(sensor->backend, &stats);
    (void)fprintf(stderr,
                  "conn_sensor: %" PRIu64 " events published, %" PRIu64 " delivered, %" PRIu64
                  " lost; %" PRIu64 " sockets not watched\n",
                  stats.published_events, stats.delivered_events, stats.dropped_events,
                  tracker_unwatched(sensor->tracker));
    return stats.dropped_events == 0;
}

static int run(struct sensor *sensor)
{
    int status = 1;
    const enum mqc_error error = start(sensor);
    sensor->tracker = error == MQC_OK ? tracker_new(CONNECTION_LIMIT) : NULL;
    if (sensor->tracker != NULL) {
        watch(sensor);
        status = finish(sensor) ? 0 : 1;
    } else if (error == MQC_ECONFIG || error == MQC_EIO) {
        status = 2;
    }
    tracker_free(&sensor->tracker);
    mqc_backend_free(&sensor->backend);
    return status;
}

/* Reads a number from 1 to a billion; 0 when the text is none. */
static long number(const char *text)
{
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    return *text != '\0' && *end == '\0' && value > 0 && value <= 1000000000 ? value : 0;
}

static bool take_options(struct sensor *sensor, int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"interval", required_argument, NULL, 'i'},
                                          {"topic", required_argument, NULL, 't'},
                                          {"pool", required_argument, NULL, 'p'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
        switch (option) {
        case 'c': sensor->config_path = optarg; break;
        case 't': sensor->topic = optarg; break;
        case 'p': sensor->pool = optarg; break;
        case 'i': sensor->interval_ms = number(optarg); break;
        case 's': sensor->seconds = number(optarg); break;
        case 'h': (void)fputs(usage, stdout); exit(0);
        default: return false;
        }
        if (sensor->interval_ms == 0 || (option == 's' && sensor->seconds == 0))
            return false;
    }
    return sensor->config_path != NULL && optind == argc;
}

int main(int argc, char **argv)
{
    struct sensor sensor = {.topic = "zeek/connections/", .interval_ms = 250};
    if (!take_options(&sensor, argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    const struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    return run(&sensor);
}
