#include "link/loopback.h"

#include "base/fail.h"
#include "base/log.h"
#include "link/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Strangers that fill a shorter queue would make the client's first packet get lost, and its
 * connection take a second. */
#define BACKLOG 64

/* How long a write of the client may wait for room. */
#define WRITE_WAIT_S 1

static bool listen_on(int fd, uint16_t *port_out)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof name;
    if (bind(fd, (const struct sockaddr *)&name, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&name, &size) != 0)
        return false;
    *port_out = ntohs(name.sin_port);
    return true;
}

enum mqc_error mqc__loopback_open(struct mqc__loopback *loopback, struct mqc_error_info *info)
{
    loopback->port = 0;
    atomic_init(&loopback->stranger_count, 0);
    loopback->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (loopback->listener >= 0 && listen_on(loopback->listener, &loopback->port))
        return MQC_OK;
    const int error = errno;
    mqc__loopback_close(loopback);
    return mqc__fail(
        info, MQC_EIO,
        "cannot listen on a port of 127.0.0.1, as the connection to the broker needs: %s; "
        "check this host's limits on files and ports",
        strerror(error));
}

void mqc__loopback_close(struct mqc__loopback *loopback)
{
    if (loopback->listener >= 0)
        (void)close(loopback->listener);
    loopback->listener = -1;
}

/* Closes with a reset: no state of the connection stays behind. */
static void turn_away(struct mqc__loopback *loopback, int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(fd);
    if (atomic_fetch_add(&loopback->stranger_count, 1) == 0)
        mqc__log(
            MQC_LOG_WARNING,
            "another process connected to port %u of 127.0.0.1, which is for this process alone; "
            "it was refused, as will be others",
            (unsigned)loopback->port);
}

static void set_no_delay(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/*
 * An MQTT library that writes a message only in part goes on late: Paho after 100 ms or more. With
 * a socket that blocks, it writes all of it. Reads must not wait, so they get the shortest time
 * limit there is; they return what there is as before.
 */
void mqc__loopback_prepare_client(int fd)
{
    const struct timeval write_wait = {.tv_sec = WRITE_WAIT_S};
    const struct timeval shortest = {.tv_usec = 1};
    set_no_delay(fd);
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &write_wait, sizeof write_wait) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &shortest, sizeof shortest) == 0)
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static bool is_transient(int error)
{
    return error == EAGAIN || error == EINTR || error == ECONNABORTED || error == EPROTO;
}

enum mqc__loopback_result mqc__loopback_accept(struct mqc__loopback *loopback, int *fd_out)
{
    const int fd = accept4(loopback->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return is_transient(errno) ? MQC__LOOPBACK_NOBODY : MQC__LOOPBACK_FAILED;
    const int client = mqc__owner_find(fd);
    if (client < 0) {
        turn_away(loopback, fd);
        return MQC__LOOPBACK_NOBODY;
    }
    mqc__loopback_close(loopback);
    mqc__loopback_prepare_client(client);
    (void)close(client);
    set_no_delay(fd);
    *fd_out = fd;
    return MQC__LOOPBACK_ACCEPTED;
}
