/* Sessions over TLS: what a node says of each way in which that can go wrong, and certificates that
 * are replaced while it runs. */
#include "base/log.h"
#include "link/tls_source.h"
#include "support/certs.h"
#include "support/mosquitto.h"
#include "support/suite.h"
#include "unit/mqtt/recorder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PACKET_BYTES_MAX 50000

static struct test_certs certs;
static struct test_mosquitto mosquitto;

/* The listeners of the broker, each with the certificate of that name; of MUTUAL and PSK the
 * names say what they want of clients. */
enum listener {
    PLAIN,
    GOOD,
    MUTUAL,
    RSA,
    BELOW,
    EXPIRED,
    FUTURE,
    OTHER_NAME,
    OTHER_ADDRESS,
    REVOKED,
    STRANGER,
    PSK,
    LISTENER_COUNT,
};

static const char *const certificates[LISTENER_COUNT] = {
    [GOOD] = "server",
    [MUTUAL] = "server",
    [RSA] = "rsa",
    [BELOW] = "below",
    [EXPIRED] = "expired",
    [FUTURE] = "future",
    [OTHER_NAME] = "other-name",
    [OTHER_ADDRESS] = "other-address",
    [REVOKED] = "revoked",
    [STRANGER] = "stranger-server",
};

static int ports[LISTENER_COUNT];

static size_t add_listener(enum listener which, char *text, size_t size)
{
    if (which == PSK) {
        return (size_t)snprintf(text, size,
                                "listener %d 127.0.0.1\npsk_hint x\npsk_file %s/psk-list\n"
                                "use_identity_as_username true\n",
                                ports[PSK], mosquitto.folder);
    }
    const char *certificate = certificates[which];
    const char *chain = which == BELOW ? "chain" : certificate;
    return (size_t)snprintf(text, size,
                            "listener %d 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/%s.pem\n"
                            "keyfile %s/%s.key\n%s",
                            ports[which], certs.folder, certs.folder, chain, certs.folder,
                            certificate, which == MUTUAL ? "require_certificate true\n" : "");
}

static bool write_psk(void)
{
    char *key = NULL;
    size_t size = 0;
    char line[200];
    if (!test_read_file(test_certs_file(&certs, "psk"), &key, &size))
        return false;
    (void)snprintf(line, sizeof line, "worker-1:%.*s\n", (int)strcspn(key, "\n"), key);
    free(key);
    return test_mosquitto_write_file(&mosquitto, "psk-list", line);
}

static bool start_broker(void)
{
    static char config[8192];
    size_t used = 0;
    if (!test_mosquitto_prepare(&mosquitto) || !write_psk())
        return false;
    ports[PLAIN] = mosquitto.port;
    used = (size_t)snprintf(config, sizeof config, "max_packet_size %d\n", PACKET_BYTES_MAX);
    for (int i = PLAIN + 1; i < LISTENER_COUNT; i++) {
        ports[i] = (int)test_free_port();
        used += add_listener((enum listener)i, config + used, sizeof config - used);
    }
    return test_mosquitto_run(&mosquitto, config);
}

/* What a node is given. */
struct client {
    const char *identity; /* NAME.pem and NAME.key; NULL: none */
    const char *ca;       /* NULL: ca.pem; "": the folder */
    const char *crl;
    bool has_psk;
};

static struct mqc__tls_source *make_source(const struct client *client)
{
    char names[2][64];
    struct mqc__tls_source *source = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc__tls_options options = {.ca_file = NULL};
    if (client->has_psk) {
        options.psk_identity = "worker-1";
        options.psk_file = test_certs_file(&certs, "psk");
    } else if (client->ca != NULL && client->ca[0] == '\0') {
        options.ca_path = test_certs_file(&certs, "folder");
    } else {
        options.ca_file = test_certs_file(&certs, client->ca != NULL ? client->ca : "ca.pem");
    }
    if (client->crl != NULL)
        options.crl_file = test_certs_file(&certs, client->crl);
    if (client->identity != NULL) {
        (void)snprintf(names[0], sizeof names[0], "%s.pem", client->identity);
        (void)snprintf(names[1], sizeof names[1], "%s.key", client->identity);
        options.certificate_file = test_certs_file(&certs, names[0]);
        options.key_file = test_certs_file(&certs, names[1]);
    }
    if (mqc__tls_source_new(&options, &source, &info) != MQC_OK)
        (void)printf("%s\n", info.text);
    REQUIRE(source != NULL);
    return source;
}

/* A node and what it told. */
struct node {
    struct recorder recorder;
    struct mqc__session *session;
    char uri[64];
    const char *uris[1];
    struct mqc__session_options options;
};

