#include "test_link_support.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_BYTES ((size_t)12 * 1024 * 1024)

static void *echo(void *context)
{
    const int fd = *(const int *)context;
    static char bytes[50000];
    for (;;) {
        const long received = read_once(fd, bytes, sizeof bytes);
        if (received <= 0)
            break;
        for (long sent = 0; sent < received;) {
            const ssize_t now = send(fd, bytes + sent, (size_t)(received - sent), MSG_NOSIGNAL);
            if (now < 0 && !await_ready(fd, POLLOUT))
                return NULL;
            sent += now > 0 ? now : 0;
        }
    }
    (void)shutdown(fd, SHUT_WR);
    return NULL;
}

static void *write_all(void *context)
{
    const int fd = *(const int *)context;
    bool *is_fine = malloc(sizeof *is_fine);
    if (is_fine != NULL)
        *is_fine = write_stream(fd, 0, STREAM_BYTES, 90000);
    (void)shutdown(fd, SHUT_WR);
    return is_fine;
}

static void test_link_echo_keeps_every_byte(void)
{
    struct link_ends ends;
    pthread_t echoing;
    pthread_t writing;
    void *is_fine = NULL;
    char byte = 0;
    ends_open(&ends, 0);
    REQUIRE(pthread_create(&echoing, NULL, echo, &ends.broker) == 0);
    REQUIRE(pthread_create(&writing, NULL, write_all, &ends.client) == 0);
    CHECK(read_stream(ends.client, 0, STREAM_BYTES, 70000));
    CHECK_INT(read_once(ends.client, &byte, 1), 0);
    (void)pthread_join(writing, &is_fine);
    (void)pthread_join(echoing, NULL);
    CHECK(is_fine != NULL && *(bool *)is_fine);
    struct mqc__link_stats stats;
    mqc__link_stats(ends.link, &stats);
    CHECK_UNSIGNED(stats.broker_in_bytes, STREAM_BYTES);
    CHECK_UNSIGNED(stats.broker_out_bytes, STREAM_BYTES);
    CHECK_UNSIGNED(stats.client_in_bytes, STREAM_BYTES);
    CHECK_UNSIGNED(stats.client_out_bytes, STREAM_BYTES);
    CHECK_UNSIGNED(stats.stranger_count, 0);
    free(is_fine);
    ends_close(&ends);
}

static void test_link_small_messages_go_both_ways(void)
{
    struct link_ends ends;
    ends_open(&ends, 0);
    for (uint64_t i = 0; i < 300; i++) {
        CHECK(write_stream(ends.client, i * 7, 7, 7));
        CHECK(read_stream(ends.broker, i * 7, 7, 7));
        CHECK(write_stream(ends.broker, i * 5, 5, 5));
        CHECK(read_stream(ends.client, i * 5, 5, 5));
    }
    ends_close(&ends);
}

static void check_failure(struct mqc__link *link, const char *tag, const char *words)
{
    struct mqc__link_failure failure;
    CHECK(mqc__link_failure(link, &failure));
    CHECK_TEXT(failure.tag, tag);
    CHECK_CONTAINS(failure.text, words);
}

static void check_no_failure(struct mqc__link *link)
{
    struct mqc__link_failure failure;
    CHECK(!mqc__link_failure(link, &failure));
}

static void test_link_client_half_closes_broker_answers(void)
{
    struct link_ends ends;
    char byte = 0;
    ends_open(&ends, 0);
    CHECK(write_stream(ends.client, 0, 1000, 1000));
    (void)shutdown(ends.client, SHUT_WR);
    CHECK(read_stream(ends.broker, 0, 1000, 1000));
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    CHECK(write_stream(ends.broker, 0, 200000, 50000));
    (void)shutdown(ends.broker, SHUT_WR);
    CHECK(read_stream(ends.client, 0, 200000, 50000));
    CHECK_INT(read_once(ends.client, &byte, 1), 0);
    check_no_failure(ends.link);
    ends_close(&ends);
}

static void test_link_broker_closes_last_words_arrive(void)
{
    struct link_ends ends;
    char byte = 0;
    ends_open(&ends, 0);
    CHECK(write_stream(ends.broker, 0, 5000, 5000));
    (void)close(ends.broker);
    ends.broker = -1;
    CHECK(read_stream(ends.client, 0, 5000, 100));
    CHECK_INT(read_once(ends.client, &byte, 1), 0);
    check_failure(ends.link, "connection_closed", "the broker closed the connection");
    ends_close(&ends);
}

