#include "loading.h"

#include "config/document.h"
#include "config/option.h"

#include <stdlib.h>

#define DOCUMENT_BYTES ((size_t)1 << 20)

static void test_document_sample_is_the_committed_one(void)
{
    struct mqc__buffer buffer;
    char *committed = NULL;
    size_t size = 0;
    mqc__buffer_init(&buffer, DOCUMENT_BYTES);
    CHECK(mqc__config_write_sample(&buffer));
    const bool is_read =
        test_read_file(MQC_TEST_SOURCE_DIR "/config/mqcluster.yaml", &committed, &size);
    CHECK(is_read);
    if (is_read)
        CHECK_VIEW(mqc_view_bytes(committed, size), mqc__buffer_view(&buffer));
    free(committed);
    mqc__buffer_fini(&buffer);
}

static void test_document_sample_loads(void)
{
    const struct loaded *loaded = load_file(MQC_TEST_SOURCE_DIR "/config/mqcluster.yaml");
    CHECK_INT(loaded->error, MQC_OK);
    CHECK_UNSIGNED(loaded->count, 0);
    REQUIRE(loaded->config != NULL);
    CHECK_TEXT(mqc__config_settings(loaded->config)->cluster.name, "site-7");
    unload();
}

/* An option that is commented out has no single blank behind its '#'. */
static bool is_option_comment(const char *line)
{
    return line[0] == '#' && line[1] != '\n' && (line[1] != ' ' || line[2] == ' ');
}

/* Says whether the line gives an option that cannot stand beside the others. */
static bool is_exclusive(const char *line)
{
    static const char *const beginnings[] = {"#  uris:", "#  password_file:", "#  psk_identity:",
                                             "#  psk_file:", "#  bearer_token_file:"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

/* The sample with every option set that is not excluded by another one, and a broker with TLS. */
static void append_uncommented(struct mqc__buffer *from, struct mqc__buffer *to)
{
    CHECK(mqc__buffer_append(from, "", 1));
    for (const char *line = from->data; line[0] != '\0';) {
        const size_t size = strcspn(line, "\n") + 1;
        const size_t skipped = is_option_comment(line) ? 1 : 0;
        if (strncmp(line, "  uri: ", 7) == 0)
            CHECK(mqc__buffer_append_text(to, "  uri: mqtts://broker\n"));
        else if (!is_exclusive(line))
            CHECK(mqc__buffer_append(to, line + skipped, size - skipped));
        line += size;
    }
}

static void test_document_sample_loads_with_every_option_set(void)
{
    struct mqc__buffer sample;
    struct mqc__buffer uncommented;
    mqc__buffer_init(&sample, DOCUMENT_BYTES);
    mqc__buffer_init(&uncommented, DOCUMENT_BYTES);
    CHECK(mqc__config_write_sample(&sample));
    append_uncommented(&sample, &uncommented);
    const struct mqc_view text = mqc__buffer_view(&uncommented);
    const struct loaded *loaded = load_bytes(text.data, text.size);
    for (size_t i = 0; i < loaded->count; i++)
        CHECK_TEXT(loaded->problems[i].text, "");
    mqc__buffer_fini(&sample);
    mqc__buffer_fini(&uncommented);
    REQUIRE(loaded->config != NULL);
    const struct mqc__settings *settings = mqc__config_settings(loaded->config);
    CHECK_TEXT(settings->node, "worker-1");
    CHECK_TEXT(settings->broker.password, "from the environment");
    CHECK_TEXT(settings->tls.ca_file, "/etc/mqcluster/ca.pem");
    CHECK_UNSIGNED(settings->tls.alpn_count, 1);
    CHECK_UNSIGNED(settings->tls.cipher_count, 2);
    CHECK_UNSIGNED(settings->node_count, 4);
    CHECK_UNSIGNED(settings->cluster.lease_ms, 60000);
    CHECK(settings->cluster.has_watch);
    CHECK_UNSIGNED(settings->pool_count, 3);
    CHECK_UNSIGNED(settings->signature_count, 2);
    CHECK_UNSIGNED(settings->delivery.prefix_count, 2);
    REQUIRE(settings->websocket_count == 1);
    CHECK_TEXT(settings->websockets[0].tls.key_file, "/etc/mqcluster/websocket.key");
    CHECK_UNSIGNED(settings->websockets[0].allowed_origin_count, 1);
    CHECK_UNSIGNED(settings->metrics.max_series, 1000);
    unload();
}

static void test_document_every_option_is_in_both(void)
{
    struct mqc__buffer sample;
    struct mqc__buffer manual;
    mqc__buffer_init(&sample, DOCUMENT_BYTES);
    mqc__buffer_init(&manual, DOCUMENT_BYTES);
    CHECK(mqc__config_write_sample(&sample));
    CHECK(mqc__config_write_reference(&manual));
    CHECK(mqc__buffer_append(&sample, "", 1) && mqc__buffer_append(&manual, "", 1));
    for (size_t i = 0; i < mqc__option_count(); i++) {
        CHECK(strstr(sample.data, mqc__option_name(mqc__option_at(i))) != NULL);
        CHECK(strstr(manual.data, mqc__option_at(i)->path) != NULL);
    }
    CHECK_CONTAINS(sample.data, "# cluster: {name: site-7}\n# broker: {uri: ");
    CHECK(strncmp(manual.data, ".TH MQCLUSTER.YAML 5", 20) == 0);
    mqc__buffer_fini(&sample);
    mqc__buffer_fini(&manual);
}

static void test_document_without_room_fails(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 500);
    CHECK(!mqc__config_write_sample(&buffer));
    mqc__buffer_fini(&buffer);
    mqc__buffer_init(&buffer, 500);
    CHECK(!mqc__config_write_reference(&buffer));
    mqc__buffer_fini(&buffer);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"committed", test_document_sample_is_the_committed_one},
        {"loads", test_document_sample_loads},
        {"every option set", test_document_sample_loads_with_every_option_set},
        {"every option", test_document_every_option_is_in_both},
        {"no room", test_document_without_room_fails},
        CU_TEST_INFO_NULL,
    };
    if (setenv("MQTT_PASSWORD", "from the environment", 1) != 0 ||
        setenv("WEBSOCKET_TOKEN", "also-from-there", 1) != 0)
        return EXIT_FAILURE;
    return suite_run("config.document", tests);
}
