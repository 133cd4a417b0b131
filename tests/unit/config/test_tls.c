#include "loading.h"

#include "link/tls_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLUSTER "cluster: {name: c}\n"
/* Lines 1 and 2 of a configuration with TLS, without and with a CA; tls then begins on line 3. */
#define SECURE CLUSTER "broker: {uri: 'mqtts://h'}\n"
#define PLAIN CLUSTER "broker: {uri: 'mqtt://h'}\n"
#define TRUST "  ca_file: /ca.pem\n"

struct wrong {
    const char *yaml;
    unsigned line;
    unsigned column;
    const char *key;
    const char *part; /* of the text */
};

/* Each has one mistake. */
static const struct wrong wrong_pairs[] = {
    {SECURE "tls:\n" TRUST "  certificate_file: /n.pem\n", 5, 3, "tls.certificate_file",
     "tls.certificate_file is given without tls.key_file; name the file with"},
    {SECURE "tls:\n" TRUST "  key_file: /n.key\n", 5, 3, "tls.key_file",
     "tls.key_file is given without tls.certificate_file; name the file with"},
    {SECURE "tls:\n" TRUST "  key_password_file: /n.password\n", 5, 3, "tls.key_password_file",
     "tls.key_password_file is given without tls.key_file; name the file with"},
    {SECURE "tls:\n  psk_identity: n\n", 4, 3, "tls.psk_identity",
     "tls.psk_identity is given without tls.psk_file; name the file with"},
    {SECURE "tls:\n  psk_file: /psk\n", 4, 3, "tls.psk_file",
     "tls.psk_file is given without tls.psk_identity; give the name"},
    {SECURE "tls:\n  insecure: true\n  crl_file: /crl.pem\n", 5, 3, "tls.crl_file",
     "tls.crl_file is given without tls.ca_file; give the authorities"},
    {SECURE "tls:\n" TRUST "  psk_identity: n\n  psk_file: /psk\n", 6, 3, "tls.psk_file",
     "tls.psk_file and tls.ca_file are both given; a shared key takes the place"},
    {SECURE "tls: {ca_path: /ca.d, psk_identity: n, psk_file: /psk}\n", 3, 40, "tls.psk_file",
     "tls.psk_file and tls.ca_path are both given"},
    {SECURE "tls: {certificate_file: /c, key_file: /k, psk_identity: n, psk_file: /psk}\n", 3, 60,
     "tls.psk_file", "tls.psk_file and tls.certificate_file are both given"},
    {SECURE "tls: {crl_file: /c, psk_identity: n, psk_file: /psk}\n", 3, 38, "tls.psk_file",
     "tls.psk_file and tls.crl_file are both given"},
};

static const struct wrong wrong_trust[] = {
    {SECURE, 2, 10, "broker.uri", "give tls.ca_file (the public CAs are in /etc/ssl/"},
    {CLUSTER "broker:\n  uris: [mqtt://a, mqtts://b]\n", 3, 3, "broker.uris",
     "nothing tells which broker to trust"},
    {SECURE "tls: {}\n", 2, 10, "broker.uri", "nothing tells which broker to trust"},
    {SECURE "tls: {certificate_file: /c, key_file: /k}\n", 2, 10, "broker.uri",
     "nothing tells which broker to trust"},
    {SECURE "tls: {crl_file: /c}\n", 2, 10, "broker.uri", "nothing tells which broker to trust"},
    {SECURE "tls: {insecure: false}\n", 2, 10, "broker.uri", "nothing tells which broker to trust"},
    /* What could be the cause is told alone. */
    {SECURE "tls: {ca_file: ''}\n", 3, 16, "tls.ca_file", "the value is empty"},
    {SECURE "tls: {ca_fiel: /ca.pem}\n", 3, 7, "tls.ca_fiel", "did you mean tls.ca_file?"},
    {SECURE "tls: {insecure: yes}\n", 3, 17, "tls.insecure", "'yes' is neither true nor false"},
    {SECURE "tls: [ca.pem]\n", 3, 6, "tls", "a list stands here; expected a mapping"},
};

