/* Against OpenSSL: a server that shares nothing with ours. */
#include "test_tls_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 10000
#define ARGUMENTS_MAX 32

struct server {
    pid_t process;
    char path[128];
};

/* Splits `arguments` at blanks and starts openssl s_server with them, which returns each line
 * turned round. */
static void server_start(struct server *server, const char *arguments)
{
    char text[512];
    /* OpenSSL 3.0 fails with a longer path. */
    const char *words[ARGUMENTS_MAX] = {"openssl", "s_server", "-unix", "socket",
                                        "-unlink", "-rev",     "-quiet"};
    size_t count = 7;
    (void)snprintf(server->path, sizeof server->path, "%s/socket", tls_certs.folder);
    (void)unlink(server->path);
    (void)snprintf(text, sizeof text, "%s", arguments);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count + 1 < ARGUMENTS_MAX;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    server->process = fork();
    REQUIRE(server->process >= 0);
    if (server->process > 0)
        return;
    if (chdir(tls_certs.folder) != 0)
        _exit(127);
    const int log = open("server.log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    (void)dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    (void)dup2(log, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    (void)execvp(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

static void server_stop(struct server *server)
{
    (void)kill(server->process, SIGKILL);
    while (waitpid(server->process, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* Connects as soon as the server listens; -1 when it never does. */
static int server_connect(const struct server *server)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", server->path);
    for (int waited_ms = 0; waited_ms < TIMEOUT_MS; waited_ms += 2) {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
            return fd;
        (void)close(fd);
        (void)nanosleep(&pause, NULL);
    }
    return -1;
}

static void send_output(int fd, struct mqc__tls *tls)
{
    struct mqc_view output = mqc__tls_output(tls);
    while (output.size > 0) {
        const ssize_t sent = send(fd, output.data, output.size, MSG_NOSIGNAL);
        mqc__tls_output_taken(tls, sent > 0 ? (size_t)sent : output.size);
        output = mqc__tls_output(tls);
    }
}

/* Waits for bytes or the end; false when neither comes. */
static bool receive_input(int fd, struct mqc__tls *tls)
{
    char bytes[4096];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, TIMEOUT_MS) != 1)
        return false;
    const ssize_t size = recv(fd, bytes, sizeof bytes, 0);
    if (size <= 0)
        mqc__tls_input_end(tls);
    else
        CHECK_UNSIGNED(mqc__tls_input(tls, mqc_view_bytes(bytes, (size_t)size)), size);
    return true;
}

/* Shakes hands, has a line turned round, and says how far that came. */
static const char *converse(int fd, struct mqc__tls *tls)
{
    char answer[16];
    size_t size = 0;
    enum mqc__tls_status status = MQC__TLS_WANTS_INPUT;
    while ((status = mqc__tls_step(tls)) == MQC__TLS_WANTS_INPUT) {
        send_output(fd, tls);
        if (!receive_input(fd, tls))
            return "timeout";
    }
    if (status == MQC__TLS_ESTABLISHED)
        (void)mqc__tls_write(tls, mqc_view_text("stressed\n"), &size);
    while (status != MQC__TLS_FAILED &&
           (status = mqc__tls_read(tls, answer, sizeof answer, &size)) == MQC__TLS_WANTS_INPUT) {
        send_output(fd, tls);
        if (!receive_input(fd, tls))
            return "timeout";
    }
    send_output(fd, tls);
    if (status == MQC__TLS_ESTABLISHED)
        CHECK_VIEW_TEXT(mqc_view_bytes(answer, size), "desserts\n");
    return tls_state(tls);
}

#define GOOD "-cert server.pem -key server.key"
#define MUTUAL GOOD " -Verify 1 -verify_return_error -CAfile ca.pem"

static const struct peer_case {
    const char *server;
    const char *name;
    const char *client; /* its certificate */
    const char *crl;
    const char *state;
    const char *text;
} cases[] = {
    {GOOD, "broker.test", NULL, NULL, "established", ""},
    {GOOD " -tls1_2", "broker.test", NULL, "crl.pem", "established", ""},
    {GOOD, "127.0.0.1", NULL, NULL, "established", ""},
    {GOOD, "::1", NULL, NULL, "established", ""},
    {"-cert rsa.pem -key rsa.key", "localhost", NULL, NULL, "established", ""},
    {"-cert below.pem -key below.key -cert_chain chain.pem", "localhost", NULL, NULL, "established",
     ""},
    {GOOD " -tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305", "broker.test", NULL, NULL,
     "established", ""},
    {GOOD " -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", "broker.test", NULL, NULL,
     "established", ""},
    {GOOD " -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", "broker.test", NULL, NULL,
     "established", ""},
    {"-cert rsa.pem -key rsa.key -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384", "broker.test", NULL,
     NULL, "established", ""},
    {GOOD " -cert2 server.pem -key2 server.key -servername broker.test -servername_fatal",
     "broker.test", NULL, NULL, "established", ""},
    {GOOD " -cert2 server.pem -key2 server.key -servername broker.test -servername_fatal",
     "127.0.0.1", NULL, NULL, "established", ""},
    {GOOD " -cert2 server.pem -key2 server.key -servername broker.test -servername_fatal",
     "localhost", NULL, NULL, "tls_wrong_name", "unrecognized name"},
    {"-cert stranger-server.pem -key stranger-server.key", "broker.test", NULL, NULL,
     "tls_untrusted", "Stranger CA"},
    {"-cert below.pem -key below.key", "broker.test", NULL, NULL, "tls_untrusted", "Middle CA"},
    {"-cert expired.pem -key expired.key", "broker.test", NULL, NULL, "tls_expired", "2021-01-01"},
    {"-cert future.pem -key future.key", "broker.test", NULL, NULL, "tls_not_yet_valid",
     "2048-01-01"},
    {"-cert other-name.pem -key other-name.key", "broker.test", NULL, NULL, "tls_wrong_name",
     "DNS:other.test"},
    {"-cert other-address.pem -key other-address.key", "127.0.0.1", NULL, NULL, "tls_wrong_name",
     "IP:192.0.2.7"},
    {"-cert other-address.pem -key other-address.key", "192.0.2.7", NULL, NULL, "established", ""},
    {"-cert common-name.pem -key common-name.key", "127.0.0.1", NULL, NULL, "tls_wrong_name", ""},
    {"-cert revoked.pem -key revoked.key", "broker.test", NULL, "crl.pem", "tls_revoked", ""},
    {GOOD, "broker.test", NULL, "crl-expired.pem", "tls_crl", ""},
    {"-cert client.pem -key client.key", "worker-1", NULL, NULL, "tls_certificate", ""},
    {"-cert weak.pem -key weak.key -cipher DEFAULT@SECLEVEL=0", "broker.test", NULL, NULL,
     "tls_certificate", ""},
    {MUTUAL, "broker.test", "client", NULL, "established", ""},
    {MUTUAL, "broker.test", NULL, NULL, "tls_client_certificate", "we have none"},
    {MUTUAL " -tls1_2", "broker.test", NULL, NULL, "tls_client_certificate", "we have none"},
    {MUTUAL, "broker.test", "stranger-client", NULL, "tls_client_certificate", "unknown CA"},
    {MUTUAL, "broker.test", "expired-client", NULL, "tls_client_certificate",
     "certificate expired"},
    {GOOD " -tls1_1 -cipher DEFAULT@SECLEVEL=0", "broker.test", NULL, NULL, "tls_version", ""},
    {GOOD " -tls1 -cipher DEFAULT@SECLEVEL=0", "broker.test", NULL, NULL, "tls_version", ""},
    {GOOD " -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", "broker.test", NULL, NULL, "tls_ciphers", ""},
    {"-cert rsa.pem -key rsa.key -tls1_2 -cipher AES128-GCM-SHA256", "broker.test", NULL, NULL,
     "tls_ciphers", ""},
};

static const char *connect_with(const struct server *server, struct mqc__tls *tls)
{
    const int fd = server_connect(server);
    REQUIRE(fd >= 0);
    const char *state = converse(fd, tls);
    /* OpenSSL forgets the session of a connection that ends without a good-bye. */
    mqc__tls_close(tls);
    send_output(fd, tls);
    (void)close(fd);
    return state;
}

static void run_case(const struct peer_case *peer)
{
    struct server server;
    struct mqc__tls *tls = NULL;
    struct mqc__tls_options options = tls_client_options(peer->client);
    options.crl_file = peer->crl != NULL ? tls_file(peer->crl) : NULL;
    struct mqc__tls_config *config = tls_config(&options);
    REQUIRE(mqc__tls_new(config, peer->name, NULL, &tls, NULL) == MQC_OK);
    server_start(&server, peer->server);
    const char *state = connect_with(&server, tls);
    if (!CHECK_TEXT(state, peer->state))
        (void)printf("with s_server %s: %s\n", peer->server, mqc__tls_failure(tls)->info.text);
    CHECK_CONTAINS(mqc__tls_failure(tls)->info.text, peer->text);
    server_stop(&server);
    mqc__tls_free(&tls);
    mqc__tls_config_unref(&config);
}

static void test_openssl_table(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run_case(&cases[i]);
}

static const char *connect_options(const char *arguments, const struct mqc__tls_options *options)
{
    struct server server;
    struct mqc__tls *tls = NULL;
    struct mqc__tls_config *config = tls_config(options);
    REQUIRE(mqc__tls_new(config, "broker.test", NULL, &tls, NULL) == MQC_OK);
    mqc__tls_config_unref(&config);
    server_start(&server, arguments);
    const char *state = connect_with(&server, tls);
    if (strcmp(state, "established") == 0 && options->alpn_count > 0)
        CHECK_TEXT(mqc__tls_alpn(tls), options->alpn[0]);
    server_stop(&server);
    mqc__tls_free(&tls);
    return state;
}

static void test_openssl_only_1_3_as_this_mbedtls_can(void)
{
    const struct mqc__tls_options options = tls_client_options(NULL);
    CHECK_TEXT(connect_options(GOOD " -tls1_3", &options),
               tls_has_1_3() ? "established" : "tls_version");
}

static void test_openssl_alpn_agreed_or_refused(void)
{
    static const char *const names[] = {"mqtt"};
    struct mqc__tls_options options = tls_client_options(NULL);
    options.alpn = names;
    options.alpn_count = 1;
    CHECK_TEXT(connect_options(GOOD " -alpn mqtt", &options), "established");
    CHECK_TEXT(connect_options(GOOD " -alpn http/1.1", &options), "tls_alpn");
}

static void test_openssl_psk_right_and_wrong(void)
{
    char *key = NULL;
    size_t size = 0;
    char arguments[256];
    REQUIRE(test_read_file(tls_file("psk"), &key, &size));
    const struct mqc__tls_options options = {.psk_identity = "worker-1",
                                             .psk_file = tls_file("psk")};
    (void)snprintf(arguments, sizeof arguments, "-nocert -psk_identity worker-1 -psk %.*s",
                   (int)strcspn(key, "\n"), key);
    CHECK_TEXT(connect_options(arguments, &options), "established");
    free(key);
    CHECK_TEXT(connect_options("-nocert -tls1_2 -psk_identity worker-1 "
                               "-psk 00112233445566778899aabbccddeeff",
                               &options),
               "tls_psk");
    CHECK_TEXT(connect_options(GOOD " -tls1_2", &options), "tls_psk");
    CHECK_TEXT(connect_options(GOOD, &options), "tls_psk");
}

static void check_resumed(const char *arguments)
{
    struct server server;
    struct mqc__tls_session *session = NULL;
    struct mqc__tls_options options = tls_client_options("client");
    struct mqc__tls_config *config = tls_config(&options);
    server_start(&server, arguments);
    for (int i = 0; i < 3; i++) {
        struct mqc__tls *tls = NULL;
        REQUIRE(mqc__tls_new(config, "broker.test", session, &tls, NULL) == MQC_OK);
        CHECK_TEXT(connect_with(&server, tls), "established");
        CHECK(mqc__tls_is_resumed(tls) == (i > 0));
        mqc__tls_session_free(&session);
        CHECK_INT(mqc__tls_session_save(tls, &session), MQC_OK);
        mqc__tls_free(&tls);
    }
    mqc__tls_session_free(&session);
    server_stop(&server);
    mqc__tls_config_unref(&config);
}

static void test_openssl_session_resumed(void)
{
    check_resumed(MUTUAL);
    check_resumed(GOOD " -tls1_2");
    check_resumed(GOOD " -tls1_2 -no_ticket");
}

/* A peer that answers `bytes` to the first message and closes. */
static const char *meet(struct mqc_view bytes)
{
    int ends[2];
    char hello[4096];
    struct mqc__tls *tls = NULL;
    const struct mqc__tls_options options = tls_client_options(NULL);
    struct mqc__tls_config *config = tls_config(&options);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    REQUIRE(mqc__tls_new(config, "broker.test", NULL, &tls, NULL) == MQC_OK);
    mqc__tls_config_unref(&config);
    (void)mqc__tls_step(tls);
    send_output(ends[0], tls);
    CHECK(recv(ends[1], hello, sizeof hello, 0) > 50);
    CHECK(send(ends[1], bytes.data, bytes.size, 0) == (ssize_t)bytes.size);
    (void)close(ends[1]);
    const char *state = converse(ends[0], tls);
    (void)close(ends[0]);
    mqc__tls_free(&tls);
    return state;
}

static void test_openssl_none_at_the_port(void)
{
    /* MQTT's answer to what it cannot read, and the first bytes of a handshake that goes no
     * further. */
    CHECK_TEXT(meet(mqc_view_bytes("\x20\x02\x00\x01", 4)), "tls_not_tls");
    CHECK_TEXT(meet(mqc_view_text("HTTP/1.0 400 Bad Request\r\n\r\n")), "tls_not_tls");
    CHECK_TEXT(meet(mqc_view_bytes(NULL, 0)), "tls_closed");
    CHECK_TEXT(meet(mqc_view_bytes("\x16\x03\x03\x00\x40\x02", 6)), "tls_closed");
    CHECK_TEXT(meet(mqc_view_bytes("\x15\x03\x03\x00\x02\x02\x28", 7)), "tls_ciphers");
    CHECK_TEXT(meet(mqc_view_bytes("\x15\x03\x03\x00\x02\x02\x46", 7)), "tls_version");
    CHECK_TEXT(meet(mqc_view_bytes("\x15\x03\x03\x00\x02\x02\xEE", 7)), "tls_protocol");
    CHECK_TEXT(meet(mqc_view_bytes("\x17\x03\x03\x00\x02\x02\x46", 7)), "tls_protocol");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"table", test_openssl_table},
        {"only TLS 1.3", test_openssl_only_1_3_as_this_mbedtls_can},
        {"ALPN", test_openssl_alpn_agreed_or_refused},
        {"pre-shared key", test_openssl_psk_right_and_wrong},
        {"sessions are resumed", test_openssl_session_resumed},
        {"no TLS at the port", test_openssl_none_at_the_port},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_openssl", tests);
}
