#include "loading.h"

#include <stdlib.h>

static struct mqc_config *config;

static const struct mqc__settings *settings(void)
{
    return mqc__config_settings(config);
}

struct number_case {
    const char *text;
    bool is_valid;
    uint64_t number;
};

static void check_numbers(const char *path, const uint64_t *number, const struct number_case *cases,
                          size_t count)
{
    struct mqc_error_info info;
    for (size_t i = 0; i < count; i++) {
        const uint64_t before = *number;
        const enum mqc_error error = mqc_config_set(config, path, cases[i].text, &info);
        if (!CHECK_INT(error, cases[i].is_valid ? MQC_OK : MQC_ECONFIG))
            CHECK_TEXT(cases[i].text, path);
        CHECK_UNSIGNED(*number, cases[i].is_valid ? cases[i].number : before);
        if (error != MQC_OK)
            CHECK_TEXT(info.place, path);
    }
}

#define CHECK_NUMBERS(path, member, cases)                                                         \
    check_numbers(path, &settings()->member, cases, sizeof(cases) / sizeof(cases)[0])

static void test_value_integer_takes_whole_numbers(void)
{
    static const struct number_case cases[] = {
        {"1", true, 1},       {"65535", true, 65535},
        {"65536", false, 0},  {"0", false, 0},
        {"-1", false, 0},     {"+1", false, 0},
        {"01", false, 0},     {"1.0", false, 0},
        {"1s", false, 0},     {"", false, 0},
        {" 1", false, 0},     {"1 ", false, 0},
        {"0x10", false, 0},   {"1e3", false, 0},
        {"1_000", false, 0},  {"18446744073709551616", false, 0},
        {"many", false, 0},   {"99999999999999999999999999", false, 0},
        {"1000", true, 1000},
    };
    CHECK_NUMBERS("broker.max_in_flight", broker.max_in_flight, cases);
}

static void test_value_size_takes_units(void)
{
    static const struct number_case cases[] = {
        {"65536", true, 65536},  {"65536B", true, 65536},   {"64KiB", true, 65536},
        {"64 KiB", true, 65536}, {"66kB", true, 66000},     {"3MB", true, 3000000},
        {"3MiB", true, 3145728}, {"1GB", true, 1000000000}, {"1GiB", true, 1073741824},
        {"2GiB", false, 0},      {"64K", false, 0},         {"64kib", false, 0},
        {"64  KiB", false, 0},   {"64KiB ", false, 0},      {"1.5MiB", false, 0},
        {"64 ", false, 0},       {"KiB", false, 0},         {"17179869185GiB", false, 0},
        {"10s", false, 0},       {"0", false, 0},
    };
    CHECK_NUMBERS("delivery.outbox_bytes", delivery.outbox_bytes, cases);
}

static void test_value_duration_needs_units(void)
{
    static const struct number_case cases[] = {
        {"0", true, 0},         {"0s", true, 0},
        {"1500ms", true, 1500}, {"10s", true, 10000},
        {"10 s", true, 10000},  {"2m", true, 120000},
        {"1h", true, 3600000},  {"3601s", false, 0},
        {"10", false, 0},       {"1.5s", false, 0},
        {"10sec", false, 0},    {"-1s", false, 0},
        {"1us", false, 0},      {"213503982335d", false, 0},
        {"10MiB", false, 0},
    };
    CHECK_NUMBERS("delivery.flush_timeout", delivery.flush_timeout_ms, cases);
}

static void test_value_duration_with_step_takes_whole_seconds(void)
{
    static const struct number_case cases[] = {
        {"5s", true, 5000}, {"5500ms", false, 0}, {"6000ms", true, 6000}, {"18h", true, 64800000}};
    CHECK_NUMBERS("broker.keep_alive", broker.keep_alive_ms, cases);
}