static const struct wrong wrong_plain[] = {
    {PLAIN "tls:\n" TRUST, 4, 3, "tls.ca_file",
     "tls.ca_file is given, but no broker is at a mqtts:// address: everything would go over the "
     "network in the clear; begin broker.uri with mqtts://, or remove tls.ca_file"},
    {CLUSTER "broker: {uris: [mqtt://a, mqtt://b]}\ntls: {ca_path: /ca.d}\n", 3, 7, "tls.ca_path",
     "in the clear"},
    {PLAIN "tls: {certificate_file: /c, key_file: /k}\n", 3, 7, "tls.certificate_file",
     "in the clear"},
    {PLAIN "tls: {psk_identity: n, psk_file: /p}\n", 3, 7, "tls.psk_identity", "in the clear"},
    {PLAIN "tls: {crl_file: /c}\n", 3, 7, "tls.crl_file", "in the clear"},
    {PLAIN "tls: {server_name: h}\n", 3, 7, "tls.server_name", "in the clear"},
    {PLAIN "tls: {alpn: mqtt}\n", 3, 7, "tls.alpn", "in the clear"},
    {PLAIN "tls: {ciphers: [TLS_AES_128_GCM_SHA256]}\n", 3, 7, "tls.ciphers", "in the clear"},
    {PLAIN "tls: {min_version: 1.3}\n", 3, 7, "tls.min_version", "in the clear"},
    {PLAIN "tls: {insecure: true}\n", 3, 7, "tls.insecure", "in the clear"},
    /* What could be the cause is told alone. */
    {CLUSTER "broker: {uri: 'mqtts//h'}\ntls: {ca_file: /c}\n", 2, 15, "broker.uri",
     "it does not begin with mqtt:// or mqtts://"},
    {CLUSTER "tls: {ca_file: /c}\n", 0, 0, "broker.uri", "is missing"},
};

static const struct wrong wrong_values[] = {
    {SECURE "tls:\n" TRUST "  server_name: mqtts://h\n", 5, 16, "tls.server_name",
     "'mqtts://h' is neither a host name nor an IP address"},
    {SECURE "tls:\n" TRUST "  server_name: h:8883\n", 5, 16, "tls.server_name",
     "without mqtts:// and without the port"},
    {SECURE "tls:\n" TRUST "  server_name: \"a\\tb\"\n", 5, 16, "tls.server_name",
     "contains a control character"},
    {SECURE "tls:\n" TRUST "  server_name: [a]\n", 5, 16, "tls.server_name",
     "a list stands here; expected a single value"},
    {SECURE "tls:\n" TRUST "  psk_identity: \"a\\nb\"\n", 5, 17, "tls.psk_identity",
     "contains a control character"},
    {SECURE "tls:\n" TRUST "  alpn: [mqtt, 'a b']\n", 5, 16, "tls.alpn[1]",
     "'a b' is no protocol name; expected at most 255"},
    {SECURE "tls:\n" TRUST "  alpn: 'mqtt, h2'\n", 5, 9, "tls.alpn", "one name in each entry"},
    {SECURE "tls:\n" TRUST "  alpn: ['']\n", 5, 10, "tls.alpn[0]", "the value is empty"},
    {SECURE "tls:\n" TRUST "  alpn: {mqtt: 1}\n", 5, 9, "tls.alpn",
     "a mapping stands here; expected a single value"},
    {SECURE "tls:\n" TRUST "  alpn:\n", 5, 8, "tls.alpn", "the value is missing"},
    {SECURE "tls:\n" TRUST "  ciphers:\n  - TLS_AES_128_GCM_SHA256\n  - [a]\n", 7, 5,
     "tls.ciphers[1]", "a list stands here; expected a single value"},
    {SECURE "tls:\n" TRUST "  ciphers: ECDHE+AESGCM:!MD5\n", 5, 12, "tls.ciphers",
     "is no cipher suite; expected a name such as TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {SECURE "tls:\n" TRUST "  ciphers: [\"TLS\\x1b\"]\n", 5, 13, "tls.ciphers[0]",
     "contains a control character"},
    {SECURE "tls:\n" TRUST "  min_version: 1.1\n", 5, 16, "tls.min_version",
     "'1.1' is not possible; expected 1.2 or 1.3"},
    {SECURE "tls:\n" TRUST "  on_change: renew\n", 5, 14, "tls.on_change",
     "'renew' is not possible; expected keep or reconnect"},
    {SECURE "tls:\n" TRUST "  watch_interval: 25h\n", 5, 19, "tls.watch_interval",
     "out of range; expected 0 to 1d"},
    {SECURE "tls:\n" TRUST "  expiry_warning: 30\n", 5, 19, "tls.expiry_warning",
     "expected a whole number with a unit: ms, s, m, h, d"},
    {SECURE "tls:\n" TRUST "  expiry_warning: 366d\n", 5, 19, "tls.expiry_warning",
     "out of range; expected 0 to 365d"},
    {SECURE "tls:\n" TRUST "  ca_path: [a]\n", 5, 12, "tls.ca_path", "expected a single value"},
    {SECURE "tls:\n" TRUST "  key_file: \"a\\0b\"\n", 5, 13, "tls.key_file", "NUL"},
    {PLAIN "log: {}\nbroker.tcp_timeout: 1s\n", 4, 1, "broker.tcp_timeout", "unknown option"},
    {CLUSTER "broker:\n  uri: mqtt://h\n  tcp_timeout: 61m\n", 4, 16, "broker.tcp_timeout",
     "out of range; expected 0 to 1h"},
    {CLUSTER "broker:\n  uri: mqtt://h\n  tcp_keep_alive: 1500ms\n", 4, 19, "broker.tcp_keep_alive",
     "'1500ms' is no multiple of 1s"},
    {CLUSTER "broker:\n  uri: mqtt://h\n  tcp_quick_ack: 1\n", 4, 18, "broker.tcp_quick_ack",
     "'1' is neither true nor false"},
};

static void check_wrong(const struct wrong *wrong)
{
    const struct loaded *loaded = load_text(wrong->yaml);
    const struct loaded_problem *problem = &loaded->problems[0];
    bool is_right = CHECK_UNSIGNED(loaded->count, 1);
    is_right = CHECK_UNSIGNED(loaded->count > 0 ? problem->line : 0, wrong->line) && is_right;
    is_right = CHECK_UNSIGNED(loaded->count > 0 ? problem->column : 0, wrong->column) && is_right;
    is_right = CHECK_TEXT(loaded->count > 0 ? problem->key : "", wrong->key) && is_right;
    is_right = CHECK_CONTAINS(loaded->count > 0 ? problem->text : "", wrong->part) && is_right;
    if (!is_right)
        (void)printf("for this file:\n%s\n", wrong->yaml);
}

#define CHECK_WRONG(cases)                                                                         \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++)                              \
            check_wrong(&(cases)[i]);                                                              \
        unload();                                                                                  \
    } while (0)

