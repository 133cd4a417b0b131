#include "ws/options_check.h"

#include "support/suite.h"

static struct mqc_websocket_options defaults(void)
{
    struct mqc_websocket_options options;
    mqc_websocket_options_init(&options);
    return options;
}

static void test_options_have_their_defaults(void)
{
    const struct mqc_websocket_options options = defaults();
    CHECK_TEXT(options.listen_addr, "127.0.0.1");
    CHECK_UNSIGNED(options.listen_port, 27759);
    CHECK_UNSIGNED(options.max_event_queue_size, 32);
    CHECK_INT(options.ping_interval_ms, 5000);
    CHECK_TEXT(options.tls_options.cert_file, NULL);
    CHECK_TEXT(options.tls_options.key_file, NULL);
    CHECK_UNSIGNED(options.max_connections, 1000);
    CHECK_UNSIGNED(options.handshake_timeout_ms, 3000);
    CHECK_UNSIGNED(options.max_message_bytes, 8 << 20);
    CHECK_UNSIGNED(options.max_pending_bytes, 8 << 20);
    CHECK_UNSIGNED(options.max_outbound_bytes, 64 << 20);
    CHECK_UNSIGNED(options.grace_ms, 1000);
    CHECK_TEXT(options.bearer_token, NULL);
    CHECK_UNSIGNED(options.allowed_origin_count, 0);
    CHECK(options.serves_websocket && options.serves_healthz && options.serves_metrics);
    CHECK_INT(mqc__websocket_options_check(&options, NULL), MQC_OK);
}

/* The options with one of them changed, and the words for what is wrong then; "": nothing. */
#define CHECK_CHANGED(field, value, words)                                                         \
    do {                                                                                           \
        struct mqc_websocket_options options = defaults();                                         \
        struct mqc_error_info info = {.text = ""};                                                 \
        options.field = (value);                                                                   \
        CHECK_INT(mqc__websocket_options_check(&options, &info),                                   \
                  (words)[0] != '\0' ? MQC_ECONFIG : MQC_OK);                                      \
        CHECK_CONTAINS(info.text, (words));                                                        \
    } while (0)

static void test_check_names_what_is_out_of_range(void)
{
    CHECK_CHANGED(listen_port, 0, "");
    CHECK_CHANGED(max_event_queue_size, 0, "");
    CHECK_CHANGED(max_event_queue_size, UINT64_MAX, "max_event_queue_size is 18446744073709551615");
    CHECK_CHANGED(ping_interval_ms, 0, "");
    CHECK_CHANGED(ping_interval_ms, INT64_MIN, "");
    CHECK_CHANGED(ping_interval_ms, 100, "");
    CHECK_CHANGED(ping_interval_ms, 99, "ping_interval in ms is 99, must be 100 to 86400000");
    CHECK_CHANGED(ping_interval_ms, INT64_MAX, "ping_interval");
    CHECK_CHANGED(max_connections, 0, "max_connections is 0, must be 1 to 1000000");
    CHECK_CHANGED(max_connections, SIZE_MAX, "max_connections");
    CHECK_CHANGED(handshake_timeout_ms, 0, "handshake_timeout");
    CHECK_CHANGED(max_message_bytes, 1023, "max_message_bytes");
    CHECK_CHANGED(max_message_bytes, 1024, "");
    CHECK_CHANGED(max_message_bytes, (size_t)1 << 30, "");
    CHECK_CHANGED(max_message_bytes, ((size_t)1 << 30) + 1, "max_message_bytes");
    CHECK_CHANGED(max_pending_bytes, 0, "max_pending_bytes");
    CHECK_CHANGED(max_outbound_bytes, 0, "max_outbound_bytes");
    CHECK_CHANGED(grace_ms, 0, "");
    CHECK_CHANGED(grace_ms, 60001, "grace");
    CHECK_CHANGED(allowed_origin_count, 65, "number of allowed_origins");
    CHECK_CHANGED(allowed_origin_count, 1, "allowed_origins is missing");
}

