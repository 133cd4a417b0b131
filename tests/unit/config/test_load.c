#include "loading.h"

#include "link/tls_config.h"
#include "mqtt/session.h"

#include <stdlib.h>
#include <unistd.h>

static const char smallest_node[] =
    "cluster: {name: site-7}\n"
    "node: worker-1\n"
    "broker: {uri: \"mqtt://127.0.0.1:1883\"}     # or uris: [..], tried in turn\n"
    "nodes:\n"
    "  manager:  {type: manager}\n"
    "  logger-1: {type: logger}\n"
    "  proxy-1:  {type: proxy}\n"
    "  worker-1: {type: worker}\n"
    "events:\n"
    "  connection_seen: {args: [{orig_h: addr}, {orig_p: port}, {resp_h: addr}, {resp_p: port}, "
    "{state: string}]}\n";

static void test_load_smallest_node_has_its_values(void)
{
    const struct mqc__settings *settings = load_settings(smallest_node);
    CHECK_TEXT(settings->cluster.name, "site-7");
    CHECK_TEXT(settings->cluster.root, NULL);
    CHECK_TEXT(settings->node, "worker-1");
    CHECK_UNSIGNED(settings->broker.uri_count, 1);
    CHECK_TEXT(settings->broker.uris[0], "mqtt://127.0.0.1:1883");
    CHECK_UNSIGNED(settings->node_count, 4);
    CHECK_TEXT(settings->nodes[1].name, "logger-1");
    CHECK_INT(settings->nodes[1].type, MQC__NODE_LOGGER);
    CHECK_TEXT(settings->nodes[3].name, "worker-1");
    CHECK_INT(settings->nodes[3].type, MQC__NODE_WORKER);
    CHECK_UNSIGNED(settings->signature_count, 1);
    const struct mqc__signature *signature = &settings->signatures[0];
    CHECK_VIEW_TEXT(signature->event, "connection_seen");
    CHECK_UNSIGNED(signature->param_count, 5);
    CHECK_VIEW_TEXT(signature->params[3].name, "resp_p");
    CHECK_INT(signature->params[3].type.scalar, MQC_TYPE_PORT);
}

static void test_load_two_lines_leave_the_defaults(void)
{
    const struct mqc__settings *settings =
        load_settings("cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n");
    CHECK_UNSIGNED(settings->broker.keep_alive_ms, 60000);
    CHECK_UNSIGNED(settings->broker.connect_timeout_ms, 10000);
    CHECK_UNSIGNED(settings->broker.backoff_min_ms, 500);
    CHECK_UNSIGNED(settings->broker.backoff_max_ms, 60000);
    CHECK_UNSIGNED(settings->broker.session_expiry_ms, 3600000);
    CHECK_UNSIGNED(settings->broker.max_in_flight, 16);
    CHECK_UNSIGNED(settings->broker.max_in_flight_bytes, 1 << 20);
    CHECK_INT(settings->broker.protocol, 0);
    CHECK_INT(settings->delivery.guarantee, MQC__GUARANTEE_BROKER);
    CHECK_UNSIGNED(settings->delivery.max_event_bytes, 1 << 20);
    CHECK_UNSIGNED(settings->delivery.outbox_events, 100000);
    CHECK_UNSIGNED(settings->delivery.outbox_bytes, 64 << 20);
    CHECK_INT(settings->delivery.when_full, 0);
    CHECK_UNSIGNED(settings->delivery.batch_events, 1000);
    CHECK_UNSIGNED(settings->delivery.batch_bytes, 64 << 10);
    CHECK_UNSIGNED(settings->delivery.piece_bytes, 256 << 10);
    CHECK_INT(settings->delivery.compression, 0);
    CHECK_UNSIGNED(settings->delivery.compression_level, 3);
    CHECK_UNSIGNED(settings->delivery.inbox_messages, 10000);
    CHECK_UNSIGNED(settings->delivery.inbox_bytes, 64 << 20);
    CHECK_UNSIGNED(settings->delivery.flush_timeout_ms, 10000);
    CHECK(!settings->strict_events);
    CHECK_INT(settings->log.level, MQC_LOG_INFO);
    CHECK(settings->broker.username == NULL && settings->broker.password == NULL);
}

