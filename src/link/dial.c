#include "link/dial.h"

#include "base/fail.h"
#include "link/link_deadline.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The head start of an address (RFC 8305, 5). */
#define STAGGER_MS 250

/* The longest that the system takes. */
#define KEEP_ALIVE_S_MAX 32767

/* As much of an error's text may be taken by the list of addresses. */
#define LIST_BYTES_MAX ((size_t)230)

struct attempt {
    int fd;    /* -1: not begun, or over */
    int error; /* once it is over */
};

struct dial {
    const struct mqc__address_list *list;
    struct attempt attempts[MQC__ADDRESSES_MAX];
    size_t begun_count;
    int stagger_ms;
    int64_t deadline_ms;
    int64_t next_ms; /* when the next attempt begins, unless the last fails before */
};

const char *mqc__dial_words(int error)
{
    switch (error) {
    case ECONNREFUSED: return "connection refused";
    case ETIMEDOUT: return "no answer";
    case EHOSTUNREACH: return "no route to the host";
    case ENETUNREACH:
    case EADDRNOTAVAIL: return "network unreachable";
    case EAFNOSUPPORT: return "this host has no such network";
    case ECONNRESET: return "connection reset";
    case EMFILE:
    case ENFILE: return "too many open files";
    case EACCES:
    case EPERM: return "forbidden by this host's firewall";
    case ENOBUFS:
    case ENOMEM: return "out of memory";
    default: return "cannot connect";
    }
}

static void end_attempt(struct attempt *attempt, int error)
{
    if (attempt->fd >= 0)
        (void)close(attempt->fd);
    attempt->fd = -1;
    attempt->error = error;
}