static void test_tls_option_without_its_other_half_is_named(void)
{
    CHECK_WRONG(wrong_pairs);
}

static void test_tls_broker_that_nobody_vouches_for_is_named(void)
{
    CHECK_WRONG(wrong_trust);
}

static void test_tls_without_a_tls_broker_is_named(void)
{
    CHECK_WRONG(wrong_plain);
}

static void test_tls_wrong_value_is_named(void)
{
    CHECK_WRONG(wrong_values);
}

static void test_tls_right_combinations_load(void)
{
    static const char *const files[] = {
        SECURE "tls: {ca_file: /ca.pem}\n",
        SECURE "tls: {ca_path: /ca.d}\n",
        SECURE "tls: {ca_file: /ca.pem, ca_path: /ca.d, crl_file: /crl.pem}\n",
        SECURE "tls: {ca_file: /c, certificate_file: /n, key_file: /k, key_password_file: /p}\n",
        SECURE "tls: {psk_identity: n, psk_file: /psk, alpn: [], server_name: x}\n",
        SECURE "tls: {insecure: true}\n",
        SECURE "tls: {insecure: true, ca_file: /ca.pem}\n",
        SECURE "tls: {ca_file: /ca.pem, server_name: '2001:db8::1'}\n",
        SECURE "tls: {ca_file: /ca.pem, server_name: 10.0.0.1, alpn: http/1.1}\n",
        CLUSTER "broker: {uris: [mqtt://a, 'mqtts://b:1']}\ntls: {ca_file: /ca.pem}\n",
        /* What does nothing by itself. */
        PLAIN "tls: {}\n",
        PLAIN "tls: {min_version: 1.2, insecure: false, allow_readable_key: true}\n",
        PLAIN "tls: {on_change: reconnect, watch_interval: 0, expiry_warning: 0}\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const struct loaded *loaded = load_text(files[i]);
        if (!CHECK_INT(loaded->error, MQC_OK))
            CHECK_TEXT(loaded->problems[0].text, files[i]);
    }
    unload();
}

