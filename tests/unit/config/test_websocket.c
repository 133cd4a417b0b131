#include "loading.h"

#include "config/config_priv.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines 1 and 2. */
#define GOOD "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"

static void test_websocket_is_not_there_by_itself(void)
{
    const struct mqc__settings *settings = load_settings(GOOD);
    CHECK_UNSIGNED(settings->websocket_count, 0);
    CHECK_UNSIGNED(settings->metrics.core, 1U << MQC__METRICS_INFO);
    CHECK_UNSIGNED(settings->metrics.websocket, 1U << MQC__METRICS_INFO);
    CHECK_UNSIGNED(settings->metrics.max_series, 1000);
    CHECK_UNSIGNED(load_settings(GOOD "websocket: []\n")->websocket_count, 0);
}

static void test_websocket_has_its_defaults(void)
{
    const struct mqc__settings *settings = load_settings(GOOD "websocket: {}\n");
    REQUIRE(settings->websocket_count == 1);
    const struct mqc__websocket_settings *websocket = &settings->websockets[0];
    CHECK_TEXT(websocket->listen_addr, "127.0.0.1");
    CHECK_UNSIGNED(websocket->listen_port, 27759);
    CHECK_UNSIGNED(websocket->max_event_queue_size, 32);
    CHECK_UNSIGNED(websocket->ping_interval_ms, 5000);
    CHECK_TEXT(websocket->tls.cert_file, NULL);
    CHECK_TEXT(websocket->tls.key_file, NULL);
    CHECK_TEXT(websocket->tls.ca_file, NULL);
    CHECK_TEXT(websocket->tls.ciphers, NULL);
    CHECK(!websocket->tls.enable_peer_verification);
    CHECK_UNSIGNED(websocket->max_connections, 1000);
    CHECK_UNSIGNED(websocket->handshake_timeout_ms, 3000);
    CHECK_UNSIGNED(websocket->grace_ms, 1000);
    CHECK_UNSIGNED(websocket->max_message_bytes, 8 << 20);
    CHECK_UNSIGNED(websocket->max_pending_bytes, 8 << 20);
    CHECK_UNSIGNED(websocket->max_outbound_bytes, 64 << 20);
    CHECK_TEXT(websocket->bearer_token, NULL);
    CHECK(websocket->allowed_origins == NULL);
    CHECK_UNSIGNED(websocket->serve, 7);
}

static void test_websocket_list_is_read(void)
{
    const struct mqc__settings *settings = load_settings(
        GOOD "websocket:\n"
             "- listen_addr: 0.0.0.0\n  listen_port: 443\n  max_event_queue_size: 0\n"
             "  ping_interval: 1m\n  max_connections: 7\n  handshake_timeout: 1500ms\n"
             "  tls_options: {cert_file: /a/c, key_file: k, enable_peer_verification: true,\n"
             "    ca_file: /a/ca, ciphers: 'TLS_A:TLS_B'}\n"
             "  max_message_bytes: 1MiB\n  max_pending_bytes: 2MiB\n  max_outbound_bytes: 1GiB\n"
             "  bearer_token: a+b/c=\n  allowed_origins: ['https://a', 'http://b:80']\n"
             "- {listen_addr: '::1', serve: [healthz, metrics], allowed_origins: 'null'}\n"
             "metrics: {core: [info, debug], websocket: [], max_series: 5}\n");
    REQUIRE(settings->websocket_count == 2);
    const struct mqc__websocket_settings *first = &settings->websockets[0];
    CHECK_TEXT(first->listen_addr, "0.0.0.0");
    CHECK_UNSIGNED(first->listen_port, 443);
    CHECK_UNSIGNED(first->max_event_queue_size, 0);
    CHECK_UNSIGNED(first->ping_interval_ms, 60000);
    CHECK_UNSIGNED(first->max_connections, 7);
    CHECK_UNSIGNED(first->handshake_timeout_ms, 1500);
    CHECK_TEXT(first->tls.cert_file, "/a/c");
    CHECK_CONTAINS(first->tls.key_file, "/k");
    CHECK(first->tls.enable_peer_verification);
    CHECK_TEXT(first->tls.ca_file, "/a/ca");
    CHECK_TEXT(first->tls.ciphers, "TLS_A:TLS_B");
    CHECK_UNSIGNED(first->max_message_bytes, 1 << 20);
    CHECK_UNSIGNED(first->max_pending_bytes, 2 << 20);
    CHECK_UNSIGNED(first->max_outbound_bytes, 1 << 30);
    CHECK_TEXT(first->bearer_token, "a+b/c=");
    REQUIRE(first->allowed_origin_count == 2);
    CHECK_TEXT(first->allowed_origins[1], "http://b:80");
    const struct mqc__websocket_settings *second = &settings->websockets[1];
    CHECK_TEXT(second->listen_addr, "::1");
    CHECK_UNSIGNED(second->listen_port, 27759);
    CHECK_UNSIGNED(second->serve, 1U << MQC__SERVE_HEALTHZ | 1U << MQC__SERVE_METRICS);
    CHECK_UNSIGNED(second->allowed_origin_count, 1);
    CHECK_TEXT(second->bearer_token, NULL);
    CHECK_UNSIGNED(settings->metrics.core, 1U << MQC__METRICS_INFO | 1U << MQC__METRICS_DEBUG);
    CHECK_UNSIGNED(settings->metrics.websocket, 0);
    CHECK_UNSIGNED(settings->metrics.max_series, 5);
}

