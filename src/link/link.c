#include "link/link_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/thread.h"
#include "link/link_direct.h"
#include "link/proxy_request.h"
#include "link/tcp_state.h"
#include "link/tls.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How long mqc__link_close waits for the last bytes to leave and for the broker to hang up. */
#define LINGER_MS 1000

void mqc__link_keep_failure(void *context, const struct mqc__link_failure *failure)
{
    struct mqc__link *link = context;
    pthread_mutex_lock(&link->mutex);
    if (link->failure.tag == NULL)
        link->failure = *failure;
    pthread_mutex_unlock(&link->mutex);
}

/* Waits for the client; false: the link is closed before, or cannot go on. */
static bool await_client(struct mqc__link *link)
{
    static const struct mqc__link_failure failed = {
        .tag = "link_failed",
        .text = "the link cannot accept the MQTT client: this host is short of files or memory",
    };
    enum mqc__loopback_result result = MQC__LOOPBACK_NOBODY;
    while (result == MQC__LOOPBACK_NOBODY) {
        struct pollfd polled[] = {{.fd = link->stop_fd, .events = POLLIN},
                                  {.fd = link->loopback.listener, .events = POLLIN}};
        (void)poll(polled, 2, -1);
        if (polled[0].revents != 0)
            return false;
        result = mqc__loopback_accept(&link->loopback, &link->client.fd);
    }
    if (result == MQC__LOOPBACK_FAILED)
        mqc__link_keep_failure(link, &failed);
    return result == MQC__LOOPBACK_ACCEPTED;
}

static bool begin(struct mqc__link *link)
{
    return await_client(link) &&
           (!link->is_proxy || mqc__proxy_request_answer(link->client.fd, link->stop_fd));
}

/* The link's thread. It hangs up as soon as there is nothing more to carry. */
static void *run(void *context)
{
    struct mqc__link *link = context;
    if (begin(link)) {
        if (!link->is_relay && mqc__direct_hand_over(link)) {
            mqc__direct_watch(link);
            return NULL; /* others may still look at the socket */
        }
        mqc__relay_run(&link->relay, LINGER_MS);
    }
    mqc__wire_hang_up(&link->client);
    mqc__wire_hang_up(&link->broker);
    return NULL;
}

struct mqc__link *mqc__link_new(size_t buffer_bytes)
{
    struct mqc__link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->loopback.listener = -1;
    link->wake_fd = -1;
    mqc__wire_init(&link->client, -1);
    mqc__wire_init(&link->broker, -1);
    (void)pthread_mutex_init(&link->mutex, NULL);
    link->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (buffer_bytes == 0)
        buffer_bytes = MQC__LINK_BUFFER_BYTES_DEFAULT;
    const bool has_buffers = mqc__relay_init(&link->relay, buffer_bytes) == MQC_OK;
    link->relay.client = &link->client;
    link->relay.broker = &link->broker;
    link->relay.stop_fd = link->stop_fd;
    link->relay.broker_ended = mqc__link_keep_failure;
    link->relay.context = link;
    if (!has_buffers || link->stop_fd < 0)
        mqc__link_free(&link);
    return link;
}

enum mqc_error mqc__link_start(struct mqc__link *link, struct mqc_error_info *info)
{
    const enum mqc_error error = mqc__loopback_open(&link->loopback, info);
    if (error != MQC_OK)
        return error;
    link->started_ms = mqc__clock_monotonic_ms();
    link->is_running = mqc__thread_start(&link->thread, run, link) == MQC_OK;
    if (!link->is_running)
        return mqc__fail(info, MQC_ENOMEM, "no thread for the connection to the broker");
    return MQC_OK;
}

static enum mqc_error set_filter(struct mqc__link *link, const struct mqc__link_filter *filter,
                                 struct mqc_error_info *info)
{
    if (filter->pass == NULL)
        return MQC_OK;
    link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    link->relay.wake_fd = link->wake_fd;
    if (link->wake_fd < 0 || mqc__relay_set_filter(&link->relay, filter) != MQC_OK)
        return mqc__fail(info, MQC_ENOMEM, "no memory or files for a connection to the broker");
    return MQC_OK;
}

