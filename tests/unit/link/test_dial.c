#include "test_link_support.h"

#include "base/clock.h"
#include "link/dial.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND_HOST (INADDR_LOOPBACK + 1) /* 127.0.0.2 */

/* A port whose queue is full: the system drops whatever comes, as a firewall does. */
struct black_hole {
    int listener;
    int fillers[4];
    uint16_t port;
};

static void begin_connection(int fd, uint32_t host, uint16_t port)
{
    const struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(host),
    };
    (void)connect(fd, (const struct sockaddr *)&name, sizeof name);
}

static void black_hole_open(struct black_hole *hole, uint32_t host, uint16_t port)
{
    hole->listener = listen_at(host, port, 0, &hole->port);
    for (size_t i = 0; i < 4; i++) {
        hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        begin_connection(hole->fillers[i], host, hole->port);
    }
    sleep_ms(10);
}

static void black_hole_close(struct black_hole *hole)
{
    for (size_t i = 0; i < 4; i++)
        (void)close(hole->fillers[i]);
    (void)close(hole->listener);
}

static void add(struct mqc__address_list *list, uint32_t host, uint16_t port)
{
    struct mqc__address *address = &list->items[list->count++];
    const struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(host),
    };
    memset(address, 0, sizeof *address);
    memcpy(&address->name, &name, sizeof name);
    address->size = sizeof name;
}

static enum mqc_error dial(const struct mqc__address_list *list, int timeout_ms, int *fd_out,
                           size_t *which_out, struct mqc_error_info *info)
{
    return mqc__dial(list, mqc__clock_monotonic_ms() + timeout_ms, fd_out, which_out, info);
}

static void test_dial_listener_connects(void)
{
    uint16_t port = 0;
    const int listener = listen_at(0, 0, 4, &port);
    struct mqc__address_list list = {.count = 0};
    int fd = -1;
    size_t which = 9;
    add(&list, INADDR_LOOPBACK, port);
    CHECK_INT(dial(&list, 1000, &fd, &which, NULL), MQC_OK);
    CHECK(fd >= 0);
    CHECK_UNSIGNED(which, 0);
    mqc__dial_tune(fd, 20000, 100000);
    int value = 0;
    socklen_t size = sizeof value;
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0 && value != 0);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size) == 0 && value != 0);
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size) == 0);
    CHECK_INT(value, 20000);
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size) == 0);
    CHECK_INT(value, 32767);
    (void)close(fd);
    (void)close(listener);
}

static void test_dial_nobody_listens_is_refused(void)
{
    struct mqc__address_list list = {.count = 0};
    int fd = 0;
    size_t which = 0;
    struct mqc_error_info info;
    add(&list, INADDR_LOOPBACK, unused_port());
    add(&list, SECOND_HOST, unused_port());
    CHECK_INT(dial(&list, 5000, &fd, &which, &info), MQC_ECONNECT);
    CHECK_INT(fd, -1);
    CHECK_CONTAINS(info.text, "127.0.0.1:");
    CHECK_CONTAINS(info.text, ": connection refused; 127.0.0.2:");
    CHECK_CONTAINS(info.text, "check that the broker runs");
}

static void test_dial_first_refuses_second_connects(void)
{
    uint16_t port = 0;
    const int listener = listen_at(SECOND_HOST, 0, 4, &port);
    struct mqc__address_list list = {.count = 0};
    int fd = -1;
    size_t which = 0;
    add(&list, INADDR_LOOPBACK, unused_port());
    add(&list, SECOND_HOST, port);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    CHECK_INT(dial(&list, 5000, &fd, &which, NULL), MQC_OK);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 200);
    CHECK_UNSIGNED(which, 1);
    (void)close(fd);
    (void)close(listener);
}

static void test_dial_first_is_silent_second_connects_soon(void)
{
    struct black_hole hole;
    uint16_t port = 0;
    const int listener = listen_at(SECOND_HOST, 0, 4, &port);
    struct mqc__address_list list = {.count = 0};
    int fd = -1;
    size_t which = 0;
    black_hole_open(&hole, INADDR_LOOPBACK, 0);
    add(&list, INADDR_LOOPBACK, hole.port);
    add(&list, SECOND_HOST, port);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    CHECK_INT(dial(&list, 30000, &fd, &which, NULL), MQC_OK);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 700);
    CHECK_UNSIGNED(which, 1);
    (void)close(fd);
    (void)close(listener);
    black_hole_close(&hole);
}

static void test_dial_all_are_silent_ends_in_time(void)
{
    struct black_hole hole;
    struct mqc__address_list list = {.count = 0};
    int fd = -1;
    size_t which = 0;
    struct mqc_error_info info;
    black_hole_open(&hole, INADDR_LOOPBACK, 0);
    for (size_t i = 0; i < MQC__ADDRESSES_MAX; i++)
        add(&list, INADDR_LOOPBACK, hole.port);
    const size_t before = descriptor_count();
    const int64_t before_ms = mqc__clock_monotonic_ms();
    CHECK_INT(dial(&list, 300, &fd, &which, &info), MQC_ETIMEOUT);
    const int64_t taken_ms = mqc__clock_monotonic_ms() - before_ms;
    CHECK(taken_ms >= 290 && taken_ms < 600);
    CHECK_CONTAINS(info.text, ": no answer; ");
    CHECK_CONTAINS(info.text, "other addresses neither");
    CHECK_CONTAINS(info.text, "firewall is in between");
    CHECK_UNSIGNED(descriptor_count(), before);
    black_hole_close(&hole);
}

static void test_dial_no_time_or_no_address_fails(void)
{
    struct mqc__address_list list = {.count = 0};
    int fd = 0;
    size_t which = 0;
    CHECK_INT(dial(&list, 100, &fd, &which, NULL), MQC_ECONNECT);
    CHECK_INT(fd, -1);
    add(&list, INADDR_LOOPBACK, 1);
    CHECK_INT(dial(&list, 0, &fd, &which, NULL), MQC_ETIMEOUT);
    CHECK_INT(fd, -1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"listener", test_dial_listener_connects},
        {"nobody listens", test_dial_nobody_listens_is_refused},
        {"first refuses", test_dial_first_refuses_second_connects},
        {"first is silent", test_dial_first_is_silent_second_connects_soon},
        {"all are silent", test_dial_all_are_silent_ends_in_time},
        {"no time, no address", test_dial_no_time_or_no_address_fails},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.dial", tests);
}