static void test_load_two_lines_leave_the_defaults_of_durability(void)
{
    const struct mqc__settings *settings =
        load_settings("cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n");
    CHECK_INT(settings->delivery.durability, 0);
    CHECK_TEXT(settings->delivery.directory, "/var/lib/mqcluster");
    CHECK_UNSIGNED(settings->delivery.spool_bytes, 1 << 30);
    CHECK_INT(settings->delivery.fsync, MQC__SPOOL_FSYNC_INTERVAL);
    CHECK_UNSIGNED(settings->delivery.fsync_interval_ms, 1000);
    CHECK_UNSIGNED(settings->delivery.keep_time_ms, 600000);
    CHECK_UNSIGNED(settings->delivery.keep_bytes, 64 << 20);
}

static void test_load_every_option_of_durability_is_read(void)
{
    const struct mqc__settings *settings = load_settings(
        "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\nnode: n\n"
        "delivery:\n  guarantee: end_to_end\n  durability: disk\n  directory: /data/m q/\n"
        "  spool_bytes: 1024GiB\n  fsync: never\n  fsync_interval: 10ms\n"
        "  keep_time: 30d\n  keep_bytes: 16GiB\n"
        "  prefixes:\n  - {prefix: a/, guarantee: end_to_end, urgent: true}\n");
    CHECK_INT(settings->delivery.guarantee, MQC__GUARANTEE_END_TO_END);
    CHECK_INT(settings->delivery.durability, 1);
    CHECK_TEXT(settings->delivery.directory, "/data/m q/");
    CHECK_UNSIGNED(settings->delivery.spool_bytes, UINT64_C(1) << 40);
    CHECK_INT(settings->delivery.fsync, MQC__SPOOL_FSYNC_NEVER);
    CHECK_UNSIGNED(settings->delivery.fsync_interval_ms, 10);
    CHECK_UNSIGNED(settings->delivery.keep_time_ms, UINT64_C(30) * 24 * 3600 * 1000);
    CHECK_UNSIGNED(settings->delivery.keep_bytes, UINT64_C(16) << 30);
    REQUIRE(settings->delivery.prefix_count == 1);
    CHECK_INT(settings->delivery.prefixes[0].guarantee, MQC__GUARANTEE_END_TO_END);
    CHECK(settings->delivery.prefixes[0].is_urgent);
}

static void test_load_two_lines_leave_the_defaults_of_the_link(void)
{
    const struct mqc__settings *settings =
        load_settings("cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n");
    CHECK_UNSIGNED(settings->broker.tcp_timeout_ms, 20000);
    CHECK_UNSIGNED(settings->broker.tcp_keep_alive_ms, 30000);
    CHECK(settings->broker.tcp_quick_ack);
    CHECK(settings->tls.ca_file == NULL && settings->tls.ca_path == NULL);
    CHECK(settings->tls.certificate_file == NULL && settings->tls.key_file == NULL);
    CHECK(settings->tls.key_password_file == NULL && settings->tls.crl_file == NULL);
    CHECK(settings->tls.psk_identity == NULL && settings->tls.psk_file == NULL);
    CHECK(settings->tls.server_name == NULL);
    CHECK_UNSIGNED(settings->tls.alpn_count, 0);
    CHECK_UNSIGNED(settings->tls.cipher_count, 0);
    CHECK_INT(settings->tls.minimum_version, MQC__TLS_VERSION_1_2);
    CHECK(!settings->tls.insecure && !settings->tls.allow_readable_key);
    CHECK_INT(settings->tls.on_change, MQC__TLS_KEEP);
    CHECK_UNSIGNED(settings->tls.watch_interval_ms, 10000);
    CHECK_UNSIGNED(settings->tls.expiry_warning_ms, UINT64_C(30) * 24 * 3600 * 1000);
}