static enum mqc_error open_link(struct mqc__link *link, const struct mqc__link_options *options,
                                const char **tag_out, struct mqc_error_info *info)
{
    enum mqc_error error = set_filter(link, &options->filter, info);
    if (error == MQC_OK)
        error = mqc__link_connect(link, options, tag_out, info);
    if (error != MQC_OK)
        return error;
    *tag_out = "link_failed";
    return mqc__link_start(link, info);
}

enum mqc_error mqc__link_open(const struct mqc__link_options *options, struct mqc__link **link_out,
                              const char **tag_out, struct mqc_error_info *info)
{
    *link_out = NULL;
    *tag_out = "link_failed";
    struct mqc__link *link = mqc__link_new(options->buffer_bytes);
    enum mqc_error error = MQC_ENOMEM;
    if (link != NULL)
        error = open_link(link, options, tag_out, info);
    else
        (void)mqc__fail(info, error, "no memory or files for a connection to the broker");
    if (error == MQC_OK) {
        *tag_out = NULL;
        *link_out = link;
        return MQC_OK;
    }
    mqc__link_free(&link);
    mqc__fail_place(info, "%s:%u", options->host != NULL ? options->host : "",
                    (unsigned)options->port);
    return error;
}

uint16_t mqc__link_port(const struct mqc__link *link)
{
    return link->loopback.port;
}

const char *mqc__link_description(const struct mqc__link *link)
{
    return link->description;
}

void mqc__link_stats(const struct mqc__link *link, struct mqc__link_stats *stats_out)
{
    *stats_out = (struct mqc__link_stats){
        .broker_in_bytes = atomic_load(&link->broker.socket_in_bytes),
        .broker_out_bytes = atomic_load(&link->broker.socket_out_bytes),
        .client_in_bytes = atomic_load(&link->client.read_bytes),
        .client_out_bytes = atomic_load(&link->client.written_bytes),
        .stranger_count = atomic_load(&link->loopback.stranger_count),
    };
    if (atomic_load(&link->is_direct))
        mqc__direct_stats(link, stats_out);
}

bool mqc__link_failure(struct mqc__link *link, struct mqc__link_failure *failure_out)
{
    /* The client may have seen the end before the link's thread has. */
    if (atomic_load(&link->is_direct))
        (void)mqc__direct_look(link);
    pthread_mutex_lock(&link->mutex);
    *failure_out = link->failure;
    pthread_mutex_unlock(&link->mutex);
    return failure_out->tag != NULL;
}

void mqc__link_received(const struct mqc__link *link)
{
    if (link->broker.acks_at_once && atomic_load(&link->is_direct))
        mqc__tcp_ack_at_once(link->broker.fd);
}

void mqc__link_wake(struct mqc__link *link)
{
    if (link->wake_fd >= 0)
        (void)eventfd_write(link->wake_fd, 1);
}

void mqc__link_close(struct mqc__link *link)
{
    if (link->is_running) {
        (void)eventfd_write(link->stop_fd, 1);
        (void)pthread_join(link->thread, NULL);
        link->is_running = false;
        mqc__wire_hang_up(&link->broker);
    }
    mqc__loopback_close(&link->loopback);
}

enum mqc_error mqc__link_tls_session(struct mqc__link *link, struct mqc__tls_session **session_out)
{
    *session_out = NULL;
    if (link->broker.tls == NULL || link->is_running)
        return MQC_ENOTFOUND;
    return mqc__tls_session_save(link->broker.tls, session_out);
}

void mqc__link_free(struct mqc__link **link)
{
    if (*link == NULL)
        return;
    mqc__link_close(*link);
    mqc__wire_fini(&(*link)->client);
    mqc__wire_fini(&(*link)->broker);
    mqc__relay_fini(&(*link)->relay);
    if ((*link)->stop_fd >= 0)
        (void)close((*link)->stop_fd);
    if ((*link)->wake_fd >= 0)
        (void)close((*link)->wake_fd);
    pthread_mutex_destroy(&(*link)->mutex);
    free(*link);
    *link = NULL;
}
