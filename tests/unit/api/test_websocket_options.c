#include "api/options.h"

#include "support/suite.h"
#include "ws/options_check.h"

static struct mqc__arena arena;

static size_t options_of(const struct mqc_config *config, struct mqc_websocket_options **options)
{
    size_t count = 99;
    CHECK_INT(mqc__api_websocket_options(config, &arena, options, &count, NULL), MQC_OK);
    return count;
}

static void set(struct mqc_config *config, const char *path, const char *value)
{
    if (!CHECK_INT(mqc_config_set(config, path, value, NULL), MQC_OK))
        CHECK_TEXT(path, value);
}

static void test_options_are_none_unless_configured(void)
{
    struct mqc_config *config = mqc_config_new();
    struct mqc_websocket_options *options = NULL;
    REQUIRE(config != NULL);
    CHECK_UNSIGNED(options_of(config, &options), 0);
    mqc_config_free(&config);
}

/* What the table of options says and what mqc_websocket_options_init() does is the same. */
static void test_options_have_the_defaults_of_the_library(void)
{
    struct mqc_config *config = mqc_config_new();
    struct mqc_websocket_options *options = NULL;
    struct mqc_websocket_options defaults;
    REQUIRE(config != NULL);
    mqc_websocket_options_init(&defaults);
    set(config, "websocket.listen_port", "27759");
    REQUIRE(options_of(config, &options) == 1);
    CHECK(mqc__websocket_options_equal(&options[0], &defaults));
    mqc_config_free(&config);
}

static void test_options_are_those_of_each_entry(void)
{
    static const char *const settings[][2] = {
        {"websocket[0].listen_addr", "::1"},
        {"websocket[0].listen_port", "65535"},
        {"websocket[0].ping_interval", "off"},
        {"websocket[0].max_event_queue_size", "0"},
        {"websocket[0].max_connections", "5"},
        {"websocket[0].handshake_timeout", "1s"},
        {"websocket[0].grace", "250ms"},
        {"websocket[0].max_message_bytes", "1KiB"},
        {"websocket[0].max_pending_bytes", "2KiB"},
        {"websocket[0].max_outbound_bytes", "1GiB"},
        {"websocket[0].serve", "[healthz]"},
        {"websocket[1].tls_options.cert_file", "/c"},
        {"websocket[1].tls_options.key_file", "/k"},
        {"websocket[1].tls_options.ca_file", "/ca"},
        {"websocket[1].tls_options.ciphers", "A:B"},
        {"websocket[1].tls_options.enable_peer_verification", "true"},
        {"websocket[1].bearer_token", "token"},
        {"websocket[1].allowed_origins", "[https://a, https://b]"},
    };
    struct mqc_config *config = mqc_config_new();
    struct mqc_websocket_options *options = NULL;
    REQUIRE(config != NULL);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        set(config, settings[i][0], settings[i][1]);
    REQUIRE(options_of(config, &options) == 2);
    CHECK_TEXT(options[0].listen_addr, "::1");
    CHECK_UNSIGNED(options[0].listen_port, 65535);
    CHECK_INT(options[0].ping_interval_ms, 0);
    CHECK_UNSIGNED(options[0].max_event_queue_size, 0);
    CHECK_UNSIGNED(options[0].max_connections, 5);
    CHECK_UNSIGNED(options[0].handshake_timeout_ms, 1000);
    CHECK_UNSIGNED(options[0].grace_ms, 250);
    CHECK_UNSIGNED(options[0].max_message_bytes, 1024);
    CHECK_UNSIGNED(options[0].max_pending_bytes, 2048);
    CHECK_UNSIGNED(options[0].max_outbound_bytes, 1 << 30);
    CHECK(!options[0].serves_websocket && options[0].serves_healthz && !options[0].serves_metrics);
    CHECK_TEXT(options[1].tls_options.cert_file, "/c");
    CHECK_TEXT(options[1].tls_options.key_file, "/k");
    CHECK_TEXT(options[1].tls_options.ca_file, "/ca");
    CHECK_TEXT(options[1].tls_options.ciphers, "A:B");
    CHECK(options[1].tls_options.enable_peer_verification);
    CHECK_TEXT(options[1].bearer_token, "token");
    REQUIRE(options[1].allowed_origin_count == 2);
    CHECK_TEXT(options[1].allowed_origins[1], "https://b");
    CHECK_INT(mqc__websocket_options_check(&options[0], NULL), MQC_OK);
    CHECK_INT(mqc__websocket_options_check(&options[1], NULL), MQC_OK);
    mqc_config_free(&config);
}

static void test_telemetry_has_the_levels(void)
{
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    struct mqc__telemetry_options telemetry = mqc__api_telemetry_options(config);
    CHECK_UNSIGNED(telemetry.core_levels, 1);
    CHECK_UNSIGNED(telemetry.websocket_levels, 1);
    CHECK_UNSIGNED(telemetry.series_max, 1000);
    CHECK_INT(telemetry.topic_separator, '/');
    set(config, "metrics.core", "[]");
    set(config, "metrics.websocket", "[debug, verbose]");
    set(config, "metrics.max_series", "3");
    set(config, "cluster.topic_separator", ".");
    telemetry = mqc__api_telemetry_options(config);
    CHECK_UNSIGNED(telemetry.core_levels, 0);
    CHECK_UNSIGNED(telemetry.websocket_levels, 2 | 4);
    CHECK_UNSIGNED(telemetry.series_max, 3);
    CHECK_INT(telemetry.topic_separator, '.');
    mqc_config_free(&config);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"none", test_options_are_none_unless_configured},
        {"defaults", test_options_have_the_defaults_of_the_library},
        {"entries", test_options_are_those_of_each_entry},
        {"telemetry", test_telemetry_has_the_levels},
        CU_TEST_INFO_NULL,
    };
    mqc__arena_init(&arena, (size_t)1 << 20);
    const int status = suite_run("api.websocket_options", tests);
    mqc__arena_fini(&arena);
    return status;
}