static void test_check_takes_addresses_only(void)
{
    static const char *const right[] = {
        "127.0.0.1", "0.0.0.0", "::", "::1", "2001:db8::1", "::ffff:10.0.0.1", "255.255.255.255"};
    static const char *const wrong[] = {"",           "localhost", "127.0.0.1:80", "[::1]",
                                        "fe80::1%lo", "127.1",     "10.0.0.0.",    "::1 ",
                                        "1.2.3.256",  "any",       "0x7f000001",   "127.0.0.1/8"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        CHECK_CHANGED(listen_addr, right[i], "");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_CHANGED(listen_addr, wrong[i], "WebSocket: Host is not a valid IP ");
    CHECK_CHANGED(listen_addr, "localhost", "WebSocket: Host is not a valid IP localhost");
    CHECK_CHANGED(listen_addr, NULL, "WebSocket: Host is not a valid IP ");
}

static void test_check_wants_certificate_and_key(void)
{
    static const struct {
        struct mqc_websocket_tls tls;
        const char *text; /* NULL: all is well */
        bool has_tls;
    } cases[] = {
        {{.cert_file = NULL}, NULL, false},
        {{.cert_file = "c"}, "Invalid tls_options: No key_file field", false},
        {{.key_file = "k"}, "Invalid tls_options: No cert_file field", false},
        {{.cert_file = "", .key_file = ""}, NULL, true},
        {{.cert_file = ""}, "Invalid tls_options: No key_file field", false},
        {{.cert_file = "c", .key_file = "k", .enable_peer_verification = true}, NULL, true},
        {{.enable_peer_verification = true},
         "Invalid tls_options: enable_peer_verification without cert_file and key_file",
         false},
        {{.ca_file = "a", .ciphers = "b"}, NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_websocket_options options = defaults();
        struct mqc_error_info info = {.text = ""};
        options.tls_options = cases[i].tls;
        CHECK_INT(mqc__websocket_options_check(&options, &info),
                  cases[i].text != NULL ? MQC_ECONFIG : MQC_OK);
        CHECK_TEXT(info.text, cases[i].text != NULL ? cases[i].text : "");
        CHECK(mqc__websocket_options_has_tls(&options) == cases[i].has_tls);
    }
}

static void test_check_wants_tokens_that_can_be_sent(void)
{
    char longest[MQC__WS_TOKEN_BYTES_MAX + 2];
    memset(longest, 't', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK_CHANGED(bearer_token, "abc-._~+/019==", "");
    CHECK_CHANGED(bearer_token, "p@ss\"word", "");
    CHECK_CHANGED(bearer_token, longest + 1, "");
    CHECK_CHANGED(bearer_token, longest, "the token has 1025 bytes");
    CHECK_CHANGED(bearer_token, "", "the token has 0 bytes");
    CHECK_CHANGED(bearer_token, "a b", "other characters");
    CHECK_CHANGED(bearer_token, "a\n", "other characters");
    CHECK_CHANGED(bearer_token, "\xc3\xa4", "other characters");
    CHECK_CHANGED(bearer_token, "a\x7f", "other characters");
}

static void test_check_wants_whole_origins(void)
{
    static const char *const right[] = {"https://a", "http://a.example.org:8080", "null",
                                        "https://[::1]:1", "chrome-extension://abc"};
    static const char *const wrong[] = {"",
                                        "*",
                                        "a.example.org",
                                        "https://",
                                        "https://a/",
                                        "https://a/b",
                                        "https://*.a",
                                        "://a",
                                        "https://a b",
                                        "https://a?x",
                                        "https://u@a",
                                        "Null"};
    struct mqc_websocket_options options = defaults();
    options.allowed_origins = right;
    options.allowed_origin_count = sizeof right / sizeof right[0];
    CHECK_INT(mqc__websocket_options_check(&options, NULL), MQC_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mqc_error_info info = {.text = ""};
        options.allowed_origins = &wrong[i];
        options.allowed_origin_count = 1;
        CHECK_INT(mqc__websocket_options_check(&options, &info), MQC_ECONFIG);
        CHECK_CONTAINS(info.text, "is no origin");
    }
}

static void test_check_wants_something_to_serve(void)
{
    struct mqc_websocket_options options = defaults();
    struct mqc_error_info info;
    options.serves_websocket = options.serves_metrics = false;
    CHECK_INT(mqc__websocket_options_check(&options, &info), MQC_OK);
    options.serves_healthz = false;
    CHECK_INT(mqc__websocket_options_check(&options, &info), MQC_ECONFIG);
    CHECK_TEXT(info.text, "WebSocket: Nothing to serve");
}

#define CHECK_DIFFERS(field, value)                                                                \
    do {                                                                                           \
        struct mqc_websocket_options a = defaults();                                               \
        struct mqc_websocket_options b = defaults();                                               \
        CHECK(mqc__websocket_options_equal(&a, &b));                                               \
        b.field = (value);                                                                         \
        CHECK(!mqc__websocket_options_equal(&a, &b));                                              \
        CHECK(!mqc__websocket_options_equal(&b, &a));                                              \
        a.field = (value);                                                                         \
        CHECK(mqc__websocket_options_equal(&a, &b));                                               \
    } while (0)

static void test_equal_sees_every_difference(void)
{
    CHECK_DIFFERS(listen_addr, "127.0.0.2");
    CHECK_DIFFERS(listen_port, 1);
    CHECK_DIFFERS(max_event_queue_size, 33);
    CHECK_DIFFERS(ping_interval_ms, 4000);
    CHECK_DIFFERS(ping_interval_ms, 0);
    CHECK_DIFFERS(tls_options.cert_file, "");
    CHECK_DIFFERS(tls_options.key_file, "k");
    CHECK_DIFFERS(tls_options.ca_file, "c");
    CHECK_DIFFERS(tls_options.ciphers, "c");
    CHECK_DIFFERS(tls_options.enable_peer_verification, true);
    CHECK_DIFFERS(max_connections, 1);
    CHECK_DIFFERS(handshake_timeout_ms, 1000);
    CHECK_DIFFERS(max_message_bytes, 1024);
    CHECK_DIFFERS(max_pending_bytes, 1024);
    CHECK_DIFFERS(max_outbound_bytes, 1024);
    CHECK_DIFFERS(grace_ms, 1);
    CHECK_DIFFERS(bearer_token, "t");
    CHECK_DIFFERS(serves_websocket, false);
    CHECK_DIFFERS(serves_healthz, false);
    CHECK_DIFFERS(serves_metrics, false);
}

static void test_equal_sees_through_spellings(void)
{
    static const char *const ab[] = {"https://a", "https://b"};
    static const char *const ba[] = {"https://b", "https://a"};
    struct mqc_websocket_options a = defaults();
    struct mqc_websocket_options b = defaults();
    a.listen_addr = "::1";
    b.listen_addr = "0:0:0:0:0:0:0:1";
    a.tls_options.ca_file = "";
    b.tls_options.ciphers = "";
    a.ping_interval_ms = 0;
    b.ping_interval_ms = -7;
    CHECK(mqc__websocket_options_equal(&a, &b));
    a.allowed_origins = ab;
    a.allowed_origin_count = 2;
    CHECK(!mqc__websocket_options_equal(&a, &b));
    b = a;
    b.allowed_origins = ba;
    CHECK(!mqc__websocket_options_equal(&a, &b));
}

static void test_same_place_is_that_of_address_and_port(void)
{
    static const struct {
        const char *address;
        uint16_t port;
        bool is_same;
    } cases[] = {
        {"::1", 27759, true},        {"0::1", 27759, true}, {"::1", 27760, false},
        {"127.0.0.1", 27759, false}, {"::", 27759, false},
    };
    struct mqc_websocket_options a = defaults();
    struct mqc_websocket_options b = defaults();
    a.listen_addr = "::1";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        b.listen_addr = cases[i].address;
        b.listen_port = cases[i].port;
        CHECK(mqc__websocket_options_same_place(&a, &b) == cases[i].is_same);
    }
    a.listen_port = b.listen_port = 0;
    CHECK(!mqc__websocket_options_same_place(&a, &a));
}

static void test_warning_is_for_what_others_can_reach(void)
{
    static const struct {
        const char *address;
        bool has_tls;
        bool has_token;
        bool verifies;
        const char *words; /* NULL: no warning */
    } cases[] = {
        {"127.0.0.1", false, false, false, NULL},
        {"127.9.9.9", false, false, false, NULL},
        {"::1", false, false, false, NULL},
        {"::ffff:127.0.0.1", false, false, false, NULL},
        {"::ffff:10.0.0.1", false, false, false, "no TLS and asks for no token"},
        {"0.0.0.0", false, false, false, "no TLS and asks for no token"},
        {"::", false, false, false, "no TLS and asks for no token"},
        {"10.0.0.1", false, true, false, "the token go over the network in the clear"},
        {"10.0.0.1", true, false, false, "neither a token nor a certificate"},
        {"10.0.0.1", true, true, false, NULL},
        {"2001:db8::1", true, false, true, NULL},
        {"128.0.0.1", true, false, false, "anybody may take part"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_websocket_options options = defaults();
        options.listen_addr = cases[i].address;
        options.tls_options.cert_file = cases[i].has_tls ? "c" : NULL;
        options.tls_options.key_file = cases[i].has_tls ? "k" : NULL;
        options.tls_options.enable_peer_verification = cases[i].verifies;
        options.bearer_token = cases[i].has_token ? "t" : NULL;
        const char *warning = mqc__websocket_options_warning(&options);
        if (cases[i].words == NULL)
            CHECK_TEXT(warning, NULL);
        else
            CHECK_CONTAINS(warning, cases[i].words);
    }
}

static void test_copy_owns_its_texts(void)
{
    char address[] = "::1";
    char token[] = "token";
    char origin[] = "https://a";
    const char *const origins[] = {origin};
    struct mqc_websocket_options options = defaults();
    struct mqc_websocket_options *copy = NULL;
    options.listen_addr = address;
    options.bearer_token = token;
    options.allowed_origins = origins;
    options.allowed_origin_count = 1;
    CHECK_INT(mqc__websocket_options_copy(&options, &copy), MQC_OK);
    REQUIRE(copy != NULL);
    CHECK(mqc__websocket_options_equal(&options, copy));
    memset(address, 'x', sizeof address - 1);
    memset(token, 'x', sizeof token - 1);
    memset(origin, 'x', sizeof origin - 1);
    CHECK_TEXT(copy->listen_addr, "::1");
    CHECK_TEXT(copy->bearer_token, "token");
    CHECK_TEXT(copy->allowed_origins[0], "https://a");
    CHECK_TEXT(copy->tls_options.cert_file, NULL);
    mqc__websocket_options_free(&copy);
    CHECK(copy == NULL);
    mqc__websocket_options_free(&copy);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"defaults", test_options_have_their_defaults},
        {"ranges", test_check_names_what_is_out_of_range},
        {"address", test_check_takes_addresses_only},
        {"tls", test_check_wants_certificate_and_key},
        {"token", test_check_wants_tokens_that_can_be_sent},
        {"origins", test_check_wants_whole_origins},
        {"serve", test_check_wants_something_to_serve},
        {"equal", test_equal_sees_every_difference},
        {"spellings", test_equal_sees_through_spellings},
        {"place", test_same_place_is_that_of_address_and_port},
        {"warning", test_warning_is_for_what_others_can_reach},
        {"copy", test_copy_owns_its_texts},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.options", tests);
}