static void begin_next(struct dial *dial)
{
    const struct mqc__address *address = &dial->list->items[dial->begun_count];
    struct attempt *attempt = &dial->attempts[dial->begun_count++];
    dial->next_ms = mqc__clock_monotonic_ms() + dial->stagger_ms;
    attempt->error = ETIMEDOUT;
    attempt->fd =
        socket(address->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (attempt->fd < 0) {
        attempt->error = errno;
        return;
    }
    const struct sockaddr *name = (const struct sockaddr *)&address->name;
    if (connect(attempt->fd, name, address->size) != 0 && errno != EINPROGRESS)
        end_attempt(attempt, errno);
}

/* A connection to a port of this host where nobody listens can, by chance, begin at that very port
 * and then answer itself. */
static bool is_connected_to_itself(int fd)
{
    struct sockaddr_storage own = {0};
    struct sockaddr_storage peer = {0};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    return getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 && own_size == peer_size &&
           memcmp(&own, &peer, own_size) == 0;
}

static int connect_result(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error == 0 && is_connected_to_itself(fd) ? ECONNREFUSED : error;
}

static bool is_under_way(const struct dial *dial)
{
    for (size_t i = 0; i < dial->begun_count; i++)
        if (dial->attempts[i].fd >= 0)
            return true;
    return false;
}

/* Looks at the attempts that poll found ready; returns whether one has connected. */
static bool look(struct dial *dial, const struct pollfd *polled, size_t *which_out)
{
    for (size_t i = 0; i < dial->begun_count; i++) {
        if (polled[i].fd < 0 || polled[i].revents == 0)
            continue;
        const int error = connect_result(polled[i].fd);
        if (error == 0) {
            *which_out = i;
            return true;
        }
        end_attempt(&dial->attempts[i], error);
        if (i + 1 == dial->begun_count)
            dial->next_ms = 0;
    }
    return false;
}

/* Waits for one of the attempts, or for the time of the next. */
static bool wait_for_one(struct dial *dial, size_t *which_out)
{
    struct pollfd polled[MQC__ADDRESSES_MAX];
    for (size_t i = 0; i < dial->begun_count; i++)
        polled[i] = (struct pollfd){.fd = dial->attempts[i].fd, .events = POLLOUT};
    int left_ms = mqc__deadline_left_ms(dial->deadline_ms);
    if (dial->begun_count < dial->list->count) {
        const int next_ms = mqc__deadline_left_ms(dial->next_ms);
        left_ms = next_ms < left_ms ? next_ms : left_ms;
    }
    if (poll(polled, (nfds_t)dial->begun_count, left_ms) <= 0)
        return false;
    return look(dial, polled, which_out);
}

static bool run(struct dial *dial, size_t *which_out)
{
    bool is_connected = false;
    while (!is_connected && mqc__deadline_left_ms(dial->deadline_ms) > 0) {
        const bool is_next = dial->begun_count < dial->list->count;
        const bool is_idle = !is_under_way(dial);
        if (is_idle && !is_next)
            return false;
        if (is_next && (is_idle || mqc__deadline_left_ms(dial->next_ms) == 0))
            begin_next(dial);
        if (is_under_way(dial))
            is_connected = wait_for_one(dial, which_out);
    }
    return is_connected;
}

static void close_all(struct dial *dial)
{
    for (size_t i = 0; i < dial->begun_count; i++)
        if (dial->attempts[i].fd >= 0)
            end_attempt(&dial->attempts[i], ETIMEDOUT);
}

static enum mqc_error report(const struct dial *dial, struct mqc_error_info *info)
{
    char list[LIST_BYTES_MAX + 1] = "";
    size_t used = 0;
    size_t named = 0;
    bool has_timed_out = dial->begun_count < dial->list->count;
    for (size_t i = 0; i < dial->begun_count; i++) {
        char address[MQC__ADDRESS_TEXT_BYTES];
        char item[MQC__ADDRESS_TEXT_BYTES + 64];
        const int error = dial->attempts[i].error;
        has_timed_out = has_timed_out || error == ETIMEDOUT;
        const int size =
            snprintf(item, sizeof item, "%s%s: %s", i > 0 ? "; " : "",
                     mqc__address_text(&dial->list->items[i], address), mqc__dial_words(error));
        if (size < 0 || named < i || used + (size_t)size > LIST_BYTES_MAX)
            continue;
        memcpy(list + used, item, (size_t)size + 1);
        used += (size_t)size;
        named++;
    }
    return mqc__fail(
        info, has_timed_out ? MQC_ETIMEOUT : MQC_ECONNECT,
        "cannot connect to %s%s; check that the broker runs and listens there, and that "
        "no firewall is in between",
        list, named < dial->list->count ? "; other addresses neither" : "");
}

enum mqc_error mqc__dial(const struct mqc__address_list *list, int64_t deadline_ms, int *fd_out,
                         size_t *which_out, struct mqc_error_info *info)
{
    *fd_out = -1;
    struct dial dial = {.list = list, .deadline_ms = deadline_ms};
    if (list->count > 0)
        dial.stagger_ms = mqc__deadline_left_ms(deadline_ms) / ((int)list->count + 1);
    if (dial.stagger_ms > STAGGER_MS)
        dial.stagger_ms = STAGGER_MS;
    if (run(&dial, which_out)) {
        *fd_out = dial.attempts[*which_out].fd;
        dial.attempts[*which_out].fd = -1;
    }
    close_all(&dial);
    return *fd_out >= 0 ? MQC_OK : report(&dial, info);
}

static void set(int fd, int level, int option, unsigned value)
{
    const int number = value < INT_MAX ? (int)value : INT_MAX;
    (void)setsockopt(fd, level, option, &number, sizeof number);
}

void mqc__dial_tune(int fd, unsigned user_timeout_ms, unsigned keep_alive_s)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (user_timeout_ms != 0)
        set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms);
    if (keep_alive_s == 0)
        return;
    if (keep_alive_s > KEEP_ALIVE_S_MAX)
        keep_alive_s = KEEP_ALIVE_S_MAX;
    /* With a user timeout the system goes by that, else by the number of probes. */
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_s);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_s > 3 ? keep_alive_s / 3 : 1);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}
