/* A client and a server of ours in memory: who is accepted, and what is said about who is not. */
#include "test_tls_pair.h"

#include <stdint.h>

#define DAY_S INT64_C(86400)

static int64_t clock_s;

static int64_t test_clock(void)
{
    return clock_s;
}

/* The name that is wanted, who answers, and what the client says. */
static const struct peer_case {
    const char *name;
    const char *server;
    const char *crl;
    const char *client_state;
    const char *server_state;
    const char *text; /* a part of the client's words */
} peer_cases[] = {
    {"broker.test", "server", NULL, "established", "established", ""},
    {"BROKER.test", "server", NULL, "established", "established", ""},
    {"broker.test.", "server", NULL, "established", "established", ""},
    {"localhost", "rsa", NULL, "established", "established", ""},
    {"127.0.0.1", "server", NULL, "established", "established", ""},
    {"::1", "server", NULL, "established", "established", ""},
    {"0:0::0:1", "server", NULL, "established", "established", ""},
    {"192.0.2.7", "other-address", NULL, "established", "established", ""},
    {"broker.test", "server", "crl.pem", "established", "established", ""},
    {"broker.test", "below", NULL, "tls_untrusted", "tls_refused", "issuer is CN=Middle CA"},
    {"broker.test", "stranger-server", NULL, "tls_untrusted", "tls_refused",
     "issuer is CN=Stranger CA"},
    {"broker.test", "expired", NULL, "tls_expired", "tls_refused", "expired on 2021-01-01 00:00"},
    {"broker.test", "future", NULL, "tls_not_yet_valid", "tls_refused", "before 2048-01-01 00:00"},
    {"broker.test", "other-name", NULL, "tls_wrong_name", "tls_refused",
     "is for DNS:other.test, not for broker.test"},
    {"roker.test", "server", NULL, "tls_wrong_name", "tls_refused",
     "DNS:localhost, DNS:broker.test, IP:127.0.0.1, IP:::1"},
    {"sub.broker.test", "server", NULL, "tls_wrong_name", "tls_refused", "sub.broker.test"},
    {"127.0.0.2", "server", NULL, "tls_wrong_name", "tls_refused", "not for 127.0.0.2"},
    {"::ffff:127.0.0.1", "server", NULL, "tls_wrong_name", "tls_refused", "this address"},
    {"::2", "server", NULL, "tls_wrong_name", "tls_refused", "not for ::2"},
    /* An address as common name and as DNS name counts for nothing. */
    {"127.0.0.1", "other-address", NULL, "tls_wrong_name", "tls_refused",
     "IP:192.0.2.7, DNS:127.0.0.1"},
    {"127.0.0.1", "common-name", NULL, "tls_wrong_name", "tls_refused", "is for CN=broker.test"},
    {"broker.test", "revoked", "crl.pem", "tls_revoked", "tls_refused", "was revoked"},
    {"broker.test", "server", "crl-expired.pem", "tls_crl", "tls_refused", "has expired"},
    {"broker.test", "weak", NULL, "tls_certificate", "tls_refused", "cannot be accepted"},
    /* A certificate for clients is none that the server can show. */
    {"worker-1", "client", NULL, "tls_ciphers", "tls_ciphers", "handshake failure"},
};

static void run_peer_case(const struct peer_case *peer)
{
    struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options(peer->server);
    client.crl_file = peer->crl != NULL ? tls_file(peer->crl) : NULL;
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, peer->name);
    const bool is_established = tls_pair_run(&pair, SIZE_MAX);
    CHECK(is_established == (strcmp(peer->client_state, "established") == 0));
    CHECK_TEXT(tls_state(pair.client), peer->client_state);
    if (is_established || !tls_has_1_3())
        CHECK_TEXT(tls_state(pair.server), peer->server_state);
    CHECK_CONTAINS(mqc__tls_failure(pair.client)->info.text, peer->text);
    if (!is_established)
        CHECK_TEXT(mqc__tls_failure(pair.client)->info.place,
                   strcmp(peer->name, "broker.test.") == 0 ? "broker.test" : peer->name);
    tls_pair_fini(&pair);
}

static void test_handshake_table_of_servers(void)
{
    for (size_t i = 0; i < sizeof peer_cases / sizeof peer_cases[0]; i++)
        run_peer_case(&peer_cases[i]);
}

