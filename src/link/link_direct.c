#include "link/link_direct.h"

#include "link/link_deadline.h"
#include "link/owner.h"
#include "link/relay_wire_priv.h"
#include "link/tcp_state.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The client must not close its descriptor in the moment of the change, since another thread could
 * get its number. It is about to connect and gives that at least a second; so there is no danger
 * while it has only begun. */
#define HAND_OVER_MS 300

/* How long what the client has written may take to arrive: it is in this host. */
#define LAST_BYTES_MS 1000

static bool is_timely(const struct mqc__link *link)
{
    return mqc__clock_monotonic_ms() - link->started_ms < HAND_OVER_MS;
}

static bool forward(int to_fd, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t sent = send(to_fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/*
 * What the client wrote before the change still comes from its old socket, and then the end, once
 * nobody in the client uses that any more: a wait for it is ended by an end from here.
 */
static void forward_last_bytes(struct mqc__link *link)
{
    char bytes[4096];
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + LAST_BYTES_MS;
    ssize_t size = 1;
    (void)shutdown(link->client.fd, SHUT_WR);
    while (size > 0) {
        struct pollfd polled = {.fd = link->client.fd, .events = POLLIN};
        if (poll(&polled, 1, mqc__deadline_left_ms(deadline_ms)) <= 0)
            return;
        size = recv(link->client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size > 0 && !forward(link->broker.fd, bytes, (size_t)size))
            return;
    }
}

bool mqc__direct_hand_over(struct mqc__link *link)
{
    /* Said first: from then on the client may see the broker hang up, and ask why. */
    atomic_store(&link->is_direct, true);
    if (!is_timely(link) || !mqc__owner_replace(link->client.fd, link->broker.fd)) {
        atomic_store(&link->is_direct, false);
        return false;
    }
    mqc__loopback_prepare_client(link->broker.fd);
    forward_last_bytes(link);
    mqc__wire_hang_up(&link->client);
    return true;
}

/* The client may have read the error before; then the state of the connection has to tell. */
static void word_end(const struct mqc__link *link, const struct mqc__tcp_state *state,
                     struct mqc__link_failure *failure_out)
{
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(link->broker.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 && state->is_unanswered)
        error = ETIMEDOUT;
    if (error != 0)
        mqc__wire_word_error(error, failure_out);
    else
        *failure_out = mqc__link_closed;
}

bool mqc__direct_look(struct mqc__link *link)
{
    struct mqc__tcp_state state;
    struct mqc__link_failure failure;
    if (!mqc__tcp_state(link->broker.fd, &state) || state.end == MQC__TCP_OPEN)
        return false;
    if (state.end != MQC__TCP_ENDED_HERE) {
        word_end(link, &state, &failure);
        mqc__link_keep_failure(link, &failure);
    }
    return true;
}

void mqc__direct_watch(struct mqc__link *link)
{
    struct pollfd polled[] = {{.fd = link->broker.fd, .events = POLLRDHUP},
                              {.fd = link->stop_fd, .events = POLLIN}};
    while (polled[0].revents == 0 && polled[1].revents == 0)
        (void)poll(polled, 2, -1);
    if (polled[1].revents != 0)
        return;
    (void)mqc__direct_look(link);
    /* The client reads to the end by itself; the socket is closed when the link is. */
    polled[0].fd = -1;
    while (polled[1].revents == 0)
        (void)poll(polled, 2, -1);
}

void mqc__direct_stats(const struct mqc__link *link, struct mqc__link_stats *stats_out)
{
    struct mqc__tcp_state state;
    if (!mqc__tcp_state(link->broker.fd, &state))
        return;
    stats_out->broker_in_bytes = state.in_bytes;
    stats_out->broker_out_bytes = state.out_bytes;
    stats_out->client_in_bytes = state.out_bytes;
    stats_out->client_out_bytes = state.in_bytes;
}