static void node_prepare(struct node *node, const char *scheme, const char *host, int port,
                         const struct client *client)
{
    recorder_init(&node->recorder);
    (void)snprintf(node->uri, sizeof node->uri, "%s://%s:%d", scheme, host, port);
    node->uris[0] = node->uri;
    node->options = test_session_options(node->uris, 1);
    node->options.tls.source = client != NULL ? make_source(client) : NULL;
}

static void node_open(struct node *node)
{
    node->session = test_session_open(&node->options, &node->recorder, NULL);
    mqc__tls_source_unref(&node->options.tls.source);
}

static void node_close(struct node *node)
{
    (void)mqc__session_close(node->session, 0);
    mqc__session_free(&node->session);
    recorder_fini(&node->recorder);
}

/* --- The table against Mosquitto ----------------------------------------------------------------
 */

static const struct broker_case {
    enum listener listener;
    const char *scheme;
    const char *host;
    struct client client;
    const char *tag; /* NULL: connects */
    const char *text;
} cases[] = {
    {GOOD, "mqtts", "localhost", {NULL}, NULL, NULL},
    {GOOD, "mqtts", "127.0.0.1", {NULL}, NULL, NULL},
    {GOOD, "mqtts", "localhost", {.ca = ""}, NULL, NULL},
    {GOOD, "mqtts", "localhost", {.crl = "crl.pem"}, NULL, NULL},
    {RSA, "mqtts", "localhost", {NULL}, NULL, NULL},
    {BELOW, "mqtts", "localhost", {NULL}, NULL, NULL},
    {MUTUAL, "mqtts", "localhost", {.identity = "client"}, NULL, NULL},
    {PSK, "mqtts", "localhost", {.has_psk = true}, NULL, NULL},
    {GOOD, "mqtts", "localhost", {.ca = "stranger.pem"}, "tls_untrusted", "Test CA"},
    {STRANGER, "mqtts", "localhost", {NULL}, "tls_untrusted", "Stranger CA"},
    {EXPIRED, "mqtts", "localhost", {NULL}, "tls_expired", "2021-01-01"},
    {FUTURE, "mqtts", "localhost", {NULL}, "tls_not_yet_valid", "2048-01-01"},
    {OTHER_NAME, "mqtts", "localhost", {NULL}, "tls_wrong_name", "other.test"},
    {OTHER_ADDRESS, "mqtts", "127.0.0.1", {NULL}, "tls_wrong_name", "192.0.2.7"},
    {REVOKED, "mqtts", "localhost", {.crl = "crl.pem"}, "tls_revoked", "revoked"},
    {GOOD, "mqtts", "localhost", {.crl = "crl-expired.pem"}, "tls_crl", ""},
    {MUTUAL, "mqtts", "localhost", {NULL}, "tls_client_certificate", "we have none"},
    {MUTUAL, "mqtts", "localhost", {.identity = "stranger-client"}, "tls_client_certificate", ""},
    {MUTUAL, "mqtts", "localhost", {.identity = "expired-client"}, "tls_client_certificate", ""},
    {GOOD, "mqtts", "localhost", {.has_psk = true}, "tls_psk", ""},
    {PLAIN, "mqtts", "localhost", {NULL}, "tls_closed", "TLS handshake with localhost"},
    {GOOD, "mqtt", "localhost", {NULL}, "mqtt_closed", "without TLS"},
};

static void check_connects(struct node *node)
{
    if (!CHECK_INT(mqc__session_wait_ready(node->session, RECORDER_PATIENCE_MS), MQC_OK))
        (void)printf("with %s\n", node->uri);
    CHECK_UNSIGNED(node->recorder.error_count, 0);
}

static void check_fails(struct node *node, const char *tag, const char *text)
{
    if (!check_true(recorder_wait_error(&node->recorder, tag), tag, __FILE__, __LINE__, false))
        (void)printf("%s said: %s\n", node->uri,
                     node->recorder.error_count > 0 ? node->recorder.errors[0] : "nothing");
    CHECK_CONTAINS(recorder_error(&node->recorder, tag), text);
    CHECK_CONTAINS(recorder_error(&node->recorder, tag), node->uri);
    CHECK_INT(mqc__session_wait_ready(node->session, 1), MQC_ETIMEOUT);
    /* Nothing else is told, but for a certificate that the node itself knows to be a bad one. */
    (void)mqc__session_close(node->session, 0);
    CHECK_UNSIGNED(node->recorder.error_count,
                   recorder_count_errors(&node->recorder, tag) +
                       recorder_count_errors(&node->recorder, "certificate_expires"));
}

