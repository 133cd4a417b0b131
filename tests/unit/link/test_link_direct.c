/* Links that give their client the broker's socket itself. */
#include "test_link_support.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void open_link(struct link_ends *ends)
{
    const char *tag = NULL;
    struct mqc_error_info info;
    ends->listener = listen_at(0, 0, 8, &ends->port);
    struct mqc__link_options options = plain_options(ends->port);
    options.is_relay = false;
    REQUIRE(mqc__link_open(&options, &ends->link, &tag, &info) == MQC_OK);
    ends->broker = accept4(ends->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    REQUIRE(ends->broker >= 0);
}

static uint16_t peer_port(int fd)
{
    struct sockaddr_in name = {.sin_port = 0};
    socklen_t size = sizeof name;
    (void)getpeername(fd, (struct sockaddr *)&name, &size);
    return ntohs(name.sin_port);
}

/* Waits until the client's descriptor is connected to the broker. */
static bool await_hand_over(const struct link_ends *ends)
{
    for (int waited_ms = 0; waited_ms < 5000; waited_ms++) {
        if (peer_port(ends->client) == ends->port)
            return true;
        sleep_ms(1);
    }
    return false;
}

static void open_ends(struct link_ends *ends)
{
    open_link(ends);
    ends->client = connect_to(mqc__link_port(ends->link));
    REQUIRE(ends->client >= 0);
    CHECK(await_hand_over(ends));
}

static void test_direct_client_has_the_brokers_socket(void)
{
    struct link_ends ends;
    struct mqc__link_stats stats;
    open_ends(&ends);
    for (uint64_t at = 0; at < 200000; at += 10000) {
        CHECK(write_stream(ends.client, at, 10000, 3000));
        CHECK(read_stream(ends.broker, at, 10000, 3000));
        CHECK(write_stream(ends.broker, at, 10000, 3000));
        CHECK(read_stream(ends.client, at, 10000, 3000));
    }
    mqc__link_received(ends.link);
    mqc__link_stats(ends.link, &stats);
    /* The system counts the start of a connection in. */
    CHECK(stats.broker_in_bytes >= 200000 && stats.broker_in_bytes < 200010);
    CHECK(stats.broker_out_bytes >= 190000 && stats.broker_out_bytes < 200010);
    struct mqc__link_failure failure;
    CHECK(!mqc__link_failure(ends.link, &failure));
    ends_close(&ends);
}

/* Writes the first bytes of the stream as an MQTT client writes its first packet: in one call. */
static bool write_first(int fd, size_t size)
{
    unsigned char bytes[200];
    for (size_t i = 0; i < size; i++)
        bytes[i] = stream_byte(i);
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* A client that writes at once may do so before, during or after the change. */
static void test_direct_first_bytes_arrive_in_order(void)
{
    for (int round = 0; round < 300; round++) {
        struct link_ends ends;
        open_link(&ends);
        ends.client = connect_to(mqc__link_port(ends.link));
        REQUIRE(ends.client >= 0);
        if (round % 3 == 0)
            CHECK(await_ready(ends.client, POLLOUT));
        CHECK(write_first(ends.client, 200));
        CHECK(read_stream(ends.broker, 0, 200, 200));
        CHECK(write_stream(ends.broker, 0, 100, 100));
        CHECK(read_stream(ends.client, 0, 100, 100));
        CHECK(write_stream(ends.client, 200, 50000, 9000));
        CHECK(read_stream(ends.broker, 200, 50000, 9000));
        ends_close(&ends);
    }
}

/* One that waits in poll while its socket is changed must wake up. */
static void test_direct_waiting_client_gets_its_answer(void)
{
    struct link_ends ends;
    open_link(&ends);
    ends.client = connect_to(mqc__link_port(ends.link));
    REQUIRE(ends.client >= 0);
    CHECK(write_stream(ends.broker, 0, 100, 100));
    const int64_t before_ms = mqc__clock_monotonic_ms();
    CHECK(read_stream(ends.client, 0, 100, 100));
    CHECK(mqc__clock_monotonic_ms() - before_ms < 4000);
    ends_close(&ends);
}

static void expect_failure(struct link_ends *ends, const char *tag, const char *other_tag)
{
    struct mqc__link_failure failure = {.tag = ""};
    char byte;
    while (read_once(ends->client, &byte, 1) > 0)
        continue;
    CHECK(mqc__link_failure(ends->link, &failure));
    if (strcmp(failure.tag, other_tag) != 0)
        CHECK_TEXT(failure.tag, tag);
}

static void test_direct_broker_closes_says_so(void)
{
    struct link_ends ends;
    open_ends(&ends);
    CHECK(write_stream(ends.broker, 0, 5000, 5000));
    (void)close(ends.broker);
    ends.broker = -1;
    CHECK(read_stream(ends.client, 0, 5000, 5000));
    expect_failure(&ends, "connection_closed", "");
    ends_close(&ends);
}

/* Which of the two read the error first depends on the moment. */
static void test_direct_broker_resets_says_so(void)
{
    struct link_ends ends;
    open_ends(&ends);
    reset_connection(&ends.broker);
    expect_failure(&ends, "connection_reset", "connection_closed");
    ends_close(&ends);
}

static void test_direct_client_ends_broker_sees_it(void)
{
    struct link_ends ends;
    struct mqc__link_failure failure;
    char byte;
    open_ends(&ends);
    CHECK(write_stream(ends.client, 0, 1000, 1000));
    (void)shutdown(ends.client, SHUT_WR);
    CHECK(read_stream(ends.broker, 0, 1000, 1000));
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    CHECK(!mqc__link_failure(ends.link, &failure));
    ends_close(&ends);
}

static void test_direct_closed_link_lets_go_of_the_socket(void)
{
    struct link_ends ends;
    char byte;
    open_ends(&ends);
    (void)close(ends.client);
    ends.client = -1;
    mqc__link_close(ends.link);
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    ends_close(&ends);
}

/* The number of its descriptor could belong to something else by then. */
static void test_direct_late_client_is_served_by_the_relay(void)
{
    struct link_ends ends;
    open_link(&ends);
    sleep_ms(500);
    ends.client = connect_to(mqc__link_port(ends.link));
    REQUIRE(ends.client >= 0);
    CHECK(write_stream(ends.client, 0, 5000, 5000));
    CHECK(read_stream(ends.broker, 0, 5000, 5000));
    CHECK(peer_port(ends.client) == mqc__link_port(ends.link));
    ends_close(&ends);
}

static void test_direct_leaves_no_descriptors(void)
{
    const size_t before = descriptor_count();
    for (int i = 0; i < 5; i++) {
        test_direct_broker_closes_says_so();
        test_direct_client_ends_broker_sees_it();
    }
    CHECK_UNSIGNED(descriptor_count(), before);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the broker's socket", test_direct_client_has_the_brokers_socket},
        {"first bytes", test_direct_first_bytes_arrive_in_order},
        {"waiting client", test_direct_waiting_client_gets_its_answer},
        {"broker closes", test_direct_broker_closes_says_so},
        {"broker resets", test_direct_broker_resets_says_so},
        {"client ends", test_direct_client_ends_broker_sees_it},
        {"closed link", test_direct_closed_link_lets_go_of_the_socket},
        {"late client", test_direct_late_client_is_served_by_the_relay},
        {"descriptors", test_direct_leaves_no_descriptors},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.link_direct", tests);
}
