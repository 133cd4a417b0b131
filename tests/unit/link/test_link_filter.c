/* A link whose client's bytes pass a filter, which holds some of them back. */
#include "test_link_support.h"
#include "test_tls_pair.h"

#include "base/clock.h"
#include "link/relay_wire_priv.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_BYTES ((size_t)3 * 1024 * 1024)
#define HELD_MAX ((size_t)1000000)

/* Holds every 'H' back until it is told to let so many go; fails at a '!'. */
struct holder {
    pthread_mutex_t mutex; /* guards the rest */
    size_t held;
    size_t allowed;
    size_t calls;
    bool fails_at_mark;
    bool passes_all;
};

static void let_out(struct holder *holder, size_t spare, struct mqc__link_outgoing *out)
{
    while (holder->held != 0 && holder->allowed != 0 && spare != 0) {
        out->bytes[out->size++] = 'H';
        holder->held--;
        holder->allowed--;
        spare--;
    }
    out->has_more = holder->held != 0 && holder->allowed != 0;
}

static bool hold(void *context, struct mqc_view in, struct mqc__link_outgoing *out)
{
    struct holder *holder = context;
    bool is_fine = true;
    pthread_mutex_lock(&holder->mutex);
    holder->calls++;
    CHECK(in.size == 0 || out->capacity > in.size);
    for (size_t i = 0; i < in.size; i++) {
        is_fine = is_fine && (in.data[i] != '!' || !holder->fails_at_mark);
        if (in.data[i] == 'H' && !holder->passes_all)
            holder->held++;
        else
            out->bytes[out->size++] = (unsigned char)in.data[i];
    }
    let_out(holder, out->capacity - out->size, out);
    pthread_mutex_unlock(&holder->mutex);
    return is_fine;
}

static struct mqc__link_options filter_options(struct holder *holder)
{
    struct mqc__link_options options = plain_options(0);
    *holder = (struct holder){.mutex = PTHREAD_MUTEX_INITIALIZER};
    options.is_relay = false;
    options.filter = (struct mqc__link_filter){.context = holder, .pass = hold};
    return options;
}

static void allow(struct holder *holder, struct mqc__link *link, size_t count)
{
    pthread_mutex_lock(&holder->mutex);
    holder->allowed += count;
    pthread_mutex_unlock(&holder->mutex);
    mqc__link_wake(link);
}

static void await_held(struct holder *holder, size_t count)
{
    const int64_t until_ms = mqc__clock_monotonic_ms() + 30000;
    size_t held = 0;
    while (held != count && mqc__clock_monotonic_ms() < until_ms) {
        sleep_ms(1);
        pthread_mutex_lock(&holder->mutex);
        held = holder->held;
        pthread_mutex_unlock(&holder->mutex);
    }
    CHECK_UNSIGNED(held, count);
}