static void test_tls_mosquitto_table(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct broker_case *row = &cases[i];
        struct node node;
        node_prepare(&node, row->scheme, row->host, ports[row->listener], &row->client);
        node_open(&node);
        if (row->tag == NULL)
            check_connects(&node);
        else
            check_fails(&node, row->tag, row->text);
        node_close(&node);
    }
}

static void test_tls_server_name_is_what_counts(void)
{
    struct node node;
    node_prepare(&node, "mqtts", "localhost", ports[OTHER_NAME], &(struct client){NULL});
    node.options.tls.server_name = "other.test";
    node_open(&node);
    check_connects(&node);
    node_close(&node);
}

/* --- Against openssl s_server -------------------------------------------------------------------
 */

static pid_t start_openssl(int port, const char *arguments)
{
    char command[400];
    (void)snprintf(command, sizeof command,
                   "exec openssl s_server -accept 127.0.0.1:%d -quiet %s </dev/null >>server.log "
                   "2>&1",
                   port, arguments);
    const pid_t process = fork();
    if (process != 0)
        return process;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(certs.folder) == 0)
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void stop_process(pid_t process)
{
    (void)kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
        continue;
}

#define SERVER "-cert server.pem -key server.key"

static const struct {
    const char *arguments;
    const char *tag;
} openssl_cases[] = {
    {SERVER " -tls1_1 -cipher DEFAULT@SECLEVEL=0", "tls_version"},
    {SERVER " -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", "tls_ciphers"},
    {"-cert weak.pem -key weak.key -cipher DEFAULT@SECLEVEL=0", "tls_certificate"},
    {"-cert client.pem -key client.key", "tls_wrong_name"},
    {SERVER " -Verify 1 -verify_return_error -CAfile ca.pem", "tls_client_certificate"},
};

static void test_tls_openssl_table(void)
{
    for (size_t i = 0; i < sizeof openssl_cases / sizeof openssl_cases[0]; i++) {
        const int port = (int)test_free_port();
        const pid_t server = start_openssl(port, openssl_cases[i].arguments);
        REQUIRE(server > 0);
        struct node node;
        node_prepare(&node, "mqtts", "localhost", port, &(struct client){NULL});
        node_open(&node);
        /* It takes a moment to listen, during which the node may be told so. */
        CHECK(recorder_wait_error(&node.recorder, openssl_cases[i].tag));
        CHECK_INT(mqc__session_wait_ready(node.session, 1), MQC_ETIMEOUT);
        node_close(&node);
        stop_process(server);
    }
}

/* --- Against what is no broker ------------------------------------------------------------------
 */

/* A server that says a few bytes to each connection, and closes it or waits for its end. */
struct talker {
    int listener;
    int port;
    const char *bytes;
    size_t size;
    bool closes;
    pthread_t thread;
};

static void *talk(void *context)
{
    const struct talker *talker = context;
    char hello[4096];
    int fd;
    while ((fd = accept(talker->listener, NULL, NULL)) >= 0) {
        (void)recv(fd, hello, sizeof hello, 0);
        (void)send(fd, talker->bytes, talker->size, MSG_NOSIGNAL);
        while (!talker->closes && recv(fd, hello, sizeof hello, 0) > 0)
            continue;
        (void)close(fd);
    }
    return NULL;
}

static void talker_start(struct talker *talker)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    talker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(talker->listener, (struct sockaddr *)&address, size) == 0);
    REQUIRE(listen(talker->listener, 8) == 0);
    REQUIRE(getsockname(talker->listener, (struct sockaddr *)&address, &size) == 0);
    talker->port = ntohs(address.sin_port);
    REQUIRE(pthread_create(&talker->thread, NULL, talk, talker) == 0);
}

static void talker_stop(struct talker *talker)
{
    (void)shutdown(talker->listener, SHUT_RDWR);
    (void)pthread_join(talker->thread, NULL);
    (void)close(talker->listener);
}

static void check_talker(struct talker talker, const char *tag)
{
    struct node node;
    talker_start(&talker);
    node_prepare(&node, "mqtts", "localhost", talker.port, &(struct client){NULL});
    node.options.connect_timeout_ms = 1000;
    node_open(&node);
    check_fails(&node, tag, "TLS handshake with localhost");
    node_close(&node);
    talker_stop(&talker);
}

