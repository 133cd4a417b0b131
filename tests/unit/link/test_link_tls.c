/* A link with TLS, against a server of the same engine and against servers that misbehave. */
#include "test_link_support.h"
#include "test_tls_pair.h"

#include "base/clock.h"
#include "link/relay_wire_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_BYTES ((size_t)6 * 1024 * 1024)
#define WORDS_BYTES ((size_t)40000)

enum manner {
    ECHOES,          /* until the peer says good-bye; then says it too */
    LISTENS,         /* the same without echo */
    SAYS_LAST_WORDS, /* writes WORDS_BYTES, a good-bye, and hangs up */
    DROPS_OUT,       /* writes WORDS_BYTES and hangs up without a good-bye */
    DOES_NOT_READ,   /* after the handshake, until it is freed */
    NEVER_ANSWERS,   /* not even the handshake */
    HANGS_UP,        /* in the middle of the handshake */
    SPEAKS_PLAIN,    /* in the middle of the handshake */
    RESETS,          /* in the middle of the handshake */
};

/* A server for one connection, on a thread of its own. */
struct server {
    enum manner manner;
    struct mqc__tls_config *config;
    int listener;
    uint16_t port;
    pthread_t thread;
    struct mqc__wire wire;
    bool is_resumed;
    bool has_said_good_bye; /* the client */
    uint64_t received;
};

static bool send_all(struct mqc__wire *wire, struct mqc_view bytes)
{
    size_t moved = 0;
    enum mqc__wire_status status = mqc__wire_write(wire, bytes, &moved);
    size_t total = moved;
    while (status == MQC__WIRE_BLOCKED && await_ready(wire->fd, POLLOUT)) {
        mqc__wire_polled(wire, POLLOUT);
        status =
            mqc__wire_write(wire, mqc_view_bytes(bytes.data + total, bytes.size - total), &moved);
        total += moved;
    }
    return status == MQC__WIRE_OK && total == bytes.size;
}

static bool flush(struct mqc__wire *wire)
{
    while (wire->is_write_blocked) {
        if (!await_ready(wire->fd, POLLOUT))
            return false;
        mqc__wire_polled(wire, POLLOUT);
    }
    return true;
}

static void serve_reads(struct server *server)
{
    static unsigned char bytes[30000];
    for (;;) {
        size_t moved = 0;
        const enum mqc__wire_status status =
            mqc__wire_read(&server->wire, bytes, sizeof bytes, &moved);
        server->received += moved;
        if (status == MQC__WIRE_BLOCKED && await_ready(server->wire.fd, POLLIN))
            continue;
        server->has_said_good_bye = status == MQC__WIRE_ENDED;
        if (status != MQC__WIRE_OK ||
            (server->manner == ECHOES && !send_all(&server->wire, mqc_view_bytes(bytes, moved))))
            break;
    }
    (void)flush(&server->wire);
    (void)mqc__wire_finish(&server->wire);
}

static void serve_words(struct server *server)
{
    static unsigned char words[WORDS_BYTES];
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = stream_byte(i);
    (void)send_all(&server->wire, mqc_view_bytes(words, sizeof words));
    (void)flush(&server->wire);
    if (server->manner == SAYS_LAST_WORDS)
        (void)mqc__wire_finish(&server->wire);
}

