#include "link/relay_wire_priv.h"

#include "link/dial.h"
#include "link/tcp_state.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

void mqc__wire_init(struct mqc__wire *wire, int fd)
{
    *wire = (struct mqc__wire){.fd = fd};
    atomic_init(&wire->socket_in_bytes, 0);
    atomic_init(&wire->socket_out_bytes, 0);
    atomic_init(&wire->read_bytes, 0);
    atomic_init(&wire->written_bytes, 0);
}

void mqc__wire_hang_up(struct mqc__wire *wire)
{
    if (wire->fd >= 0)
        (void)close(wire->fd);
    wire->fd = -1;
}

void mqc__wire_fini(struct mqc__wire *wire)
{
    mqc__wire_hang_up(wire);
    mqc__wire_tls_fini(wire);
}

enum mqc__wire_status mqc__wire_fail(struct mqc__wire *wire, const char *tag, const char *text)
{
    if (wire->failure.tag == NULL) {
        wire->failure.tag = tag;
        (void)snprintf(wire->failure.text, sizeof wire->failure.text, "%s", text);
    }
    return MQC__WIRE_FAILED;
}

const struct mqc__link_failure mqc__link_closed = {
    .tag = "connection_closed",
    .text = "the broker closed the connection",
};

static struct mqc__link_failure reset(const char *text)
{
    struct mqc__link_failure failure = {.tag = "connection_reset"};
    (void)snprintf(failure.text, sizeof failure.text, "%s", text);
    return failure;
}

void mqc__wire_word_error(int error, struct mqc__link_failure *failure_out)
{
    static const struct mqc__link_failure silent = {
        .tag = "connection_timed_out", .text = "the broker's host does not answer any more"};
    static const struct mqc__link_failure unreachable = {
        .tag = "connection_timed_out",
        .text = "the broker's host cannot be reached any more: no route to it"};
    static const struct mqc__link_failure short_of_memory = {.tag = "link_failed",
                                                             .text = "this host is out of memory"};
    switch (error) {
    case ECONNRESET:
    case EPIPE:
        *failure_out = reset("the connection was reset, by the broker or on the way");
        break;
    case ETIMEDOUT: *failure_out = silent; break;
    case EHOSTUNREACH:
    case ENETUNREACH: *failure_out = unreachable; break;
    case ENOBUFS:
    case ENOMEM: *failure_out = short_of_memory; break;
    default: *failure_out = reset(mqc__dial_words(error)); break;
    }
}

static enum mqc__wire_status fail_errno(struct mqc__wire *wire, int error)
{
    struct mqc__link_failure failure;
    mqc__wire_word_error(error, &failure);
    return mqc__wire_fail(wire, failure.tag, failure.text);
}

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

enum mqc__wire_status mqc__wire_receive(struct mqc__wire *wire, void *bytes, size_t size,
                                        size_t *moved_out)
{
    *moved_out = 0;
    const ssize_t received = recv(wire->fd, bytes, size, 0);
    if (received < 0)
        return is_transient(errno) ? MQC__WIRE_BLOCKED : fail_errno(wire, errno);
    if (wire->acks_at_once && received > 0)
        mqc__tcp_ack_at_once(wire->fd);
    *moved_out = (size_t)received;
    (void)atomic_fetch_add_explicit(&wire->socket_in_bytes, *moved_out, memory_order_relaxed);
    return received > 0 ? MQC__WIRE_OK : MQC__WIRE_ENDED;
}

enum mqc__wire_status mqc__wire_send(struct mqc__wire *wire, struct mqc_view bytes,
                                     size_t *moved_out)
{
    *moved_out = 0;
    if (bytes.size == 0)
        return MQC__WIRE_OK;
    const ssize_t sent = send(wire->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
    if (sent < 0 && !is_transient(errno))
        return fail_errno(wire, errno);
    *moved_out = sent > 0 ? (size_t)sent : 0;
    (void)atomic_fetch_add_explicit(&wire->socket_out_bytes, *moved_out, memory_order_relaxed);
    wire->is_write_blocked = *moved_out < bytes.size;
    return wire->is_write_blocked ? MQC__WIRE_BLOCKED : MQC__WIRE_OK;
}

enum mqc__wire_status mqc__wire_read(struct mqc__wire *wire, void *bytes, size_t size,
                                     size_t *moved_out)
{
    const enum mqc__wire_status status = wire->tls != NULL
                                             ? mqc__wire_tls_read(wire, bytes, size, moved_out)
                                             : mqc__wire_receive(wire, bytes, size, moved_out);
    (void)atomic_fetch_add_explicit(&wire->read_bytes, *moved_out, memory_order_relaxed);
    return status;
}

enum mqc__wire_status mqc__wire_write(struct mqc__wire *wire, struct mqc_view bytes,
                                      size_t *moved_out)
{
    const enum mqc__wire_status status = wire->tls != NULL
                                             ? mqc__wire_tls_write(wire, bytes, moved_out)
                                             : mqc__wire_send(wire, bytes, moved_out);
    (void)atomic_fetch_add_explicit(&wire->written_bytes, *moved_out, memory_order_relaxed);
    return status;
}

enum mqc__wire_status mqc__wire_finish(struct mqc__wire *wire)
{
    if (!wire->is_finishing && wire->tls != NULL)
        mqc__wire_tls_close(wire);
    wire->is_finishing = true;
    if (wire->tls != NULL) {
        const enum mqc__wire_status status = mqc__wire_tls_flush(wire);
        if (status != MQC__WIRE_OK)
            return status;
    }
    (void)shutdown(wire->fd, SHUT_WR);
    return MQC__WIRE_OK;
}

void mqc__wire_break(struct mqc__wire *wire)
{
    (void)shutdown(wire->fd, SHUT_RDWR);
    wire->is_write_blocked = false;
}

short mqc__wire_events(const struct mqc__wire *wire, bool wants_read)
{
    short events = 0;
    if (wants_read && !(wire->reads_after_write && wire->is_write_blocked))
        events = POLLIN;
    if (wire->is_write_blocked)
        events = (short)(events | POLLOUT);
    return events;
}

void mqc__wire_polled(struct mqc__wire *wire, short events)
{
    if (!wire->is_write_blocked || (events & (POLLOUT | POLLERR | POLLHUP)) == 0)
        return;
    wire->is_write_blocked = false;
    if (wire->tls != NULL)
        (void)mqc__wire_tls_flush(wire);
}