static void test_load_every_option_of_the_link_is_read(void)
{
    const struct mqc__settings *settings = load_settings(
        "cluster: {name: c}\n"
        "broker: {uri: 'mqtts://h', tcp_timeout: 500ms, tcp_keep_alive: 0, tcp_quick_ack: false}\n"
        "tls:\n  ca_file: /etc/ca.pem\n  ca_path: /etc/ca.d\n  certificate_file: /etc/n.pem\n"
        "  key_file: /etc/n.key\n  key_password_file: /etc/n.password\n  crl_file: /etc/crl.pem\n"
        "  server_name: broker.example.org\n  alpn: [mqtt, x-amzn-mqtt-ca]\n"
        "  ciphers:\n  - TLS_AES_128_GCM_SHA256\n  - TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256\n"
        "  min_version: 1.3\n  allow_readable_key: true\n  on_change: reconnect\n"
        "  watch_interval: 0\n  expiry_warning: 2d\n");
    CHECK_UNSIGNED(settings->broker.tcp_timeout_ms, 500);
    CHECK_UNSIGNED(settings->broker.tcp_keep_alive_ms, 0);
    CHECK(!settings->broker.tcp_quick_ack);
    CHECK_TEXT(settings->tls.ca_file, "/etc/ca.pem");
    CHECK_TEXT(settings->tls.ca_path, "/etc/ca.d");
    CHECK_TEXT(settings->tls.certificate_file, "/etc/n.pem");
    CHECK_TEXT(settings->tls.key_file, "/etc/n.key");
    CHECK_TEXT(settings->tls.key_password_file, "/etc/n.password");
    CHECK_TEXT(settings->tls.crl_file, "/etc/crl.pem");
    CHECK_TEXT(settings->tls.server_name, "broker.example.org");
    CHECK_UNSIGNED(settings->tls.alpn_count, 2);
    CHECK_TEXT(settings->tls.alpn[0], "mqtt");
    CHECK_TEXT(settings->tls.alpn[1], "x-amzn-mqtt-ca");
    CHECK_UNSIGNED(settings->tls.cipher_count, 2);
    CHECK_TEXT(settings->tls.ciphers[0], "TLS_AES_128_GCM_SHA256");
    CHECK_TEXT(settings->tls.ciphers[1], "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256");
    CHECK_INT(settings->tls.minimum_version, MQC__TLS_VERSION_1_3);
    CHECK(settings->tls.allow_readable_key);
    CHECK_INT(settings->tls.on_change, MQC__TLS_RENEW);
    CHECK_UNSIGNED(settings->tls.watch_interval_ms, 0);
    CHECK_UNSIGNED(settings->tls.expiry_warning_ms, UINT64_C(2) * 24 * 3600 * 1000);
}

static void test_load_every_kind_of_option_is_read(void)
{
    const struct mqc__settings *settings = load_settings(
        "cluster:\n  name: c\n  root: sites/c\n"
        "broker:\n  uris:\n  - mqtt://a\n  - 'mqtt://[2001:db8::1]:1884'\n"
        "  protocol: 3.1.1\n  username: u\n  password: 'p w'\n  keep_alive: 2m\n"
        "  receive_maximum: 0\n  topic_aliases: false\n"
        "delivery:\n  guarantee: best_effort\n  when_full: drop_oldest\n  expiry: 2h\n"
        "  outbox_bytes: 1GiB\n  prefixes:\n  - {prefix: '', guarantee: broker}\n"
        "  - {prefix: \"a/\\tb\", guarantee: best_effort, urgent: true}\n"
        "strict_events: true\nlog: {level: debug}\n");
    CHECK_TEXT(settings->cluster.root, "sites/c");
    CHECK_UNSIGNED(settings->broker.uri_count, 2);
    CHECK_TEXT(settings->broker.uris[1], "mqtt://[2001:db8::1]:1884");
    CHECK_INT(settings->broker.protocol, 311);
    CHECK_TEXT(settings->broker.password, "p w");
    CHECK_UNSIGNED(settings->broker.keep_alive_ms, 120000);
    CHECK_UNSIGNED(settings->broker.receive_maximum, 0);
    CHECK(!settings->broker.topic_aliases);
    CHECK_UNSIGNED(settings->delivery.expiry_ms, 7200000);
    CHECK_INT(settings->delivery.guarantee, MQC__GUARANTEE_BEST_EFFORT);
    CHECK_INT(settings->delivery.when_full, 1);
    CHECK_UNSIGNED(settings->delivery.outbox_bytes, 1 << 30);
    CHECK_UNSIGNED(settings->delivery.prefix_count, 2);
    CHECK_TEXT(settings->delivery.prefixes[0].prefix, "");
    CHECK_INT(settings->delivery.prefixes[0].guarantee, MQC__GUARANTEE_BROKER);
    CHECK_TEXT(settings->delivery.prefixes[1].prefix, "a/\tb");
    CHECK_INT(settings->delivery.prefixes[1].guarantee, MQC__GUARANTEE_BEST_EFFORT);
    CHECK(!settings->delivery.prefixes[0].is_urgent);
    CHECK(settings->delivery.prefixes[1].is_urgent);
    CHECK(settings->strict_events);
    CHECK_INT(settings->log.level, MQC_LOG_DEBUG);
}

