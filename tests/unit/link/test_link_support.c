#include "test_link_support.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000

int listen_at(uint32_t host, uint16_t port, int backlog, uint16_t *port_out)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(host != 0 ? host : INADDR_LOOPBACK),
    };
    socklen_t size = sizeof name;
    REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0 && listen(fd, backlog) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&name, &size) == 0);
    *port_out = ntohs(name.sin_port);
    return fd;
}

uint16_t unused_port(void)
{
    uint16_t port = 0;
    (void)close(listen_at(0, 0, 1, &port));
    return port;
}

int connect_to(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int error = connect(fd, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
    if (error == EINPROGRESS && await_ready(fd, POLLOUT)) {
        socklen_t size = sizeof error;
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0)
        return fd;
    (void)close(fd);
    errno = error;
    return -1;
}

bool await_ready(int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};
    return poll(&polled, 1, PATIENCE_MS) == 1;
}

struct mqc__link_options plain_options(uint16_t port)
{
    return (struct mqc__link_options){
        .is_relay = true,
        .host = "127.0.0.1",
        .port = port,
        .connect_timeout_ms = PATIENCE_MS,
        .acks_at_once = true,
    };
}

/* The last thing that a link does before it works is to let its client's end block. */
static void await_taken(int client)
{
    const int64_t until_ms = mqc__clock_monotonic_ms() + PATIENCE_MS;
    while ((fcntl(client, F_GETFL) & O_NONBLOCK) != 0 && mqc__clock_monotonic_ms() < until_ms)
        sleep_ms(1);
    CHECK((fcntl(client, F_GETFL) & O_NONBLOCK) == 0);
}

void ends_open(struct link_ends *ends, size_t buffer_bytes)
{
    struct mqc__link_options options = plain_options(0);
    options.buffer_bytes = buffer_bytes;
    ends_open_with(ends, options);
}

void ends_open_with(struct link_ends *ends, struct mqc__link_options options)
{
    *ends = (struct link_ends){.client = -1, .broker = -1};
    ends->listener = listen_at(0, 0, 8, &ends->port);
    options.port = ends->port;
    const char *tag = NULL;
    struct mqc_error_info info;
    REQUIRE(mqc__link_open(&options, &ends->link, &tag, &info) == MQC_OK);
    ends->broker = accept4(ends->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    ends->client = connect_to(mqc__link_port(ends->link));
    REQUIRE(ends->broker >= 0 && ends->client >= 0);
    await_taken(ends->client);
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void ends_close(struct link_ends *ends)
{
    close_one(&ends->client);
    close_one(&ends->broker);
    close_one(&ends->listener);
    mqc__link_free(&ends->link);
}

unsigned char stream_byte(uint64_t position)
{
    const uint64_t mixed = (position + 1) * 0x9E3779B97F4A7C15U;
    return (unsigned char)(mixed >> 56);
}

static size_t chunk_size(struct test_random *random, size_t left, size_t chunk_max)
{
    const size_t chunk = 1 + (size_t)test_random_below(random, chunk_max);
    return chunk < left ? chunk : left;
}

bool write_stream(int fd, uint64_t position, size_t size, size_t chunk_max)
{
    struct test_random random = {position + 1};
    unsigned char *chunk = malloc(chunk_max);
    bool is_fine = chunk != NULL;
    while (is_fine && size > 0) {
        const size_t wanted = chunk_size(&random, size, chunk_max);
        for (size_t i = 0; i < wanted; i++)
            chunk[i] = stream_byte(position + i);
        const ssize_t sent = send(fd, chunk, wanted, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            is_fine = await_ready(fd, POLLOUT);
            continue;
        }
        is_fine = sent > 0;
        if (is_fine) {
            position += (uint64_t)sent;
            size -= (size_t)sent;
        }
    }
    free(chunk);
    return is_fine;
}

long read_once(int fd, void *bytes, size_t size)
{
    ssize_t received = -1;
    do {
        if (!await_ready(fd, POLLIN)) {
            errno = ETIMEDOUT;
            return -1;
        }
        received = recv(fd, bytes, size, 0);
    } while (received < 0 && errno == EAGAIN);
    return (long)received;
}

static bool is_stream(const unsigned char *bytes, uint64_t position, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != stream_byte(position + i))
            return false;
    return true;
}

bool read_stream(int fd, uint64_t position, size_t size, size_t chunk_max)
{
    struct test_random random = {position + 7};
    unsigned char *chunk = malloc(chunk_max);
    bool is_fine = chunk != NULL;
    while (is_fine && size > 0) {
        const long received = read_once(fd, chunk, chunk_size(&random, size, chunk_max));
        is_fine = received > 0 && is_stream(chunk, position, (size_t)received);
        if (is_fine) {
            position += (uint64_t)received;
            size -= (size_t)received;
        }
    }
    free(chunk);
    return is_fine;
}

void reset_connection(int *fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_one(fd);
}

int64_t cpu_ms(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

size_t descriptor_count(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    REQUIRE(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

void sleep_ms(unsigned duration_ms)
{
    const struct timespec duration = {
        .tv_sec = duration_ms / 1000,
        .tv_nsec = (long)(duration_ms % 1000) * 1000000,
    };
    (void)nanosleep(&duration, NULL);
}