static void test_value_uri_is_checked(void)
{
    static const struct {
        const char *text;
        const char *mistake; /* NULL: valid */
    } cases[] = {
        {"mqtt://127.0.0.1:1883", NULL},
        {"mqtt://broker", NULL},
        {"mqtt://broker.example.org:65535", NULL},
        {"mqtt://my_broker-1:1", NULL},
        {"mqtt://[::1]", NULL},
        {"mqtt://[2001:db8::1]:1883", NULL},
        {"mqtts://broker", NULL},
        {"mqtts://[::1]:8884", NULL},
        {"mqtt://[fe80::1%eth0]:1883", NULL},
        {"mqtt://", "the host is missing"},
        {"mqtt://:1883", "the host is missing"},
        {"mqtt:host", "does not begin with mqtt://"},
        {"MQTT://host", "does not begin with mqtt://"},
        {"tcp://host", "does not begin with mqtt://"},
        {"host:1883", "does not begin with mqtt://"},
        {"mqtts:host", "does not begin with mqtt:// or mqtts://"},
        {"mqtt://host:0", "the port"},
        {"mqtt://host/path", "nothing may follow"},
        {"mqtt://[::1", "']' is missing"},
        {"mqtt://u:p@host", "broker.username"},
        {"", "empty"},
        {"mqtt://\xff", "UTF-8"},
    };
    struct mqc_error_info info;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum mqc_error error = mqc_config_set(config, "broker.uri", cases[i].text, &info);
        CHECK_INT(error, cases[i].mistake == NULL ? MQC_OK : MQC_ECONFIG);
        if (cases[i].mistake == NULL)
            CHECK_TEXT(settings()->broker.uris[0], cases[i].text);
        else
            CHECK_CONTAINS(info.text, cases[i].mistake);
    }
    CHECK_UNSIGNED(settings()->broker.uri_count, 1);
    CHECK_TEXT(settings()->broker.uris[0], "mqtt://[fe80::1%eth0]:1883");
}

static void test_value_name_is_one_level(void)
{
    static const char *const wrong[] = {"", "a/b", "/", "+", "a#", "a\tb", "a\xff", "a\xc2\x9f"};
    struct mqc_error_info info;
    char name[257];
    memset(name, 'n', sizeof name - 1);
    name[256] = '\0';
    CHECK_INT(mqc_config_set(config, "cluster.name", name, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "256 bytes");
    CHECK_INT(mqc_config_set(config, "cluster.name", name + 1, &info), MQC_OK);
    CHECK_INT(mqc_config_set(config, "cluster.name",
                             "s\xc3\xbc"
                             "d 7",
                             &info),
              MQC_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_INT(mqc_config_set(config, "cluster.name", wrong[i], &info), MQC_ECONFIG);
    CHECK_TEXT(settings()->cluster.name, "s\xc3\xbc"
                                         "d 7");
}

static void test_value_text_over_mqtt_limit_is_refused(void)
{
    struct mqc_error_info info;
    static char text[65537];
    memset(text, 'x', sizeof text - 1);
    CHECK_INT(mqc_config_set(config, "broker.username", text, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "65536 bytes");
    CHECK_INT(mqc_config_set(config, "broker.username", text + 1, &info), MQC_OK);
}

static void test_value_bool_and_choice_take_their_words(void)
{
    CHECK_INT(mqc_config_set(config, "strict_events", "true", NULL), MQC_OK);
    CHECK(settings()->strict_events);
    CHECK_INT(mqc_config_set(config, "strict_events", "True", NULL), MQC_ECONFIG);
    CHECK(settings()->strict_events);
    CHECK_INT(mqc_config_set(config, "strict_events", "false", NULL), MQC_OK);
    CHECK(!settings()->strict_events);
    CHECK_INT(mqc_config_set(config, "broker.protocol", "5", NULL), MQC_OK);
    CHECK_INT(settings()->broker.protocol, 5);
    CHECK_INT(mqc_config_set(config, "broker.protocol", "3.1", NULL), MQC_ECONFIG);
    CHECK_INT(settings()->broker.protocol, 5);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"integer", test_value_integer_takes_whole_numbers},
        {"size", test_value_size_takes_units},
        {"duration", test_value_duration_needs_units},
        {"duration in seconds", test_value_duration_with_step_takes_whole_seconds},
        {"uri", test_value_uri_is_checked},
        {"name", test_value_name_is_one_level},
        {"long text", test_value_text_over_mqtt_limit_is_refused},
        {"bool and choice", test_value_bool_and_choice_take_their_words},
        CU_TEST_INFO_NULL,
    };
    config = mqc_config_new();
    if (config == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("config.value", tests);
    mqc_config_free(&config);
    return status;
}