static const struct client_case {
    enum mqc__tls_client_certificate policy;
    const char *client;
    const char *client_state;
    const char *server_state;
} client_cases[] = {
    {MQC__TLS_CLIENT_CERTIFICATE_NONE, NULL, "established", "established"},
    {MQC__TLS_CLIENT_CERTIFICATE_NONE, "stranger-client", "established", "established"},
    {MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL, NULL, "established", "established"},
    {MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL, "client", "established", "established"},
    {MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL, "stranger-client", "", "tls_untrusted"},
    {MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL, "expired-client", "", "tls_expired"},
    {MQC__TLS_CLIENT_CERTIFICATE_REQUIRED, "client", "established", "established"},
    {MQC__TLS_CLIENT_CERTIFICATE_REQUIRED, NULL, "", "tls_certificate"},
    {MQC__TLS_CLIENT_CERTIFICATE_REQUIRED, "stranger-client", "", "tls_untrusted"},
    {MQC__TLS_CLIENT_CERTIFICATE_REQUIRED, "expired-client", "", "tls_expired"},
};

/* The client may learn of its refusal only after its handshake. */
static const char *state_after_reading(struct mqc__tls *tls)
{
    char bytes[16];
    size_t size = 0;
    (void)mqc__tls_read(tls, bytes, sizeof bytes, &size);
    return tls_state(tls);
}

static void test_handshake_table_of_clients(void)
{
    for (size_t i = 0; i < sizeof client_cases / sizeof client_cases[0]; i++) {
        const struct client_case *peer = &client_cases[i];
        const struct mqc__tls_options client = tls_client_options(peer->client);
        struct mqc__tls_options server = tls_server_options("server");
        server.client_certificate = peer->policy;
        struct tls_pair pair;
        tls_pair_init(&pair, &client, &server, "broker.test");
        const bool is_established = tls_pair_run(&pair, SIZE_MAX);
        CHECK(is_established == (strcmp(peer->server_state, "established") == 0));
        CHECK_TEXT(tls_state(pair.server), peer->server_state);
        const char *state = state_after_reading(pair.client);
        if (is_established || !tls_has_1_3())
            CHECK_TEXT(state, is_established ? "established" : "tls_client_certificate");
        tls_pair_fini(&pair);
    }
}

static void test_handshake_intermediate_in_chain_accepted(void)
{
    const struct mqc__tls_options client = tls_client_options(NULL);
    struct mqc__tls_options server = tls_server_options("below");
    server.certificate_file = tls_file("chain.pem");
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK(tls_pair_run(&pair, SIZE_MAX));
    tls_pair_fini(&pair);
}

static void check_tag_at(int64_t now_s, const char *server_identity, const char *tag,
                         const char *text)
{
    struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options(server_identity);
    client.clock = test_clock;
    clock_s = now_s;
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, "broker.test");
    (void)tls_pair_run(&pair, SIZE_MAX);
    CHECK_TEXT(tls_state(pair.client), tag);
    CHECK_CONTAINS(mqc__tls_failure(pair.client)->info.text, text);
    tls_pair_fini(&pair);
}

static void test_handshake_clock_of_1970_named(void)
{
    check_tag_at(60, "server", "tls_clock", "it shows 1970-01-01 00:01 UTC");
}

static void test_handshake_clock_decides_on_dates(void)
{
    const int64_t in_2048_s = INT64_C(2461536000) + 2 * DAY_S;
    check_tag_at(in_2048_s, "server", "tls_expired", "expired on");
}

static void test_handshake_any_chunk_established(void)
{
    static const size_t chunks[] = {1, 2, 3, 5, 7, 64, 1000};
    const struct mqc__tls_options client = tls_client_options("client");
    struct mqc__tls_options server = tls_server_options("server");
    server.client_certificate = MQC__TLS_CLIENT_CERTIFICATE_REQUIRED;
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        struct tls_pair pair;
        tls_pair_init(&pair, &client, &server, "broker.test");
        CHECK(tls_pair_run(&pair, chunks[i]));
        tls_check_transfer(pair.client, pair.server, mqc_view_text("from the client"));
        tls_check_transfer(pair.server, pair.client, mqc_view_text("from the server"));
        tls_pair_fini(&pair);
    }
}

static void test_handshake_no_name_refused(void)
{
    static const char *const names[] = {NULL,   "",    ".",         "a b",    "[::1]",
                                        "a/b",  "a:1", "user@host", "*.test", "a..b",
                                        "\x01", ".a",  "h\xC3\xA4"};
    const struct mqc__tls_options options = tls_client_options(NULL);
    struct mqc__tls_config *config = tls_config(&options);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mqc__tls *tls = NULL;
        struct mqc_error_info info;
        CHECK_INT(mqc__tls_new(config, names[i], NULL, &tls, &info), MQC_EINVAL);
        CHECK_CONTAINS(info.text, "must know the name");
        CHECK(tls == NULL);
    }
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct mqc__tls *tls = NULL;
    CHECK_INT(mqc__tls_new(config, name, NULL, &tls, NULL), MQC_EINVAL);
    mqc__tls_config_unref(&config);
}

static size_t warnings;

static void count_warning(void *context, enum mqc_log_level level, const char *text)
{
    (void)context;
    if (level == MQC_LOG_WARNING && strstr(text, "insecure") != NULL)
        warnings++;
}

