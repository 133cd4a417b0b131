#include "link/relay_wire_priv.h"

#include "link/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

static enum mqc__wire_status fail_errno(struct mqc__wire *wire, int error)
{
    switch (error) {
    case ECONNRESET:
    case EPIPE:
        return mqc__wire_fail(wire, "connection_reset",
                              "the connection was reset, by the broker or on the way");
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return mqc__wire_fail(wire, "connection_timed_out",
                              error == ETIMEDOUT
                                  ? "the broker's host does not answer any more"
                                  : "the broker's host cannot be reached any more: no route to it");
    case ENOBUFS:
    case ENOMEM: return mqc__wire_fail(wire, "link_failed", "this host is out of memory");
    default: return mqc__wire_fail(wire, "connection_reset", mqc__dial_words(error));
    }
}

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* The system forgets this whenever it finds a conversation interactive. */
static void ack_at_once(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

enum mqc__wire_status mqc__wire_receive(struct mqc__wire *wire, void *bytes, size_t size,
                                        size_t *moved_out)
{
    *moved_out = 0;
    const ssize_t received = recv(wire->fd, bytes, size, 0);
    if (received < 0)
        return is_transient(errno) ? MQC__WIRE_BLOCKED : fail_errno(wire, errno);
    if (wire->acks_at_once && received > 0)
        ack_at_once(wire->fd);
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