/* What a server does that speaks no TLS; false: it does. */
static bool misbehave(struct server *server)
{
    static const char plain[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    char hello[4096];
    switch (server->manner) {
    case HANGS_UP:
    case RESETS: (void)read_once(server->wire.fd, hello, sizeof hello); break;
    case SPEAKS_PLAIN:
        (void)read_once(server->wire.fd, hello, sizeof hello);
        (void)send(server->wire.fd, plain, sizeof plain - 1, MSG_NOSIGNAL);
        break;
    case NEVER_ANSWERS:
        while (read_once(server->wire.fd, hello, sizeof hello) > 0) {
        }
        break;
    default: return false;
    }
    if (server->manner == RESETS)
        reset_connection(&server->wire.fd);
    return true;
}

static void serve(struct server *server)
{
    struct mqc__tls *tls = NULL;
    if (mqc__tls_new(server->config, NULL, NULL, &tls, NULL) != MQC_OK ||
        mqc__wire_tls_init(&server->wire, tls) != MQC_OK ||
        mqc__wire_tls_handshake(&server->wire, mqc__clock_monotonic_ms() + 5000) != MQC__WIRE_OK)
        return;
    server->is_resumed = mqc__tls_is_resumed(tls);
    if (server->manner == ECHOES || server->manner == LISTENS)
        serve_reads(server);
    else if (server->manner != DOES_NOT_READ)
        serve_words(server);
}

static void *run_server(void *context)
{
    struct server *server = context;
    const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    mqc__wire_init(&server->wire, fd);
    if (!misbehave(server))
        serve(server);
    if (server->manner != DOES_NOT_READ)
        mqc__wire_hang_up(&server->wire);
    return NULL;
}

static void server_start(struct server *server, enum manner manner, const char *identity)
{
    const struct mqc__tls_options options = tls_server_options(identity);
    *server = (struct server){.manner = manner, .config = tls_config(&options)};
    server->listener = listen_at(0, 0, 4, &server->port);
    REQUIRE(pthread_create(&server->thread, NULL, run_server, server) == 0);
}

static void server_join(struct server *server)
{
    (void)pthread_join(server->thread, NULL);
}

static void server_fini(struct server *server)
{
    mqc__wire_fini(&server->wire);
    mqc__tls_config_unref(&server->config);
    (void)close(server->listener);
}

static enum mqc_error open_link(const struct server *server, struct mqc__tls_config *config,
                                struct mqc__link **link_out, const char **tag_out,
                                struct mqc_error_info *info)
{
    struct mqc__link_options options = plain_options(server->port);
    options.tls = config;
    return mqc__link_open(&options, link_out, tag_out, info);
}

struct side {
    struct mqc__tls_config *config;
    struct mqc__link *link;
    int client;
};

static void side_open(struct side *side, const struct server *server)
{
    const struct mqc__tls_options options = tls_client_options(NULL);
    const char *tag = NULL;
    struct mqc_error_info info = {.text = ""};
    side->config = tls_config(&options);
    const enum mqc_error error = open_link(server, side->config, &side->link, &tag, &info);
    CHECK_TEXT(info.text, "");
    REQUIRE(error == MQC_OK);
    side->client = connect_to(mqc__link_port(side->link));
    REQUIRE(side->client >= 0);
}

static void side_close(struct side *side)
{
    if (side->client >= 0)
        (void)close(side->client);
    mqc__link_free(&side->link);
    mqc__tls_config_unref(&side->config);
}

static void *write_all(void *context)
{
    const int fd = *(const int *)context;
    (void)write_stream(fd, 0, STREAM_BYTES, 90000);
    return NULL;
}

static void test_link_tls_echo_keeps_every_byte(void)
{
    struct server server;
    struct side side;
    pthread_t writing;
    char byte = 0;
    server_start(&server, ECHOES, "server");
    side_open(&side, &server);
    CHECK_CONTAINS(mqc__link_description(side.link), "TLS");
    REQUIRE(pthread_create(&writing, NULL, write_all, &side.client) == 0);
    CHECK(read_stream(side.client, 0, STREAM_BYTES, 70000));
    (void)pthread_join(writing, NULL);
    (void)shutdown(side.client, SHUT_WR);
    CHECK_INT(read_once(side.client, &byte, 1), 0);
    struct mqc__link_stats stats;
    mqc__link_stats(side.link, &stats);
    CHECK_UNSIGNED(stats.client_in_bytes, STREAM_BYTES);
    CHECK_UNSIGNED(stats.client_out_bytes, STREAM_BYTES);
    CHECK(stats.broker_out_bytes > STREAM_BYTES && stats.broker_out_bytes < STREAM_BYTES * 11 / 10);
    CHECK(stats.broker_in_bytes > STREAM_BYTES && stats.broker_in_bytes < STREAM_BYTES * 11 / 10);
    struct mqc__link_failure failure;
    CHECK(!mqc__link_failure(side.link, &failure));
    side_close(&side);
    server_join(&server);
    CHECK(server.has_said_good_bye);
    server_fini(&server);
}

static void test_link_tls_broker_ends_last_words_arrive(void)
{
    static const struct {
        enum manner manner;
        const char *tag;
    } cases[] = {{SAYS_LAST_WORDS, "connection_closed"}, {DROPS_OUT, "tls_closed"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server;
        struct side side;
        char byte = 0;
        struct mqc__link_failure failure = {.tag = NULL};
        server_start(&server, cases[i].manner, "server");
        side_open(&side, &server);
        CHECK(read_stream(side.client, 0, WORDS_BYTES, 1000));
        CHECK_INT(read_once(side.client, &byte, 1), 0);
        CHECK(mqc__link_failure(side.link, &failure));
        CHECK_TEXT(failure.tag, cases[i].tag);
        side_close(&side);
        server_join(&server);
        server_fini(&server);
    }
}

static void test_link_tls_close_sends_what_was_written(void)
{
    struct server server;
    struct side side;
    server_start(&server, LISTENS, "server");
    side_open(&side, &server);
    CHECK(write_stream(side.client, 0, WORDS_BYTES, WORDS_BYTES));
    /* Else the link would not know it for its client. */
    while ((fcntl(side.client, F_GETFL) & O_NONBLOCK) != 0)
        sleep_ms(1);
    reset_connection(&side.client);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    mqc__link_close(side.link);
    CHECK(mqc__clock_monotonic_ms() - before_ms < 900);
    server_join(&server);
    CHECK_UNSIGNED(server.received, WORDS_BYTES);
    CHECK(server.has_said_good_bye);
    side_close(&side);
    server_fini(&server);
}

static void test_link_tls_broker_does_not_read_no_processor_is_used(void)
{
    struct server server;
    struct side side;
    static const char zeros[100000];
    server_start(&server, DOES_NOT_READ, "server");
    side_open(&side, &server);
    (void)fcntl(side.client, F_SETFL, O_NONBLOCK);
    size_t total = 0;
    for (int idle = 0; idle < 20;) {
        const ssize_t sent = send(side.client, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
        total += sent > 0 ? (size_t)sent : 0;
        idle = sent > 0 ? 0 : idle + 1;
        sleep_ms(sent > 0 ? 0 : 5);
    }
    struct mqc__link_stats stats;
    mqc__link_stats(side.link, &stats);
    CHECK(stats.client_in_bytes < total);
    CHECK(stats.client_in_bytes < stats.broker_out_bytes + (size_t)1024 * 1024);
    const int64_t before_ms = cpu_ms();
    sleep_ms(200);
    CHECK(cpu_ms() - before_ms < 40);
    server_join(&server);
    mqc__wire_hang_up(&server.wire);
    side_close(&side);
    server_fini(&server);
}

static void test_link_tls_at_rest_uses_no_processor(void)
{
    struct server server;
    struct side side;
    server_start(&server, ECHOES, "server");
    side_open(&side, &server);
    char byte = 0;
    CHECK_INT(send(side.client, "x", 1, MSG_NOSIGNAL), 1);
    CHECK_INT(read_once(side.client, &byte, 1), 1);
    const int64_t before_ms = cpu_ms();
    sleep_ms(200);
    CHECK(cpu_ms() - before_ms < 40);
    side_close(&side);
    server_join(&server);
    server_fini(&server);
}

static void test_link_tls_handshake_fails_says_why(void)
{
    static const struct {
        enum manner manner;
        const char *identity;
        const char *tag;
        const char *words;
    } cases[] = {
        {ECHOES, "stranger-server", "tls_untrusted", "TLS handshake with 127.0.0.1 (127.0.0.1:"},
        {ECHOES, "other-name", "tls_wrong_name", "TLS handshake with 127.0.0.1"},
        {ECHOES, "expired", "tls_expired", "TLS handshake with 127.0.0.1"},
        {SPEAKS_PLAIN, "server", "tls_not_tls", "TLS handshake with 127.0.0.1"},
        {HANGS_UP, "server", "tls_closed", "TLS handshake with 127.0.0.1"},
        {RESETS, "server", "tls_closed", "reset"},
        {NEVER_ANSWERS, "server", "tls_timeout", "check that this is the broker's port for TLS"},
    };
    const struct mqc__tls_options options = tls_client_options(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server;
        struct mqc__link *link = NULL;
        const char *tag = NULL;
        struct mqc_error_info info = {.text = ""};
        struct mqc__tls_config *config = tls_config(&options);
        server_start(&server, cases[i].manner, cases[i].identity);
        struct mqc__link_options wanted = plain_options(server.port);
        wanted.tls = config;
        if (cases[i].manner == NEVER_ANSWERS)
            wanted.connect_timeout_ms = 150;
        const int64_t before_ms = mqc__clock_monotonic_ms();
        CHECK(mqc__link_open(&wanted, &link, &tag, &info) != MQC_OK);
        CHECK(mqc__clock_monotonic_ms() - before_ms < 1000);
        CHECK(link == NULL);
        CHECK_TEXT(tag, cases[i].tag);
        CHECK_CONTAINS(info.text, cases[i].words);
        CHECK_CONTAINS(info.place, "127.0.0.1:");
        server_join(&server);
        server_fini(&server);
        mqc__tls_config_unref(&config);
    }
}

static void test_link_tls_server_name_is_what_counts(void)
{
    struct server server;
    struct mqc__link *link = NULL;
    const char *tag = NULL;
    const struct mqc__tls_options options = tls_client_options(NULL);
    struct mqc__tls_config *config = tls_config(&options);
    server_start(&server, ECHOES, "other-name");
    struct mqc__link_options wanted = plain_options(server.port);
    wanted.tls = config;
    wanted.server_name = "other.test";
    CHECK_INT(mqc__link_open(&wanted, &link, &tag, NULL), MQC_OK);
    mqc__link_free(&link);
    server_join(&server);
    server_fini(&server);
    mqc__tls_config_unref(&config);
}

/* One connection, which offers what the one before has left. */
static bool visit(struct mqc__tls_config *client, struct mqc__tls_config *config,
                  struct mqc__tls_session **session)
{
    struct server server = {.manner = ECHOES, .config = mqc__tls_config_ref(config)};
    server.listener = listen_at(0, 0, 4, &server.port);
    REQUIRE(pthread_create(&server.thread, NULL, run_server, &server) == 0);
    struct mqc__link_options options = plain_options(server.port);
    options.tls = client;
    options.tls_session = *session;
    struct mqc__link *link = NULL;
    const char *tag = NULL;
    REQUIRE(mqc__link_open(&options, &link, &tag, NULL) == MQC_OK);
    mqc__tls_session_free(session);
    CHECK_INT(mqc__link_tls_session(link, session), MQC_ENOTFOUND);
    const int fd = connect_to(mqc__link_port(link));
    char byte = 0;
    CHECK_INT(send(fd, "x", 1, MSG_NOSIGNAL), 1);
    CHECK_INT(read_once(fd, &byte, 1), 1);
    (void)close(fd);
    mqc__link_close(link);
    CHECK_INT(mqc__link_tls_session(link, session), MQC_OK);
    mqc__link_free(&link);
    server_join(&server);
    server_fini(&server);
    return server.is_resumed;
}

static void test_link_tls_session_is_resumed(void)
{
    const struct mqc__tls_options client_options = tls_client_options(NULL);
    const struct mqc__tls_options server_options = tls_server_options("server");
    struct mqc__tls_config *client = tls_config(&client_options);
    struct mqc__tls_config *config = tls_config(&server_options);
    struct mqc__tls_session *session = NULL;
    CHECK(!visit(client, config, &session));
    CHECK(visit(client, config, &session));
    mqc__tls_session_free(&session);
    mqc__tls_config_unref(&client);
    mqc__tls_config_unref(&config);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"echo", test_link_tls_echo_keeps_every_byte},
        {"broker ends", test_link_tls_broker_ends_last_words_arrive},
        {"close sends", test_link_tls_close_sends_what_was_written},
        {"broker does not read", test_link_tls_broker_does_not_read_no_processor_is_used},
        {"at rest", test_link_tls_at_rest_uses_no_processor},
        {"handshake fails", test_link_tls_handshake_fails_says_why},
        {"server name", test_link_tls_server_name_is_what_counts},
        {"session", test_link_tls_session_is_resumed},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.link_tls", tests);
}