/* A configuration that is built option by option names its mistakes too. */
static void test_tls_contradiction_after_set_is_found(void)
{
    static const struct {
        const char *path;
        const char *value;
        const char *place; /* NULL: no contradiction */
    } steps[] = {
        {"broker.uri", "mqtts://h", "broker.uri"},
        {"tls.ca_file", "/ca.pem", NULL},
        {"tls.psk_file", "/psk", "tls.psk_file"},
        {"tls.psk_identity", "n", "tls.psk_file"},
    };
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "cluster.name", "c", NULL), MQC_OK);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct mqc_error_info info = {.place = ""};
        CHECK_INT(mqc_config_set(config, steps[i].path, steps[i].value, &info), MQC_OK);
        CHECK_INT(mqc_config_check(config, &info), steps[i].place == NULL ? MQC_OK : MQC_ECONFIG);
        CHECK_TEXT(info.place, steps[i].place == NULL ? "" : steps[i].place);
    }
    mqc_config_free(&config);
}

static void test_tls_server_name_length_is_bounded(void)
{
    char name[255];
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    memset(name, 'n', sizeof name - 1);
    name[254] = '\0';
    CHECK_INT(mqc_config_set(config, "tls.server_name", name, NULL), MQC_ECONFIG);
    CHECK_INT(mqc_config_set(config, "tls.server_name", name + 1, NULL), MQC_OK);
    CHECK_UNSIGNED(strlen(mqc__config_settings(config)->tls.server_name), 253);
    mqc_config_free(&config);
}

static void test_tls_alpn_length_is_bounded(void)
{
    char name[257];
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    memset(name, 'n', sizeof name - 1);
    name[256] = '\0';
    CHECK_INT(mqc_config_set(config, "tls.alpn", name, NULL), MQC_ECONFIG);
    CHECK_INT(mqc_config_set(config, "tls.alpn", name + 1, NULL), MQC_OK);
    mqc_config_free(&config);
}