static void test_tls_peer_that_is_no_broker_is_told_apart(void)
{
    check_talker((struct talker){.closes = true}, "tls_closed");
    check_talker((struct talker){.bytes = "\x16\x03\x03\x00\x40\x02", .size = 6, .closes = true},
                 "tls_closed");
    check_talker((struct talker){.bytes = "HTTP/1.1 400 Bad Request\r\n\r\n", .size = 28},
                 "tls_not_tls");
    check_talker((struct talker){.bytes = "\x20\x02\x00\x00", .size = 4}, "tls_not_tls");
    check_talker((struct talker){.bytes = "\x17\x03\x03\x00\x02\x02\x46", .size = 7},
                 "tls_protocol");
    check_talker((struct talker){.closes = false}, "tls_timeout");
    check_talker((struct talker){.bytes = "\x16\x03\x03", .size = 3}, "tls_timeout");
}

/* --- Files that change --------------------------------------------------------------------------
 */

static void put(const char *from, const char *to)
{
    char *bytes = NULL;
    size_t size = 0;
    char path[160];
    REQUIRE(test_read_file(test_certs_file(&certs, from), &bytes, &size));
    (void)snprintf(path, sizeof path, "%s.new", test_certs_file(&certs, to));
    FILE *file = fopen(path, "we");
    REQUIRE(file != NULL);
    CHECK(fwrite(bytes, 1, size, file) == size);
    CHECK_INT(fclose(file), 0);
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_INT(rename(path, test_certs_file(&certs, to)), 0);
    free(bytes);
}

static void put_identity(const char *name)
{
    char file[64];
    (void)snprintf(file, sizeof file, "%s.pem", name);
    put(file, "own.pem");
    (void)snprintf(file, sizeof file, "%s.key", name);
    put(file, "own.key");
}

static void open_with_own(struct node *node, const char *identity,
                          enum mqc__tls_on_change on_change, unsigned watch_interval_ms)
{
    put_identity(identity);
    node_prepare(node, "mqtts", "localhost", ports[MUTUAL], &(struct client){.identity = "own"});
    node->options.client_id = on_change == MQC__TLS_RENEW ? "renewed" : "kept";
    node->options.tls.on_change = on_change;
    node->options.tls.watch_interval_ms = watch_interval_ms;
    node_open(node);
}

static uint64_t connects(const struct node *node)
{
    struct mqc__session_stats stats;
    mqc__session_stats(node->session, &stats);
    return stats.connects;
}