/* The broker hangs up on bytes that it has not read, which makes it a reset. */
static void test_link_broker_resets_last_words_arrive(void)
{
    struct link_ends ends;
    char byte = 0;
    ends_open(&ends, 0);
    CHECK(write_stream(ends.client, 0, 100, 100));
    REQUIRE(await_ready(ends.broker, POLLIN));
    CHECK(write_stream(ends.broker, 0, 5000, 5000));
    (void)close(ends.broker);
    ends.broker = -1;
    CHECK(read_stream(ends.client, 0, 5000, 100));
    CHECK_INT(read_once(ends.client, &byte, 1), 0);
    check_failure(ends.link, "connection_reset", "reset");
    ends_close(&ends);
}

static void test_link_broker_resets_while_client_writes_last_words_arrive(void)
{
    struct link_ends ends;
    ends_open(&ends, 0);
    (void)write_stream(ends.broker, 0, 3000, 3000);
    CHECK(read_stream(ends.client, 0, 1000, 1000));
    reset_connection(&ends.broker);
    char bytes[1000] = {0};
    ssize_t sent = 0;
    for (int i = 0; i < 50 && sent >= 0; i++) {
        sent = send(ends.client, bytes, sizeof bytes, MSG_NOSIGNAL);
        sleep_ms(1);
    }
    CHECK(read_stream(ends.client, 1000, 2000, 1000));
    CHECK_INT(read_once(ends.client, bytes, 1), 0);
    check_failure(ends.link, "connection_reset", "reset");
    ends_close(&ends);
}

static void test_link_client_resets_broker_sees_last_words_and_the_end(void)
{
    struct link_ends ends;
    char byte = 0;
    ends_open(&ends, 0);
    CHECK(write_stream(ends.client, 0, 3000, 3000));
    reset_connection(&ends.client);
    CHECK(read_stream(ends.broker, 0, 3000, 1000));
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    check_no_failure(ends.link);
    ends_close(&ends);
}

/* Writes until nothing has been taken for a while; returns how much was. */
static size_t write_until_full(int fd)
{
    size_t total = 0;
    static unsigned char chunk[8000];
    for (int idle = 0; idle < 20;) {
        for (size_t i = 0; i < sizeof chunk; i++)
            chunk[i] = stream_byte(total + i);
        const ssize_t sent = send(fd, chunk, sizeof chunk, MSG_DONTWAIT | MSG_NOSIGNAL);
        total += sent > 0 ? (size_t)sent : 0;
        idle = sent > 0 ? 0 : idle + 1;
        if (sent <= 0)
            sleep_ms(5);
    }
    return total;
}

static void test_link_broker_does_not_read_memory_is_bounded(void)
{
    struct link_ends ends;
    ends_open(&ends, 200000);
    const size_t written = write_until_full(ends.client);
    struct mqc__link_stats stats;
    mqc__link_stats(ends.link, &stats);
    CHECK(stats.client_in_bytes < written);
    CHECK(stats.client_in_bytes - stats.broker_out_bytes <= 200000);
    /* The other direction goes on meanwhile. */
    CHECK(write_stream(ends.broker, 0, 100000, 9000));
    CHECK(read_stream(ends.client, 0, 100000, 9000));
    const int64_t before_ms = cpu_ms();
    sleep_ms(200);
    CHECK(cpu_ms() - before_ms < 40);
    CHECK(read_stream(ends.broker, 0, written, 60000));
    ends_close(&ends);
}

static void test_link_client_does_not_read_memory_is_bounded(void)
{
    struct link_ends ends;
    ends_open(&ends, 200000);
    const size_t written = write_until_full(ends.broker);
    struct mqc__link_stats stats;
    mqc__link_stats(ends.link, &stats);
    CHECK(stats.broker_in_bytes < written);
    CHECK(stats.broker_in_bytes - stats.client_out_bytes <= 200000);
    const int64_t before_ms = cpu_ms();
    sleep_ms(200);
    CHECK(cpu_ms() - before_ms < 40);
    CHECK(read_stream(ends.client, 0, written, 60000));
    ends_close(&ends);
}