static void test_handshake_insecure_accepts_anybody_loudly(void)
{
    struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options("stranger-server");
    client.ca_file = NULL;
    client.is_insecure = true;
    warnings = 0;
    mqc_log_set(count_warning, NULL, MQC_LOG_WARNING);
    for (size_t i = 1; i <= 2; i++) {
        struct tls_pair pair;
        tls_pair_init(&pair, &client, &server, "elsewhere.test");
        CHECK(tls_pair_run(&pair, SIZE_MAX));
        CHECK_UNSIGNED(warnings, i);
        tls_pair_fini(&pair);
    }
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
}

static void test_handshake_no_common_cipher_named(void)
{
    static const char *const ours[] = {"TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"};
    static const char *const theirs[] = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
    struct mqc__tls_options client = tls_client_options(NULL);
    struct mqc__tls_options server = tls_server_options("server");
    client.ciphers = ours;
    client.cipher_count = 1;
    server.ciphers = theirs;
    server.cipher_count = 1;
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK(!tls_pair_run(&pair, SIZE_MAX));
    CHECK_TEXT(tls_state(pair.client), "tls_ciphers");
    CHECK_TEXT(tls_state(pair.server), "tls_ciphers");
    tls_pair_fini(&pair);
}

static void test_handshake_alpn_agreed_and_described(void)
{
    static const char *const offered[] = {"x-amzn-mqtt-ca", "mqtt"};
    static const char *const known[] = {"mqtt"};
    struct mqc__tls_options client = tls_client_options(NULL);
    struct mqc__tls_options server = tls_server_options("server");
    client.alpn = offered;
    client.alpn_count = 2;
    server.alpn = known;
    server.alpn_count = 1;
    struct tls_pair pair;
    char text[256];
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK(mqc__tls_alpn(pair.client) == NULL);
    CHECK_TEXT(mqc__tls_peer_description(pair.client, text, sizeof text), "no TLS yet");
    REQUIRE(tls_pair_run(&pair, SIZE_MAX));
    CHECK_TEXT(mqc__tls_alpn(pair.client), "mqtt");
    CHECK_TEXT(mqc__tls_alpn(pair.server), "mqtt");
    CHECK_CONTAINS(mqc__tls_peer_description(pair.client, text, sizeof text), "ALPN mqtt");
    CHECK_CONTAINS(text, "CN=broker.test, issued by CN=Test CA, valid until 2047-12-31 23:59 UTC");
    CHECK_CONTAINS(mqc__tls_peer_description(pair.server, text, sizeof text), "no certificate");
    tls_pair_fini(&pair);
}

static struct mqc__tls_options psk_options(bool is_server, const char *identity)
{
    return (struct mqc__tls_options){
        .is_server = is_server, .psk_identity = identity, .psk_file = tls_file("psk")};
}

static void test_handshake_psk_established(void)
{
    const struct mqc__tls_options client = psk_options(false, "worker-1");
    const struct mqc__tls_options server = psk_options(true, "worker-1");
    struct tls_pair pair;
    char text[256];
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK(tls_pair_run(&pair, SIZE_MAX));
    CHECK(!mqc__tls_is_resumed(pair.client));
    CHECK_CONTAINS(mqc__tls_peer_description(pair.client, text, sizeof text), "pre-shared key");
    tls_check_transfer(pair.client, pair.server, mqc_view_text("from the client"));
    tls_pair_fini(&pair);
}

static void test_handshake_psk_of_other_identity_refused(void)
{
    const struct mqc__tls_options client = psk_options(false, "worker-2");
    const struct mqc__tls_options server = psk_options(true, "worker-1");
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, "broker.test");
    CHECK(!tls_pair_run(&pair, SIZE_MAX));
    CHECK_TEXT(tls_state(pair.client), "tls_psk");
    if (!tls_has_1_3())
        CHECK_TEXT(tls_state(pair.server), "tls_psk");
    tls_pair_fini(&pair);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"table of servers", test_handshake_table_of_servers},
        {"table of clients", test_handshake_table_of_clients},
        {"intermediate in the chain", test_handshake_intermediate_in_chain_accepted},
        {"a clock of 1970 is named", test_handshake_clock_of_1970_named},
        {"the clock decides on dates", test_handshake_clock_decides_on_dates},
        {"any chunk", test_handshake_any_chunk_established},
        {"no name is refused", test_handshake_no_name_refused},
        {"insecure accepts anybody, loudly", test_handshake_insecure_accepts_anybody_loudly},
        {"no common cipher", test_handshake_no_common_cipher_named},
        {"ALPN is agreed", test_handshake_alpn_agreed_and_described},
        {"pre-shared key", test_handshake_psk_established},
        {"pre-shared key of another identity", test_handshake_psk_of_other_identity_refused},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_handshake", tests);
}