static void test_websocket_pings_may_be_off(void)
{
    static const struct {
        const char *text;
        bool is_valid;
        uint64_t interval_ms;
    } cases[] = {
        {"off", true, 0},     {"0", true, 0},         {"0s", true, 0},        {"-1s", true, 0},
        {"-0", true, 0},      {"-5 h", true, 0},      {"-1", false, 0},       {"-", false, 0},
        {"--1s", false, 0},   {"- 1s", false, 0},     {"OFF", false, 0},      {"false", false, 0},
        {"100ms", true, 100}, {"99ms", false, 0},     {"1d", true, 86400000}, {"25h", false, 0},
        {"5", false, 0},      {"2500ms", true, 2500},
    };
    struct mqc_error_info info;
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(mqc_config_set(config, "websocket.ping_interval", "7s", NULL), MQC_OK);
        const enum mqc_error error =
            mqc_config_set(config, "websocket.ping_interval", cases[i].text, &info);
        if (!CHECK_INT(error, cases[i].is_valid ? MQC_OK : MQC_ECONFIG))
            CHECK_TEXT(cases[i].text, "");
        CHECK_UNSIGNED(mqc__config_settings(config)->websockets[0].ping_interval_ms,
                       cases[i].is_valid ? cases[i].interval_ms : 7000);
        if (error != MQC_OK)
            CHECK_CONTAINS(info.text, "or off");
    }
    mqc_config_free(&config);
}

struct expected {
    unsigned line;
    const char *key;
    const char *part; /* of the text */
};

struct wrong {
    const char *yaml; /* from line 3 on */
    struct expected expected[12];
};

