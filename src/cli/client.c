#include "cli/client.h"

#include "cli/cli.h"
#include "cli/report.h"
#include "cli/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int64_t mqc__client_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int mqc__client_left_ms(int64_t deadline_ms, int most_ms)
{
    if (deadline_ms < 0)
        return most_ms;
    const int64_t left_ms = deadline_ms - mqc__client_now_ms();
    if (left_ms <= 0)
        return 0;
    return left_ms < most_ms ? (int)left_ms : most_ms;
}

void mqc__client_report(struct mqc__client *client, const char *format, ...)
{
    char text[1500];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mqc__progress_hide(&client->progress);
    mqc__report(client->who, "%s", text);
}

void mqc__client_report_error(struct mqc__client *client, const struct mqc_error_info *info)
{
    mqc__progress_hide(&client->progress);
    mqc__report_error(client->who, info);
}

static void on_error(void *context, const char *tag, const char *message)
{
    struct mqc__client *client = context;
    /* No loss: publish waits for room and offers the event again. */
    if (strcmp(tag, "outbox_overflow") == 0)
        return;
    /* The log has it too. */
    if (!client->is_verbose)
        mqc__client_report(client, "%s: %s", tag, message);
}

/* "mqcluster-publish-PID-RANDOM": the broker throws out the older of two clients of one id, and the
 * process number alone may come again on another host. */
static bool make_client_id(const char *who, char *id_out, size_t size)
{
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return false;
    const char *command = strrchr(who, ' ');
    (void)snprintf(id_out, size, "mqcluster-%s-%ld-%016" PRIx64,
                   command != NULL ? command + 1 : "command", (long)getpid(), bits);
    return true;
}

static int load_config(struct mqc__client *client, const struct mqc__options *options)
{
    char client_id[100];
    if (!make_client_id(client->who, client_id, sizeof client_id)) {
        mqc__report(client->who, "the system gives no random bits: %s", strerror(errno));
        return MQC__EXIT_FAILED;
    }
    /* A full outbox holds standard input back instead of dropping what was read from it. */
    const struct mqc__preset presets[] = {
        {"broker.client_id", client_id},
        {"cluster.guest", "true"},
        {"broker.session_expiry", "0s"},
        {"delivery.when_full", "refuse"},
    };
    const int status = mqc__settings_load(options, presets, sizeof presets / sizeof presets[0],
                                          stderr, &client->config);
    /* Where no layout was given, nobody is a stranger to it. */
    if (status == MQC__EXIT_DONE && mqc_config_node_count(client->config) == 0 &&
        mqc_config_set(client->config, "membership", "dynamic", NULL) != MQC_OK) {
        mqc__report(client->who, "%s", mqc_error_text(MQC_ENOMEM));
        return MQC__EXIT_FAILED;
    }
    return status;
}

static void stop_signals(sigset_t *signals_out)
{
    (void)sigemptyset(signals_out);
    (void)sigaddset(signals_out, SIGINT);
    (void)sigaddset(signals_out, SIGTERM);
    (void)sigaddset(signals_out, SIGHUP);
}

/* Signals are blocked before the backend starts its threads, which inherit that. */
static bool watch_signals(struct mqc__client *client)
{
    sigset_t signals;
    stop_signals(&signals);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
        return false;
    client->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return client->signal_fd >= 0;
}

void mqc__client_release_signals(void)
{
    sigset_t signals;
    stop_signals(&signals);
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

static int fail(struct mqc__client *client, const struct mqc_error_info *info)
{
    mqc__client_report_error(client, info);
    return info->code == MQC_ECONFIG ? MQC__EXIT_USAGE : MQC__EXIT_FAILED;
}

int mqc__client_open(struct mqc__client *client, const struct mqc__options *options)
{
    struct mqc_error_info info;
    *client = (struct mqc__client){
        .who = options->who, .is_verbose = options->is_verbose, .backend_fd = -1, .signal_fd = -1};
    if (options->is_verbose)
        mqc__report_log(options->who, MQC_LOG_DEBUG);
    const int status = load_config(client, options);
    if (status != MQC__EXIT_DONE)
        return status;
    if (!watch_signals(client)) {
        mqc__report(client->who, "cannot watch signals: %s", strerror(errno));
        return MQC__EXIT_FAILED;
    }
    if (mqc_backend_new(client->config, &client->backend, &info) != MQC_OK)
        return fail(client, &info);
    info = (struct mqc_error_info){.code = mqc_on_error(client->backend, on_error, client)};
    if (info.code != MQC_OK)
        return fail(client, &info);
    client->backend_fd = mqc_backend_fd(client->backend);
    return MQC__EXIT_DONE;
}

int mqc__client_start(struct mqc__client *client)
{
    struct mqc_error_info info;
    if (mqc_backend_init(client->backend, NULL, &info) != MQC_OK)
        return fail(client, &info);
    return MQC__EXIT_DONE;
}

static void take_signals(struct mqc__client *client)
{
    struct signalfd_siginfo signal;
    while (read(client->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        client->was_stopped_again = client->was_stopped;
        client->was_stopped = true;
    }
}

bool mqc__client_wait(struct mqc__client *client, int input_fd, int timeout_ms)
{
    struct pollfd polled[] = {
        {.fd = client->backend_fd, .events = POLLIN},
        {.fd = client->signal_fd, .events = POLLIN},
        {.fd = input_fd, .events = POLLIN},
    };
    if (poll(polled, sizeof polled / sizeof polled[0], timeout_ms) <= 0)
        return false;
    if (polled[1].revents != 0)
        take_signals(client);
    if (polled[0].revents != 0)
        (void)mqc_backend_process(client->backend, 0);
    return polled[2].revents != 0;
}

bool mqc__client_wait_output(struct mqc__client *client, int output_fd)
{
    struct pollfd polled[] = {
        {.fd = client->signal_fd, .events = POLLIN},
        {.fd = output_fd, .events = POLLOUT},
    };
    do {
        const int timeout_ms = client->was_stopped ? 0 : -1;
        if (poll(polled, sizeof polled / sizeof polled[0], timeout_ms) < 0)
            continue;
        if (polled[0].revents != 0)
            take_signals(client);
        /* A reader that keeps up gets whole lines also at the end. */
        if (polled[1].revents != 0)
            return true;
    } while (!client->was_stopped);
    return false;
}

void mqc__client_fini(struct mqc__client *client)
{
    mqc_backend_free(&client->backend);
    mqc_config_free(&client->config);
    if (client->signal_fd >= 0)
        (void)close(client->signal_fd);
    client->signal_fd = -1;
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
}