static void test_load_event_types_are_parsed(void)
{
    const struct mqc__settings *settings = load_settings(
        "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"
        "events:\n  M::e:\n    args:\n    - hosts: set[addr]\n    - t: table[string] of count\n"
        "    - r: \"record { a: count; b: string &optional; }\"\n    - v: vector of any\n"
        "  none: {args: []}\n");
    CHECK_UNSIGNED(settings->signature_count, 2);
    const struct mqc__signature *signature = &settings->signatures[0];
    CHECK_VIEW_TEXT(signature->event, "M::e");
    CHECK_UNSIGNED(signature->param_count, 4);
    CHECK_INT(signature->params[0].type.shape, MQC__SHAPE_SET);
    CHECK_INT(signature->params[1].type.shape, MQC__SHAPE_TABLE);
    CHECK_INT(signature->params[2].type.shape, MQC__SHAPE_RECORD);
    CHECK_UNSIGNED(signature->params[2].type.field_count, 2);
    CHECK_INT(signature->params[3].type.shape, MQC__SHAPE_VECTOR);
    CHECK_UNSIGNED(settings->signatures[1].param_count, 0);
}

static void test_load_forms_of_yaml_mean_the_same(void)
{
    static const char *const forms[] = {
        "{cluster: {name: c}, broker: {uri: 'mqtt://h'}}",
        "\xef\xbb\xbf\x63luster:\r\n  name: c\r\nbroker:\r\n  uri: mqtt://h\r\n",
        "cluster:\r  name: c\rbroker:\r  uri: mqtt://h\r",
        "%YAML 1.1\n---\ncluster:\n  name: &n c\nbroker:\n  client_id: *n\n  uri: mqtt://h\n...\n",
        "# comment\n\ncluster:\n\n  name: 'c'\t# tab\nbroker: {uri:\n\t'mqtt://h'}\n",
        "\"cluster\": {\"name\": \"c\"}\n? broker\n: uri: >-\n    mqtt://h\n",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct mqc__settings *settings = load_settings(forms[i]);
        CHECK_TEXT(settings->cluster.name, "c");
        CHECK_TEXT(settings->broker.uris[0], "mqtt://h");
    }
}

static void test_load_standard_input_is_read(void)
{
    int ends[2];
    const int saved = dup(STDIN_FILENO);
    const size_t size = strlen(smallest_node);
    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], smallest_node, size) == (ssize_t)size);
    REQUIRE(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    (void)close(ends[0]);
    (void)close(ends[1]);
    const struct loaded *loaded = load_file("-");
    CHECK_INT(loaded->error, MQC_OK);
    if (saved >= 0) {
        (void)dup2(saved, STDIN_FILENO);
        (void)close(saved);
    }
}

static void test_load_unreadable_file_is_reported(void)
{
    const struct loaded *loaded = load_file("/nowhere/at/all.yaml");
    CHECK_INT(loaded->error, MQC_EIO);
    CHECK_UNSIGNED(loaded->count, 1);
    CHECK_UNSIGNED(loaded->problems[0].line, 0);
    CHECK_CONTAINS(loaded->problems[0].text, "No such file or directory");
    loaded = load_file("/");
    CHECK_INT(loaded->error, MQC_EIO);
    CHECK_CONTAINS(loaded->problems[0].text, "Is a directory");
}

static void test_load_null_arguments_are_refused(void)
{
    struct mqc_config *config = NULL;
    CHECK_INT(mqc_config_load(NULL, NULL, NULL, &config), MQC_EINVAL);
    CHECK_INT(mqc_config_load("/", NULL, NULL, NULL), MQC_EINVAL);
    CHECK_INT(mqc_config_load("/", NULL, NULL, &config), MQC_EIO);
    CHECK(config == NULL);
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"smallest node", test_load_smallest_node_has_its_values},
        {"defaults", test_load_two_lines_leave_the_defaults},
        {"defaults of durability", test_load_two_lines_leave_the_defaults_of_durability},
        {"every option of durability", test_load_every_option_of_durability_is_read},
        {"defaults of the link", test_load_two_lines_leave_the_defaults_of_the_link},
        {"every option of the link", test_load_every_option_of_the_link_is_read},
        {"every kind", test_load_every_kind_of_option_is_read},
        {"event types", test_load_event_types_are_parsed},
        {"forms of YAML", test_load_forms_of_yaml_mean_the_same},
        {"standard input", test_load_standard_input_is_read},
        {"unreadable file", test_load_unreadable_file_is_reported},
        {"null arguments", test_load_null_arguments_are_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.load", tests);
}