static const struct wrong wrongs[] = {
    {"websocket:\n",
     {{3, "websocket",
       "the value is missing; expected a mapping of options to values, or a list of such"}}},
    {"websocket: 27759\n", {{3, "websocket", "the single value '27759' stands here"}}},
    {"websocket:\n- {}\n- 1\n- [a]\n",
     {{5, "websocket[1]", "expected a mapping"}, {6, "websocket[2]", "a list stands here"}}},
    {"websocket:\n  listen_adr: ::1\n  listen_port: 0\n  max_event_queue_size: -1\n"
     "  ping_interval: 5\n  max_connections: 0\n  handshake_timeout: 1h\n"
     "  max_message_bytes: 2GiB\n  max_pending_bytes: 1\n  max_outbound_bytes: many\n",
     {{4, "websocket.listen_adr", "did you mean websocket.listen_addr?"},
      {5, "websocket.listen_port", "'0' is out of range; expected 1 to 65535"},
      {6, "websocket.max_event_queue_size", "'-1' is not what this option takes"},
      {7, "websocket.ping_interval", "from 100ms to 1d, or off"},
      {8, "websocket.max_connections", "out of range; expected 1 to 1000000"},
      {9, "websocket.handshake_timeout", "out of range; expected 100ms to 5m"},
      {10, "websocket.max_message_bytes", "out of range; expected 1KiB to 1GiB"},
      {11, "websocket.max_pending_bytes", "out of range"},
      {12, "websocket.max_outbound_bytes", "not what this option takes"}}},
    {"websocket:\n- listen_addr: localhost\n- listen_addr: 127.0.0.1:80\n"
     "- listen_addr: '[::1]'\n- listen_addr: fe80::1%eth0\n- listen_addr: \"1\\e\"\n",
     {{4, "websocket[0].listen_addr", "'localhost' is no IPv4 or IPv6 address"},
      {5, "websocket[1].listen_addr", "no IPv4 or IPv6 address"},
      {6, "websocket[2].listen_addr", "no IPv4 or IPv6 address"},
      {7, "websocket[3].listen_addr", "no IPv4 or IPv6 address"},
      {8, "websocket[4].listen_addr", "control character"}}},
    {"websocket:\n  tls_options:\n    cert_file: c\n",
     {{5, "websocket.tls_options.cert_file", "Invalid tls_options: No key_file field"}}},
    {"websocket:\n- listen_port: 1\n- tls_options: {key_file: k}\n",
     {{5, "websocket[1].tls_options.key_file", "Invalid tls_options: No cert_file field"}}},
    {"websocket: {tls_options: {enable_peer_verification: true}}\n",
     {{3, "websocket.tls_options.enable_peer_verification", "without cert_file and key_file"}}},
    /* One mistake hides those that may follow from it. */
    {"websocket: {tls_options: {cert_file: c, key_fle: k}}\n",
     {{3, "websocket.tls_options.key_fle", "did you mean websocket.tls_options.key_file?"}}},
    {"websocket: {tls_options: {cert_file: c, key_file: ''}}\n",
     {{3, "websocket.tls_options.key_file", "empty"}}},
    {"websocket: {tls_options: [a]}\n",
     {{3, "websocket.tls_options", "a list stands here; expected a mapping"}}},
    {"websocket: {cert_file: c, ca_file: d, uri: e}\n",
     {{3, "websocket.cert_file", "did you mean websocket.tls_options.cert_file?"},
      {3, "websocket.ca_file", "did you mean websocket.tls_options.ca_file?"},
      {3, "websocket.uri", "did you mean broker.uri?"}}},
    {"websocket.listen_port: 1\nwebsocket: {tls_options.cert_file: c}\n",
     {{3, "websocket.listen_port", "unknown option 'websocket.listen_port'"},
      {4, "websocket.tls_options.cert_file", "unknown option 'tls_options.cert_file'"}}},
    {"listen_port: 1\ntls: {cert_file: c}\n",
     {{3, "listen_port", "did you mean websocket.listen_port?"},
      {4, "tls.cert_file", "unknown option 'cert_file'"}}},
    {"websocket: {tls_options: {ciphers: 'TLS_A::TLS_B', cert_file: a, key_file: b}}\n",
     {{3, "websocket.tls_options.ciphers", "'' is no cipher suite"}}},
    {"websocket: {tls_options: {ciphers: 'TLS_A,TLS_B', cert_file: a, key_file: b}}\n",
     {{3, "websocket.tls_options.ciphers", "'TLS_A,TLS_B' is no cipher suite"}}},
    {"websocket: {tls_options: {ciphers: 'TLS_A:', cert_file: a, key_file: b}}\n",
     {{3, "websocket.tls_options.ciphers", "'' is no cipher suite"}}},
    {"websocket: {tls_options: {ciphers: "
     "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', "
     "cert_file: a, key_file: b}}\n",
     {{3, "websocket.tls_options.ciphers", "is no cipher suite"}}},
    {"websocket:\n- {}\n- {listen_port: 1}\n- {listen_port: 27759}\n- {listen_addr: '::1'}\n"
     "- listen_addr: 0:0::1\n",
     {{6, "websocket[2].listen_port", "websocket[0] listens on 127.0.0.1 port 27759 already"},
      {8, "websocket[4].listen_addr", "websocket[3] listens on 0:0::1 port 27759 already"}}},
    {"websocket:\n- {listen_port: 0}\n- {listen_port: 27759}\n",
     {{4, "websocket[0].listen_port", "out of range"}}},
    {"websocket:\n- bearer_token: a\n  bearer_token_file: /nowhere/token\n- bearer_token: b\n",
     {{5, "websocket[0].bearer_token_file",
       "websocket.bearer_token and websocket.bearer_token_file are both given"},
      {5, "websocket[0].bearer_token_file", "/nowhere/token"},
      {6, "websocket[1].listen_port", "websocket[0] listens on"}}},
    {"websocket: {bearer_token: two words}\n", {{3, "websocket.bearer_token", "the token has"}}},
    {"websocket: {allowed_origins: [], serve: []}\n",
     {{3, "websocket.allowed_origins", "the list is empty"},
      {3, "websocket.serve", "there is nothing to serve"}}},
    {"websocket:\n  allowed_origins:\n  - https://a/\n  - '*'\n  - a.example.org\n"
     "  - https://b\n  serve: [websockets, healthz, healthz]\n",
     {{5, "websocket.allowed_origins[0]", "'https://a/' is no origin"},
      {6, "websocket.allowed_origins[1]", "'*' is no origin"},
      {7, "websocket.allowed_origins[2]", "is no origin"},
      {9, "websocket.serve[0]", "expected websocket, healthz or metrics"},
      {9, "websocket.serve[2]", "'healthz' is given twice"}}},
    {"metrics: {core: [all], websocket: verbose, max_series: 0, serie: 1}\n",
     {{3, "metrics.core[0]", "'all' is not possible; expected info, verbose or debug"},
      {3, "metrics.max_series", "out of range; expected 1 to 1000000"},
      {3, "metrics.serie", "unknown option"}}},
};

