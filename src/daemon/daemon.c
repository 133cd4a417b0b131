#include "daemon/daemon.h"

#include "daemon/log.h"
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* How many events are handled before signals are looked at again. */
#define EVENTS_A_TURN 1000

struct node {
    const char *config_path;
    struct mqc_backend *backend;
    int backend_fd;
    int signal_fd;
    int alive_interval_ms;
    bool is_stopping;
    enum mqc_error result;
};

/* Many texts name their place: a file, or the broker's address. */
static enum mqc_error fail(const struct mqc_error_info *info)
{
    const bool adds_place = info->place[0] != '\0' && strstr(info->text, info->place) == NULL;
    mqc__daemon_log(MQC_LOG_ERROR, "%s%s%s", adds_place ? info->place : "", adds_place ? ": " : "",
                    info->text);
    return info->code;
}

/* The library logs each change of state, and each Backend::error. */
static void on_state(void *context, enum mqc_state state)
{
    struct node *node = context;
    switch (state) {
    case MQC_STATE_DOWN: mqc__notify_status("not connected to the broker, trying again"); break;
    case MQC_STATE_UP:
        mqc__notify_status("connected to the broker");
        mqc__notify_ready();
        break;
    case MQC_STATE_TAKEN:
        mqc__daemon_log(MQC_LOG_ERROR,
                        "another client connected to the broker with this node's client id and "
                        "took its session over; this node gives way and ends. Two nodes must not "
                        "have the same name, or the same broker.client_id");
        mqc__notify_status("taken over by another client of the same name");
        node->result = MQC_ETAKEN;
        node->is_stopping = true;
        break;
    case MQC_STATE_CLOSED: break;
    }
}

/* Signals are blocked before the backend starts its threads, which inherit that. */
static enum mqc_error watch_signals(struct node *node)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0)
        node->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (node->signal_fd >= 0)
        return MQC_OK;
    mqc__daemon_log(MQC_LOG_ERROR, "cannot watch signals: %s", strerror(errno));
    return MQC_EIO;
}

static enum mqc_error start(struct node *node, const struct mqc_config *config)
{
    struct mqc_error_info info;
    if (mqc_backend_new(config, &node->backend, &info) != MQC_OK)
        return fail(&info);
    info.code = mqc_on_state(node->backend, on_state, node);
    if (info.code != MQC_OK) {
        mqc__daemon_log(MQC_LOG_ERROR, "%s", mqc_error_text(info.code));
        return info.code;
    }
    node->backend_fd = mqc_backend_fd(node->backend);
    if (mqc_backend_init(node->backend, NULL, &info) != MQC_OK)
        return fail(&info);
    mqc__daemon_log(MQC_LOG_INFO, "mqcluster %s, node id %s, configuration %s", mqc_version(),
                    mqc_backend_node_id(node->backend), node->config_path);
    mqc__notify_status("connecting to the broker");
    return MQC_OK;
}

static void report_problem(void *context, const struct mqc_config_problem *problem)
{
    const char *colon = problem->key[0] != '\0' ? ": " : "";
    char spot[32] = "";
    (void)context;
    if (problem->line != 0)
        (void)snprintf(spot, sizeof spot, "%u:%u:", problem->line, problem->column);
    mqc__daemon_log(MQC_LOG_ERROR, "%s:%s %s%s%s", problem->file, spot, problem->key, colon,
                    problem->text);
}

/* Certificates are loaded anew; for the rest of the file a mistake is better found now than at the
 * next start. */
static void reload(const struct node *node)
{
    struct mqc_config *config = NULL;
    const char *path = node->config_path;
    mqc_backend_reload_tls(node->backend);
    if (strcmp(path, "-") == 0) {
        mqc__daemon_log(MQC_LOG_INFO, "SIGHUP: loading certificates again; the configuration came "
                                      "from standard input");
        return;
    }
    mqc__daemon_log(MQC_LOG_INFO, "SIGHUP: loading certificates again, checking %s", path);
    if (mqc_config_load(path, report_problem, NULL, &config) == MQC_OK)
        mqc__daemon_log(MQC_LOG_INFO, "%s is in order; changes in it take effect at the next start",
                        path);
    mqc_config_free(&config);
}

static void take_signals(struct node *node)
{
    struct signalfd_siginfo signal;
    while (read(node->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGHUP) {
            reload(node);
            continue;
        }
        mqc__daemon_log(MQC_LOG_INFO, "%s: stopping",
                        signal.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
        node->is_stopping = true;
    }
}

static void serve(struct node *node)
{
    while (!node->is_stopping) {
        struct pollfd polled[] = {
            {.fd = node->backend_fd, .events = POLLIN},
            {.fd = node->signal_fd, .events = POLLIN},
        };
        (void)poll(polled, sizeof polled / sizeof polled[0], node->alive_interval_ms);
        mqc__notify_alive();
        if (polled[1].revents != 0)
            take_signals(node);
        if (polled[0].revents != 0)
            (void)mqc_backend_process(node->backend, EVENTS_A_TURN);
    }
}

static void stop(struct node *node)
{
    struct mqc_stats stats;
    mqc__notify_stopping();
    const uint64_t lost = mqc_backend_close(node->backend, MQC_FLUSH_CONFIGURED);
    (void)mqc_backend_process(node->backend, 0);
    mqc_backend_stats(node->backend, &stats);
    mqc__daemon_log(MQC_LOG_INFO,
                    "totals: published %" PRIu64 ", delivered %" PRIu64 ", dropped %" PRIu64
                    " (%" PRIu64 " of them at the end), refused %" PRIu64 ", received %" PRIu64
                    ", duplicate %" PRIu64 ", missing %" PRIu64 ", malformed %" PRIu64
                    ", connections %" PRIu64,
                    stats.published_events, stats.delivered_events, stats.dropped_events, lost,
                    stats.refused_events, stats.received_events, stats.duplicate_events,
                    stats.missing_events, stats.malformed_messages, stats.connects);
}

enum mqc_error mqc__daemon_run(const struct mqc_config *config, const char *config_path,
                               enum mqc_log_level level)
{
    struct node node = {.config_path = config_path,
                        .backend_fd = -1,
                        .signal_fd = -1,
                        .alive_interval_ms = mqc__notify_alive_interval_ms()};
    mqc__daemon_log_open(level);
    enum mqc_error error = watch_signals(&node);
    if (error == MQC_OK)
        error = start(&node, config);
    if (error == MQC_OK) {
        serve(&node);
        stop(&node);
        error = node.result;
    }
    mqc_backend_free(&node.backend);
    if (node.signal_fd >= 0)
        (void)close(node.signal_fd);
    mqc__daemon_log_close();
    return error;
}