enum rest_state {
    REST_AWAITS_CLIENT,
    REST_IDLE,
    REST_CLIENT_HALF_CLOSED,
    REST_CLIENT_GONE,
    REST_BROKER_GONE,
    REST_BROKER_RESET,
    REST_STATE_COUNT,
};

static void bring_to(struct link_ends *ends, enum rest_state state)
{
    if (state == REST_CLIENT_HALF_CLOSED)
        (void)shutdown(ends->client, SHUT_WR);
    if (state == REST_CLIENT_GONE) {
        (void)close(ends->client);
        ends->client = -1;
    }
    if (state == REST_BROKER_GONE) {
        (void)close(ends->broker);
        ends->broker = -1;
    }
    if (state == REST_BROKER_RESET)
        reset_connection(&ends->broker);
}

static void test_link_at_rest_uses_no_processor(void)
{
    for (enum rest_state state = REST_AWAITS_CLIENT; state < REST_STATE_COUNT; state++) {
        struct link_ends ends = {.client = -1, .broker = -1, .listener = -1};
        if (state == REST_AWAITS_CLIENT) {
            ends.listener = listen_at(0, 0, 8, &ends.port);
            struct mqc__link_options options = plain_options(ends.port);
            const char *tag = NULL;
            REQUIRE(mqc__link_open(&options, &ends.link, &tag, NULL) == MQC_OK);
        } else {
            ends_open(&ends, 0);
        }
        bring_to(&ends, state);
        sleep_ms(20);
        const int64_t before_ms = cpu_ms();
        sleep_ms(120);
        CHECK(cpu_ms() - before_ms < 30);
        ends_close(&ends);
    }
}

#define LAST_BYTES ((size_t)150000)

/* A broker that reads everything, and then hangs up. */
static void *read_last_words(void *context)
{
    int *fd = context;
    char byte = 0;
    bool *is_fine = malloc(sizeof *is_fine);
    if (is_fine != NULL)
        *is_fine = read_stream(*fd, 0, LAST_BYTES, LAST_BYTES) && read_once(*fd, &byte, 1) == 0;
    (void)close(*fd);
    *fd = -1;
    return is_fine;
}

static void test_link_close_sends_what_was_written(void)
{
    struct link_ends ends;
    pthread_t reading;
    void *is_fine = NULL;
    ends_open(&ends, 0);
    CHECK(write_stream(ends.client, 0, LAST_BYTES, LAST_BYTES));
    REQUIRE(pthread_create(&reading, NULL, read_last_words, &ends.broker) == 0);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    mqc__link_close(ends.link);
    mqc__link_close(ends.link);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 900);
    (void)pthread_join(reading, &is_fine);
    CHECK(is_fine != NULL && *(bool *)is_fine);
    check_no_failure(ends.link);
    free(is_fine);
    ends_close(&ends);
}

static void test_link_close_broker_hangs_up_returns_at_once(void)
{
    struct link_ends ends;
    pthread_t echoing;
    ends_open(&ends, 0);
    REQUIRE(pthread_create(&echoing, NULL, echo, &ends.broker) == 0);
    CHECK(write_stream(ends.client, 0, 1000, 1000));
    const int64_t before_ms = mqc__clock_monotonic_ms();
    mqc__link_close(ends.link);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 500);
    (void)pthread_join(echoing, NULL);
    ends_close(&ends);
}

static void test_link_close_broker_does_not_read_is_bounded(void)
{
    struct link_ends ends;
    ends_open(&ends, 0);
    (void)write_until_full(ends.client);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    mqc__link_close(ends.link);
    const int64_t taken_ms = mqc__clock_monotonic_ms() - before_ms;
    CHECK(taken_ms >= 900 && taken_ms < 2000);
    ends_close(&ends);
}

static void test_link_close_without_client_returns_at_once(void)
{
    uint16_t port = 0;
    const int listener = listen_at(0, 0, 8, &port);
    struct mqc__link_options options = plain_options(port);
    struct mqc__link *link = NULL;
    const char *tag = NULL;
    REQUIRE(mqc__link_open(&options, &link, &tag, NULL) == MQC_OK);
    CHECK(tag == NULL);
    CHECK_CONTAINS(mqc__link_description(link), "127.0.0.1:");
    const uint16_t link_port = mqc__link_port(link);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    mqc__link_free(&link);
    CHECK(link == NULL);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 500);
    CHECK_INT(connect_to(link_port), -1);
    mqc__link_free(&link);
    (void)close(listener);
}