static void write_text(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect_text(int fd, const char *text)
{
    char bytes[100] = "";
    size_t size = 0;
    while (size < strlen(text)) {
        const long got = read_once(fd, bytes + size, sizeof bytes - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    CHECK_TEXT(bytes, text);
}

static void test_link_filter_holds_back_until_woken(void)
{
    struct link_ends ends;
    struct holder holder;
    ends_open_with(&ends, filter_options(&holder));
    write_text(ends.client, "aHbHHc");
    expect_text(ends.broker, "abc");
    allow(&holder, ends.link, 2);
    expect_text(ends.broker, "HH");
    write_text(ends.client, "d");
    expect_text(ends.broker, "d");
    allow(&holder, ends.link, 3);
    expect_text(ends.broker, "H");
    write_text(ends.client, "HHHe");
    expect_text(ends.broker, "eHH");
    struct mqc__link_stats stats = {0};
    /* They are counted a moment after they are sent. */
    for (int i = 0; i < 30000 && stats.broker_out_bytes < 10; i++) {
        sleep_ms(1);
        mqc__link_stats(ends.link, &stats);
    }
    CHECK_UNSIGNED(stats.client_in_bytes, 11);
    CHECK_UNSIGNED(stats.broker_out_bytes, 10);
    write_text(ends.broker, "HaH");
    expect_text(ends.client, "HaH");
    ends_close(&ends);
}

/* The client must not get the broker's socket, which would lead past the filter. */
static void test_link_filter_is_never_passed_by(void)
{
    struct link_ends ends;
    struct holder holder;
    ends_open_with(&ends, filter_options(&holder));
    for (size_t i = 1; i <= 200; i++) {
        write_text(ends.client, "Hx");
        expect_text(ends.broker, "x");
        await_held(&holder, i);
    }
    CHECK(holder.calls >= 1);
    ends_close(&ends);
}

/* Far more than there is room for at once, while the broker does not read. */
static void test_link_filter_lets_out_more_than_there_is_room_for(void)
{
    struct link_ends ends;
    struct holder holder;
    static char bytes[50000];
    ends_open_with(&ends, filter_options(&holder));
    memset(bytes, 'H', sizeof bytes);
    for (size_t sent = 0; sent < HELD_MAX; sent += sizeof bytes)
        CHECK_INT(send(ends.client, bytes, sizeof bytes, MSG_NOSIGNAL), sizeof bytes);
    await_held(&holder, HELD_MAX);
    allow(&holder, ends.link, HELD_MAX);
    write_text(ends.client, "end");
    size_t size = 0;
    size_t held = 0;
    while (size < HELD_MAX + 3) {
        const long got = read_once(ends.broker, bytes, sizeof bytes);
        if (!CHECK(got > 0))
            break;
        for (long i = 0; i < got; i++)
            held += bytes[i] == 'H' ? 1 : 0;
        size += (size_t)got;
    }
    CHECK_UNSIGNED(size, HELD_MAX + 3);
    CHECK_UNSIGNED(held, HELD_MAX);
    ends_close(&ends);
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

static void test_link_filter_keeps_every_byte(void)
{
    struct link_ends ends;
    struct holder holder;
    pthread_t writing;
    void *is_fine = NULL;
    char byte = 0;
    struct mqc__link_options options = filter_options(&holder);
    holder.passes_all = true;
    options.buffer_bytes = 1;
    ends_open_with(&ends, options);
    REQUIRE(pthread_create(&writing, NULL, write_all, &ends.client) == 0);
    CHECK(read_stream(ends.broker, 0, STREAM_BYTES, 70000));
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    (void)pthread_join(writing, &is_fine);
    CHECK(is_fine != NULL && *(bool *)is_fine);
    free(is_fine);
    ends_close(&ends);
}

static void test_link_filter_that_fails_ends_the_connection(void)
{
    struct link_ends ends;
    struct holder holder;
    struct mqc__link_failure failure;
    char byte = 0;
    struct mqc__link_options options = filter_options(&holder);
    holder.fails_at_mark = true;
    ends_open_with(&ends, options);
    write_text(ends.client, "ab");
    expect_text(ends.broker, "ab");
    write_text(ends.client, "!");
    CHECK(read_once(ends.client, &byte, 1) <= 0);
    CHECK(mqc__link_failure(ends.link, &failure));
    CHECK_TEXT(failure.tag, "link_failed");
    while (read_once(ends.broker, &byte, 1) > 0)
        continue;
    mqc__link_wake(ends.link);
    ends_close(&ends);
}

/* What was let go is sent before the end is passed on; what was not goes with the connection. */
static void test_link_filter_end_of_the_client_is_passed_on(void)
{
    struct link_ends ends;
    struct holder holder;
    char byte = 0;
    ends_open_with(&ends, filter_options(&holder));
    write_text(ends.client, "HHa");
    expect_text(ends.broker, "a");
    allow(&holder, ends.link, 1);
    expect_text(ends.broker, "H");
    (void)shutdown(ends.client, SHUT_WR);
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    allow(&holder, ends.link, 1);
    ends_close(&ends);
}

static void test_link_filter_wake_without_a_filter_does_nothing(void)
{
    struct link_ends ends;
    ends_open(&ends, 0);
    mqc__link_wake(ends.link);
    write_text(ends.client, "abc");
    expect_text(ends.broker, "abc");
    ends_close(&ends);
}

/* A server of TLS that sends back what it reads, on a thread of its own. */
struct server {
    struct mqc__tls_config *config;
    int listener;
    struct mqc__wire wire;
    pthread_t thread;
};

static bool send_back(struct mqc__wire *wire, const unsigned char *bytes, size_t size)
{
    size_t total = 0;
    while (total < size) {
        size_t moved = 0;
        const enum mqc__wire_status status =
            mqc__wire_write(wire, mqc_view_bytes(bytes + total, size - total), &moved);
        total += moved;
        if (status == MQC__WIRE_BLOCKED && await_ready(wire->fd, POLLOUT))
            mqc__wire_polled(wire, POLLOUT);
        else if (status != MQC__WIRE_OK)
            return false;
    }
    while (wire->is_write_blocked && await_ready(wire->fd, POLLOUT))
        mqc__wire_polled(wire, POLLOUT);
    return true;
}

static void *serve(void *context)
{
    struct server *server = context;
    static unsigned char bytes[20000];
    struct mqc__tls *tls = NULL;
    mqc__wire_init(&server->wire,
                   accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (mqc__tls_new(server->config, NULL, NULL, &tls, NULL) != MQC_OK ||
        mqc__wire_tls_init(&server->wire, tls) != MQC_OK ||
        mqc__wire_tls_handshake(&server->wire, mqc__clock_monotonic_ms() + 5000) != MQC__WIRE_OK)
        return NULL;
    for (;;) {
        size_t moved = 0;
        const enum mqc__wire_status status =
            mqc__wire_read(&server->wire, bytes, sizeof bytes, &moved);
        if (status == MQC__WIRE_BLOCKED && await_ready(server->wire.fd, POLLIN))
            continue;
        if (status != MQC__WIRE_OK || !send_back(&server->wire, bytes, moved))
            break;
    }
    (void)mqc__wire_finish(&server->wire);
    mqc__wire_hang_up(&server->wire);
    return NULL;
}

static void test_link_filter_works_under_tls(void)
{
    struct server server = {0};
    struct holder holder;
    struct mqc__link *link = NULL;
    const char *tag = NULL;
    uint16_t port = 0;
    const struct mqc__tls_options server_options = tls_server_options("server");
    const struct mqc__tls_options client_options = tls_client_options(NULL);
    server.config = tls_config(&server_options);
    server.listener = listen_at(0, 0, 4, &port);
    REQUIRE(pthread_create(&server.thread, NULL, serve, &server) == 0);
    struct mqc__link_options options = filter_options(&holder);
    options.port = port;
    options.tls = tls_config(&client_options);
    REQUIRE(mqc__link_open(&options, &link, &tag, NULL) == MQC_OK);
    int client = connect_to(mqc__link_port(link));
    REQUIRE(client >= 0);
    write_text(client, "aHbHHc");
    expect_text(client, "abc");
    for (int i = 0; i < 3; i++) {
        allow(&holder, link, 1);
        expect_text(client, "H");
    }
    write_text(client, "HHd");
    expect_text(client, "d");
    allow(&holder, link, 2);
    expect_text(client, "HH");
    (void)close(client);
    mqc__link_free(&link);
    (void)pthread_join(server.thread, NULL);
    mqc__wire_fini(&server.wire);
    mqc__tls_config_unref(&options.tls);
    mqc__tls_config_unref(&server.config);
    (void)close(server.listener);
}

int main(void)
{
#define TEST(name) {#name, test_link_filter_##name}
    CU_TestInfo tests[] = {
        TEST(holds_back_until_woken),
        TEST(is_never_passed_by),
        TEST(lets_out_more_than_there_is_room_for),
        TEST(keeps_every_byte),
        TEST(that_fails_ends_the_connection),
        TEST(end_of_the_client_is_passed_on),
        TEST(wake_without_a_filter_does_nothing),
        TEST(works_under_tls),
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.link_filter", tests);
}
