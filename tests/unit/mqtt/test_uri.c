#include "mqtt/uri.h"

#include "support/suite.h"

static void test_uri_parse_good_forms_give_host_and_port(void)
{
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
        bool is_ipv6;
    } cases[] = {
        {"mqtt://broker", "broker", 1883, false},
        {"mqtt://broker.example.org:8883", "broker.example.org", 8883, false},
        {"mqtt://10.0.0.1:1", "10.0.0.1", 1, false},
        {"mqtt://my_host-1:65535", "my_host-1", 65535, false},
        {"mqtt://[::1]", "::1", 1883, true},
        {"mqtt://[fe80::1%25]:1884", "fe80::1%25", 1884, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__uri uri;
        CHECK_INT(mqc__uri_parse(cases[i].text, &uri, NULL), MQC_OK);
        CHECK_TEXT(uri.host, cases[i].host);
        CHECK_UNSIGNED(uri.port, cases[i].port);
        CHECK_INT(uri.is_ipv6, cases[i].is_ipv6);
    }
}

static void test_uri_parse_bad_forms_are_refused_with_words(void)
{
    static const char *const cases[] = {
        "",
        "broker",
        "mqtts://broker",
        "http://broker",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://a:",
        "mqtt://a:0",
        "mqtt://a:65536",
        "mqtt://a:123456",
        "mqtt://a:-1",
        "mqtt://a:1x",
        "mqtt://a/topic",
        "mqtt://a:1883/",
        "mqtt://user@a",
        "mqtt://a b",
        "mqtt://[::1",
        "mqtt://[]",
        "mqtt://[::1]x",
        "mqtt://[host]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__uri uri;
        struct mqc_error_info info = {.code = MQC_OK};
        CHECK_INT(mqc__uri_parse(cases[i], &uri, &info), MQC_EINVAL);
        CHECK(info.text[0] != '\0');
    }
    struct mqc__uri uri;
    CHECK_INT(mqc__uri_parse(NULL, &uri, NULL), MQC_EINVAL);
}

static void test_uri_parse_host_length_is_bounded(void)
{
    char text[400] = "mqtt://";
    memset(text + 7, 'a', MQC__URI_HOST_BYTES_MAX);
    struct mqc__uri uri;
    CHECK_INT(mqc__uri_parse(text, &uri, NULL), MQC_OK);
    CHECK_UNSIGNED(strlen(uri.host), MQC__URI_HOST_BYTES_MAX);
    text[7 + MQC__URI_HOST_BYTES_MAX] = 'a';
    CHECK_INT(mqc__uri_parse(text, &uri, NULL), MQC_EINVAL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"good_forms_give_host_and_port", test_uri_parse_good_forms_give_host_and_port},
        {"bad_forms_are_refused_with_words", test_uri_parse_bad_forms_are_refused_with_words},
        {"host_length_is_bounded", test_uri_parse_host_length_is_bounded},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.uri", tests);
}