static void *swallow(void *context)
{
    static char bytes[50000];
    while (read_once(*(const int *)context, bytes, sizeof bytes) > 0) {
    }
    return NULL;
}

/* What the MQTT library needs: it writes a message in one piece, however large, and a read that
 * finds nothing does not wait. */
static void test_link_client_end_is_prepared(void)
{
    struct link_ends ends;
    pthread_t reading;
    ends_open(&ends, 0);
    int value = 0;
    socklen_t size = sizeof value;
    CHECK(getsockopt(ends.client, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0 && value != 0);
    char byte = 0;
    const int64_t before_ms = mqc__clock_monotonic_ms();
    CHECK_INT(recv(ends.client, &byte, 1, 0), -1);
    CHECK_INT(errno, EAGAIN);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 100);
    const size_t large = (size_t)8 * 1024 * 1024;
    char *bytes = calloc(1, large);
    REQUIRE(bytes != NULL);
    REQUIRE(pthread_create(&reading, NULL, swallow, &ends.broker) == 0);
    CHECK_INT(send(ends.client, bytes, large, MSG_NOSIGNAL), large);
    free(bytes);
    (void)shutdown(ends.client, SHUT_WR);
    (void)pthread_join(reading, NULL);
    ends_close(&ends);
}

static void test_link_open_broker_refuses_says_so(void)
{
    struct mqc__link_options options = plain_options(unused_port());
    struct mqc__link *link = NULL;
    const char *tag = NULL;
    struct mqc_error_info info;
    CHECK_INT(mqc__link_open(&options, &link, &tag, &info), MQC_ECONNECT);
    CHECK(link == NULL);
    CHECK_TEXT(tag, "connect_failed");
    CHECK_CONTAINS(info.text, "127.0.0.1:");
    CHECK_CONTAINS(info.text, "connection refused");
    CHECK_CONTAINS(info.place, "127.0.0.1:");
}

static void test_link_open_host_unknown_says_so(void)
{
    struct mqc__link_options options = plain_options(1883);
    options.host = "no such host.invalid";
    struct mqc__link *link = NULL;
    const char *tag = NULL;
    struct mqc_error_info info;
    CHECK(mqc__link_open(&options, &link, &tag, &info) != MQC_OK);
    CHECK(link == NULL);
    CHECK_TEXT(tag, "resolve_failed");
    CHECK_CONTAINS(info.text, "no such host.invalid");
}

static void test_link_leaves_no_descriptors(void)
{
    struct link_ends ends;
    const size_t before = descriptor_count();
    for (int i = 0; i < 5; i++) {
        ends_open(&ends, 0);
        CHECK(write_stream(ends.client, 0, 10, 10));
        ends_close(&ends);
        test_link_open_broker_refuses_says_so();
        test_link_close_without_client_returns_at_once();
    }
    CHECK_UNSIGNED(descriptor_count(), before);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"echo keeps every byte", test_link_echo_keeps_every_byte},
        {"small messages", test_link_small_messages_go_both_ways},
        {"client half-closes", test_link_client_half_closes_broker_answers},
        {"broker closes", test_link_broker_closes_last_words_arrive},
        {"broker resets", test_link_broker_resets_last_words_arrive},
        {"broker resets on a write", test_link_broker_resets_while_client_writes_last_words_arrive},
        {"client resets", test_link_client_resets_broker_sees_last_words_and_the_end},
        {"broker does not read", test_link_broker_does_not_read_memory_is_bounded},
        {"client does not read", test_link_client_does_not_read_memory_is_bounded},
        {"at rest", test_link_at_rest_uses_no_processor},
        {"close sends", test_link_close_sends_what_was_written},
        {"close, broker hangs up", test_link_close_broker_hangs_up_returns_at_once},
        {"close, broker does not read", test_link_close_broker_does_not_read_is_bounded},
        {"close without client", test_link_close_without_client_returns_at_once},
        {"client end", test_link_client_end_is_prepared},
        {"broker refuses", test_link_open_broker_refuses_says_so},
        {"host unknown", test_link_open_host_unknown_says_so},
        {"descriptors", test_link_leaves_no_descriptors},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.link", tests);
}