static void test_websocket_mistakes_are_named_with_their_place(void)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        char text[2000];
        const struct wrong *wrong = &wrongs[i];
        (void)snprintf(text, sizeof text, "%s%s", GOOD, wrong->yaml);
        const struct loaded *loaded = load_text(text);
        size_t count = 0;
        CHECK_INT(loaded->error, MQC_ECONFIG);
        for (; wrong->expected[count].key != NULL && count < loaded->count; count++) {
            CHECK_UNSIGNED(loaded->problems[count].line, wrong->expected[count].line);
            CHECK_TEXT(loaded->problems[count].key, wrong->expected[count].key);
            CHECK_CONTAINS(loaded->problems[count].text, wrong->expected[count].part);
        }
        CHECK(wrong->expected[count].key == NULL);
        if (!CHECK_UNSIGNED(loaded->count, count))
            CHECK_TEXT(wrong->yaml, "");
    }
    unload();
}

static void test_websocket_entries_are_bounded(void)
{
    char text[2000] = GOOD "websocket:\n";
    size_t size = strlen(text);
    for (unsigned i = 0; i <= MQC__CONFIG_WEBSOCKETS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "- {listen_port: %u}\n", i + 1);
    const struct loaded *loaded = load_text(text);
    REQUIRE(loaded->count == 1);
    CHECK_CONTAINS(loaded->problems[0].text, "the list has 65 entries, at most 64 are possible");
    *strrchr(text, '-') = '#';
    CHECK_UNSIGNED(load_settings(text)->websocket_count, MQC__CONFIG_WEBSOCKETS_MAX);
    unload();
}