static void test_tls_texts_take_one_text_or_a_list(void)
{
    static const struct {
        const char *text;
        const char *mistake; /* NULL: valid */
        size_t count;
        const char *last;
        const char *got; /* by mqc_config_get(); NULL: not set */
    } cases[] = {
        {"TLS-A", NULL, 1, "TLS-A", "[TLS-A]"},
        {"[TLS-A]", NULL, 1, "TLS-A", "[TLS-A]"},
        {"[TLS_A,TLS_B]", NULL, 2, "TLS_B", "[TLS_A, TLS_B]"},
        {"[  TLS_A , TLS_B , ]", NULL, 2, "TLS_B", "[TLS_A, TLS_B]"},
        {"[]", NULL, 0, NULL, NULL},
        {"[ ]", NULL, 0, NULL, NULL},
        {"", "the value is empty", 0, NULL, NULL},
        {"[,]", "the value is empty", 0, NULL, NULL},
        {"[A,,B]", "the value is empty", 0, NULL, NULL},
        {"[A", "'[A' is no cipher suite", 0, NULL, NULL},
        {"[", "is no cipher suite", 0, NULL, NULL},
        {"A, B", "one in each entry", 0, NULL, NULL},
        {"[A B]", "'A B' is no cipher suite", 0, NULL, NULL},
        {"[[A]]", "'[A]' is no cipher suite", 0, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info = {.text = ""};
        char got[64];
        struct mqc_config *config = mqc_config_new();
        REQUIRE(config != NULL);
        const enum mqc_error error = mqc_config_set(config, "tls.ciphers", cases[i].text, &info);
        CHECK_INT(error, cases[i].mistake == NULL ? MQC_OK : MQC_ECONFIG);
        CHECK_CONTAINS(info.text, cases[i].mistake == NULL ? "" : cases[i].mistake);
        const size_t count = mqc__config_settings(config)->tls.cipher_count;
        if (CHECK_UNSIGNED(count, cases[i].count) && count > 0)
            CHECK_TEXT(mqc__config_settings(config)->tls.ciphers[count - 1], cases[i].last);
        CHECK_INT(mqc_config_get(config, "tls.ciphers", got, sizeof got),
                  cases[i].got != NULL ? MQC_OK : MQC_ENOTFOUND);
        CHECK_TEXT(got, cases[i].got != NULL ? cases[i].got : "");
        mqc_config_free(&config);
    }
}

static void test_tls_texts_are_bounded(void)
{
    char text[200] = "[";
    char got[8];
    struct mqc_error_info info;
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    for (size_t i = 0; i < 64; i++)
        memcpy(text + 1 + 2 * i, "a,", 3);
    memcpy(text + 129, "]", 2);
    CHECK_INT(mqc_config_set(config, "tls.alpn", text, &info), MQC_OK);
    CHECK_UNSIGNED(mqc__config_settings(config)->tls.alpn_count, 64);
    CHECK_INT(mqc_config_get(config, "tls.alpn", got, sizeof got), MQC_ETOOLARGE);
    CHECK_TEXT(got, "[a, a, ");
    memcpy(text + 129, "b]", 3);
    CHECK_INT(mqc_config_set(config, "tls.alpn", text, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "over 64 entries");
    CHECK_UNSIGNED(mqc__config_settings(config)->tls.alpn_count, 64);
    mqc_config_free(&config);
}

static void test_tls_one_text_may_stand_without_its_list(void)
{
    const struct loaded *loaded =
        load_text(SECURE "tls: {ca_file: /c, alpn: mqtt, ciphers: \"[TLS_A, TLS_B]\"}\n");
    REQUIRE(loaded->config != NULL);
    const struct mqc__settings *settings = mqc__config_settings(loaded->config);
    CHECK_UNSIGNED(settings->tls.alpn_count, 1);
    CHECK_TEXT(settings->tls.alpn[0], "mqtt");
    CHECK_UNSIGNED(settings->tls.cipher_count, 2);
    unload();
}

static void test_tls_files_start_at_the_configuration(void)
{
    static const char yaml[] = SECURE "tls: {ca_file: ca.pem, ca_path: /ca.d, crl_file: ../crl}\n";
    char folder[] = "/tmp/mqc-tls-XXXXXX";
    char path[64];
    char expected[64];
    char got[64];
    REQUIRE(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/node.yaml", folder);
    FILE *file = fopen(path, "we");
    REQUIRE(file != NULL);
    CHECK(fputs(yaml, file) >= 0);
    REQUIRE(fclose(file) == 0);
    const struct loaded *loaded = load_file(path);
    CHECK_INT(loaded->error, MQC_OK);
    (void)unlink(path);
    (void)rmdir(folder);
    REQUIRE(loaded->config != NULL);
    const struct mqc__settings *settings = mqc__config_settings(loaded->config);
    (void)snprintf(expected, sizeof expected, "%s/ca.pem", folder);
    CHECK_TEXT(settings->tls.ca_file, expected);
    CHECK_TEXT(settings->tls.ca_path, "/ca.d");
    CHECK_INT(mqc_config_get(loaded->config, "tls.ca_file", got, sizeof got), MQC_OK);
    CHECK_TEXT(got, expected);
    (void)snprintf(expected, sizeof expected, "%s/../crl", folder);
    CHECK_TEXT(settings->tls.crl_file, expected);
    unload();
}

static void test_tls_file_without_a_configuration_starts_here(void)
{
    static char name[5000];
    struct mqc_error_info info;
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "tls.ca_file", "ca.pem", &info), MQC_OK);
    CHECK_TEXT(mqc__config_settings(config)->tls.ca_file, "ca.pem");
    memset(name, 'n', sizeof name - 1);
    CHECK_INT(mqc_config_set(config, "tls.ca_file", name, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "name is too long");
    CHECK_TEXT(mqc__config_settings(config)->tls.ca_file, "ca.pem");
    mqc_config_free(&config);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"pairs", test_tls_option_without_its_other_half_is_named},
        {"trust", test_tls_broker_that_nobody_vouches_for_is_named},
        {"plain", test_tls_without_a_tls_broker_is_named},
        {"wrong values", test_tls_wrong_value_is_named},
        {"right combinations", test_tls_right_combinations_load},
        {"after set", test_tls_contradiction_after_set_is_found},
        {"server name length", test_tls_server_name_length_is_bounded},
        {"alpn length", test_tls_alpn_length_is_bounded},
        {"texts", test_tls_texts_take_one_text_or_a_list},
        {"texts bounded", test_tls_texts_are_bounded},
        {"one text", test_tls_one_text_may_stand_without_its_list},
        {"files", test_tls_files_start_at_the_configuration},
        {"files here", test_tls_file_without_a_configuration_starts_here},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.tls", tests);
}