static bool await_connects(const struct node *node, uint64_t count)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int waited_ms = 0; waited_ms < RECORDER_PATIENCE_MS; waited_ms += 5) {
        if (connects(node) >= count)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

static void test_tls_new_certificate_ends_a_failure_by_itself(void)
{
    struct node node;
    open_with_own(&node, "expired-client", MQC__TLS_KEEP, 20);
    CHECK(recorder_wait_error(&node.recorder, "tls_client_certificate"));
    put_identity("client");
    CHECK_INT(mqc__session_wait_ready(node.session, RECORDER_PATIENCE_MS), MQC_OK);
    node_close(&node);
}

static void test_tls_new_certificate_renews_the_connection(void)
{
    struct node node;
    open_with_own(&node, "client", MQC__TLS_RENEW, 20);
    CHECK(await_connects(&node, 1));
    put_identity("client");
    CHECK(await_connects(&node, 2));
    CHECK_INT(mqc__session_wait_ready(node.session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(recorder_count_errors(&node.recorder, "connection_lost"), 0);
    node_close(&node);
}

static void test_tls_reload_on_demand_keeps_or_renews(void)
{
    struct node kept;
    struct node renewed;
    open_with_own(&kept, "client", MQC__TLS_KEEP, 0);
    open_with_own(&renewed, "client", MQC__TLS_RENEW, 0);
    CHECK(await_connects(&kept, 1));
    CHECK(await_connects(&renewed, 1));
    mqc__session_reload_tls(kept.session);
    mqc__session_reload_tls(renewed.session);
    CHECK(await_connects(&renewed, 2));
    CHECK_UNSIGNED(connects(&kept), 1);
    node_close(&kept);
    node_close(&renewed);
}

static void test_tls_bad_new_files_are_reported_and_left_alone(void)
{
    struct node node;
    open_with_own(&node, "client", MQC__TLS_RENEW, 20);
    CHECK(await_connects(&node, 1));
    put("stranger-client.key", "own.key");
    CHECK(recorder_wait_error(&node.recorder, "tls_reload_failed"));
    CHECK_CONTAINS(recorder_error(&node.recorder, "tls_reload_failed"), "own.key");
    CHECK_UNSIGNED(connects(&node), 1);
    CHECK_INT(mqc__session_wait_ready(node.session, 1), MQC_OK);
    node_close(&node);
}

static void test_tls_expiry_is_reported_in_time(void)
{
    struct node node;
    struct mqc__session_stats stats;
    node_prepare(&node, "mqtts", "localhost", ports[MUTUAL],
                 &(struct client){.identity = "client"});
    node.options.tls.expiry_warning_s = UINT64_C(40) * 365 * 86400;
    node_open(&node);
    CHECK(recorder_wait_error(&node.recorder, "certificate_expires"));
    CHECK_CONTAINS(recorder_error(&node.recorder, "certificate_expires"),
                   "expires on 2047-12-31 23:59 UTC, in ");
    CHECK_CONTAINS(recorder_error(&node.recorder, "certificate_expires"), "client.pem");
    CHECK_INT(mqc__session_wait_ready(node.session, RECORDER_PATIENCE_MS), MQC_OK);
    mqc__session_stats(node.session, &stats);
    CHECK_INT(stats.certificate_expiry_s, 2461449599);
    CHECK(stats.broker_in_bytes > 100);
    CHECK(stats.broker_out_bytes > 100);
    node_close(&node);

    node_prepare(&node, "mqtts", "localhost", ports[GOOD],
                 &(struct client){.identity = "expired-client"});
    node_open(&node);
    CHECK(recorder_wait_error(&node.recorder, "certificate_expires"));
    CHECK_CONTAINS(recorder_error(&node.recorder, "certificate_expires"),
                   "has expired on 2021-01-01 00:00 UTC");
    node_close(&node);
}

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static char connected_line[1000]; /* the last that begins with "connected to" */

static void keep_line(void *context, enum mqc_log_level level, const char *text)
{
    (void)context;
    (void)level;
    pthread_mutex_lock(&log_mutex);
    if (strncmp(text, "connected to ", strlen("connected to ")) == 0)
        (void)snprintf(connected_line, sizeof connected_line, "%s", text);
    pthread_mutex_unlock(&log_mutex);
}

static void check_line(const char *text, bool is_expected)
{
    pthread_mutex_lock(&log_mutex);
    if (!CHECK((strstr(connected_line, text) != NULL) == is_expected))
        (void)printf("%s in: %s\n", text, connected_line);
    pthread_mutex_unlock(&log_mutex);
}

/* With MQTT 3.1.1 a message above its limit makes the broker end the connection. */
static void test_tls_session_is_resumed_by_the_next_connection(void)
{
    static char large[2 * PACKET_BYTES_MAX];
    struct node node;
    mqc_log_set(keep_line, NULL, MQC_LOG_INFO);
    put_identity("client");
    node_prepare(&node, "mqtts", "localhost", ports[MUTUAL], &(struct client){.identity = "own"});
    node.options.version = MQC__MQTT_311;
    node_open(&node);
    CHECK(await_connects(&node, 1));
    check_line(", TLS", true); /* the suite, behind the version */
    check_line("CN=broker.test, issued by CN=Test CA, valid until 2047-12-31", true);
    check_line("resumed", false);
    memset(large, 'x', sizeof large);
    CHECK_INT(mqc__session_publish(node.session, mqc_view_text("t"), MQC__QOS_1,
                                   mqc_view_bytes(large, sizeof large)),
              MQC_OK);
    CHECK(await_connects(&node, 2));
    check_line("resumed", true);
    node_close(&node);
    mqc_log_set(NULL, NULL, MQC_LOG_INFO);
}

int main(void)
{
    int status = EXIT_FAILURE;
    if (!test_certs_make(&certs) || !start_broker()) {
        (void)fprintf(stderr, "no certificates or no broker: are openssl and mosquitto there?\n");
        test_certs_remove(&certs);
        return status;
    }
#define TEST(name) {#name, test_tls_##name}
    CU_TestInfo tests[] = {
        TEST(mosquitto_table),
        TEST(server_name_is_what_counts),
        TEST(openssl_table),
        TEST(peer_that_is_no_broker_is_told_apart),
        TEST(new_certificate_ends_a_failure_by_itself),
        TEST(new_certificate_renews_the_connection),
        TEST(reload_on_demand_keeps_or_renews),
        TEST(bad_new_files_are_reported_and_left_alone),
        TEST(expiry_is_reported_in_time),
        TEST(session_is_resumed_by_the_next_connection),
        CU_TEST_INFO_NULL,
    };
    status = suite_run("broker.session_tls", tests);
    test_mosquitto_stop(&mosquitto);
    test_certs_remove(&certs);
    return status;
}