static void test_websocket_options_are_set_one_by_one(void)
{
    struct mqc_config *config = mqc_config_new();
    char text[64];
    struct mqc_error_info info;
    REQUIRE(config != NULL);
    CHECK_UNSIGNED(mqc_config_websocket_count(config), 0);
    CHECK_INT(mqc_config_get(config, "websocket.listen_port", text, sizeof text), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_set(config, "websocket.listen_port", "70000", &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "websocket.listen_port");
    CHECK_UNSIGNED(mqc_config_websocket_count(config), 0);
    CHECK_INT(mqc_config_set(config, "websocket[1].listen_port", "1", &info), MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "the next would be websocket[0]");
    CHECK_INT(mqc_config_set(config, "websocket.listen_port", "1", NULL), MQC_OK);
    CHECK_INT(mqc_config_set(config, "websocket.serve", "[healthz]", NULL), MQC_OK);
    CHECK_INT(mqc_config_set(config, "websocket[1].tls_options.ca_file", "ca", NULL), MQC_OK);
    CHECK_UNSIGNED(mqc_config_websocket_count(config), 2);
    CHECK_INT(mqc_config_set(config, "websocket.listen_port", "2", &info), MQC_ECONFIG);
    CHECK_TEXT(info.text, "websocket has 2 entries; say which one, as in websocket[0].listen_port");
    static const struct {
        const char *path;
        const char *got; /* NULL: not there */
    } rows[] = {
        {"websocket[0].listen_port", "1"},
        {"websocket[0].listen_addr", "127.0.0.1"},
        {"websocket[0].serve", "[healthz]"},
        {"websocket[0].ping_interval", "5s"},
        {"websocket[0].max_outbound_bytes", "64MiB"},
        {"websocket[0].bearer_token", NULL},
        {"websocket[1].listen_port", "27759"},
        {"websocket[1].tls_options.ca_file", "ca"},
        {"websocket[1].tls_options.cert_file", NULL},
        {"websocket[2].listen_port", NULL},
        {"websocket.listen_port", NULL},
        {"websocket[0]", NULL},
        {"websocket[].listen_port", NULL},
        {"websocket[x].listen_port", NULL},
        {"websocket[0.listen_port", NULL},
        {"websocket[0]listen_port", NULL},
        {"websocket[-1].listen_port", NULL},
        {"websocket[99999999999999999999999].listen_port", NULL},
        {"websocket[0].listen", NULL},
        {"metrics.core", "[info]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(mqc_config_get(config, rows[i].path, text, sizeof text),
                  rows[i].got != NULL ? MQC_OK : MQC_ENOTFOUND);
        CHECK_TEXT(text, rows[i].got != NULL ? rows[i].got : "");
    }
    CHECK_INT(mqc_config_set(config, "websocket", "{}", &info), MQC_ECONFIG);
    CHECK_INT(mqc_config_set(config, "websocket[0].listen", "x", &info), MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "there is no option 'websocket[0].listen'");
    CHECK_UNSIGNED(mqc_config_websocket_count(NULL), 0);
    mqc_config_free(&config);
}

static void test_websocket_contradictions_are_checked(void)
{
    struct mqc_error_info info;
    struct mqc_config *config = load_text(GOOD)->config;
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "websocket.tls_options.cert_file", "c", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.text, "Invalid tls_options: No key_file field");
    CHECK_TEXT(info.place, "websocket[0].tls_options.cert_file");
    CHECK_INT(mqc_config_set(config, "websocket.tls_options.key_file", "k", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_OK);
    CHECK_INT(mqc_config_set(config, "websocket[1].listen_port", "27759", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "websocket[1].listen_port");
    CHECK_INT(mqc_config_set(config, "websocket[1].listen_port", "27760", NULL), MQC_OK);
    CHECK_INT(mqc_config_set(config, "websocket[1].allowed_origins", "[]", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "websocket[1].allowed_origins");
    unload();
}

static void test_websocket_token_comes_from_a_file_of_its_owner(void)
{
    static const struct {
        const char *token;
        unsigned mode;
        const char *part; /* of what is wrong; NULL: nothing */
    } cases[] = {
        {"s3cret\n", 0600, NULL},
        {"s3cret", 0400, NULL},
        {"s3cret\n", 0644, "chmod 600"},
        {"", 0600, "holds no password"},
        {"two words\n", 0600, "the token has other characters"},
    };
    char path[] = "/tmp/mqc-token-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        const size_t size = strlen(cases[i].token);
        CHECK(fchmod(file, 0600) == 0 && ftruncate(file, 0) == 0 &&
              pwrite(file, cases[i].token, size, 0) == (ssize_t)size);
        CHECK(fchmod(file, cases[i].mode) == 0);
        (void)snprintf(text, sizeof text, "%swebsocket:\n  bearer_token_file: %s\n", GOOD, path);
        if (cases[i].part == NULL) {
            CHECK_TEXT(load_settings(text)->websockets[0].bearer_token, "s3cret");
            continue;
        }
        const struct loaded *loaded = load_text(text);
        REQUIRE(loaded->count == 1);
        CHECK_TEXT(loaded->problems[0].key, "websocket.bearer_token_file");
        CHECK_CONTAINS(loaded->problems[0].text, cases[i].part);
        CHECK(strstr(loaded->problems[0].text, "words") == NULL);
    }
    (void)close(file);
    (void)unlink(path);
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"none", test_websocket_is_not_there_by_itself},
        {"defaults", test_websocket_has_its_defaults},
        {"list", test_websocket_list_is_read},
        {"pings", test_websocket_pings_may_be_off},
        {"mistakes", test_websocket_mistakes_are_named_with_their_place},
        {"bounded", test_websocket_entries_are_bounded},
        {"one by one", test_websocket_options_are_set_one_by_one},
        {"contradictions", test_websocket_contradictions_are_checked},
        {"token file", test_websocket_token_comes_from_a_file_of_its_owner},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.websocket", tests);
}
