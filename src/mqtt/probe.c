#include "mqtt/probe.h"

#include "mqtt/uri.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *lookup_words(int error)
{
    switch (error) {
    case EAI_NONAME: return "host name not found";
    case EAI_AGAIN: return "the name server does not answer";
    default: return gai_strerror(error);
    }
}

static const char *connect_words(int error)
{
    switch (error) {
    case ECONNREFUSED: return "connection refused";
    case ETIMEDOUT: return "no answer";
    case EHOSTUNREACH: return "no route to the host";
    case ENETUNREACH: return "network unreachable";
    case ECONNRESET: return "connection reset";
    case EMFILE:
    case ENFILE: return "too many open files";
    case EACCES:
    case EPERM: return "forbidden by this host's firewall";
    default: return "cannot connect";
    }
}

/* Returns 0 or an errno. */
static int wait_connected(int fd, unsigned timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int ready = 0;
    do
        ready = poll(&poll_fd, 1, (int)timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return ready == 0 ? ETIMEDOUT : errno;
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static int try_address(const struct addrinfo *address, unsigned timeout_ms)
{
    const int fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return errno;
    int error = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS)
        error = wait_connected(fd, timeout_ms);
    (void)close(fd);
    return error;
}

bool mqc__probe(const char *uri, unsigned timeout_ms, char *words_out, size_t words_size)
{
    words_out[0] = '\0';
    struct mqc__uri where;
    if (mqc__uri_parse(uri, &where, NULL) != MQC_OK)
        return false;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)where.port);
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    const int lookup = getaddrinfo(where.host, port, &hints, &addresses);
    if (lookup != 0) {
        (void)snprintf(words_out, words_size, "%s", lookup_words(lookup));
        return false;
    }
    int error = EHOSTUNREACH;
    for (const struct addrinfo *a = addresses; a != NULL && error != 0; a = a->ai_next)
        error = try_address(a, timeout_ms);
    freeaddrinfo(addresses);
    if (error != 0)
        (void)snprintf(words_out, words_size, "%s", connect_words(error));
    return error == 0;
}
