#include "link/proxy_request.h"

#include "base/view.h"
#include "link/link_deadline.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* The only client there is sends its request at once, and it is short. */
#define WAIT_MS 5000
#define REQUEST_BYTES_MAX ((size_t)1024)

static const char method[] = "CONNECT ";
static const char end[] = "\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";

static bool await_bytes(int fd, int stop_fd, int64_t deadline_ms)
{
    struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    return poll(polled, 2, mqc__deadline_left_ms(deadline_ms)) > 0 && polled[1].revents == 0;
}

static bool is_whole(const char *request, size_t size)
{
    return size >= sizeof end - 1 &&
           memcmp(request + size - (sizeof end - 1), end, sizeof end - 1) == 0;
}

bool mqc__proxy_request_answer(int fd, int stop_fd)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + WAIT_MS;
    char request[REQUEST_BYTES_MAX];
    size_t size = 0;
    while (!is_whole(request, size)) {
        if (size == sizeof request || !await_bytes(fd, stop_fd, deadline_ms))
            return false;
        const ssize_t received = recv(fd, request + size, sizeof request - size, MSG_DONTWAIT);
        if (received <= 0)
            return false;
        size += (size_t)received;
    }
    const size_t length = sizeof answer - 1;
    return mqc_view_starts_with(mqc_view_bytes(request, size), mqc_view_text(method)) &&
           send(fd, answer, length, MSG_NOSIGNAL) == (ssize_t)length;
}
