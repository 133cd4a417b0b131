#include "mqtt/uri.h"

#include "support/suite.h"

static void test_uri_parse_good_forms_give_host_and_port(void)
{
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
        bool is_ipv6;
        bool is_tls;
    } cases[] = {
        {"mqtt://broker", "broker", 1883, false, false},
        {"mqtt://broker.example.org:8883", "broker.example.org", 8883, false, false},
        {"mqtt://10.0.0.1:1", "10.0.0.1", 1, false, false},
        {"mqtt://my_host-1:65535", "my_host-1", 65535, false, false},
        {"mqtt://[::1]", "::1", 1883, true, false},
        {"mqtt://[2001:db8::1]:1883", "2001:db8::1", 1883, true, false},
        {"mqtt://[fe80::1%eth0]:1884", "fe80::1%eth0", 1884, true, false},
        {"mqtts://broker", "broker", 8883, false, true},
        {"mqtts://broker:1883", "broker", 1883, false, true},
        {"mqtts://10.0.0.1", "10.0.0.1", 8883, false, true},
        {"mqtts://[::1]", "::1", 8883, true, true},
        {"mqtts://[::1]:65535", "::1", 65535, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__uri uri;
        CHECK_INT(mqc__uri_parse(cases[i].text, &uri, NULL), MQC_OK);
        CHECK_TEXT(uri.host, cases[i].host);
        CHECK_UNSIGNED(uri.port, cases[i].port);
        CHECK_INT(uri.is_ipv6, cases[i].is_ipv6);
        CHECK_INT(uri.is_tls, cases[i].is_tls);
    }
}

static void test_uri_parse_bad_forms_are_refused_with_words(void)
{
    static const struct {
        const char *text;
        const char *mistake;
    } cases[] = {
        {"", "'' is no broker address: it does not begin with mqtt:// or mqtts://"},
        {"broker", "does not begin with mqtt:// or mqtts://"},
        {"broker:1883", "does not begin with mqtt:// or mqtts://"},
        {"mqtt:broker", "does not begin with mqtt:// or mqtts://"},
        {"mqtts:/broker", "does not begin with mqtt:// or mqtts://"},
        {"mqttss://broker", "does not begin with mqtt:// or mqtts://"},
        {"MQTT://broker", "does not begin with mqtt:// or mqtts://"},
        {"http://broker", "expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]"},
        {"mqtt://", "the host is missing"},
        {"mqtts://", "the host is missing"},
        {"mqtt://:1883", "the host is missing"},
        {"mqtt://::1", "the host is missing"},
        {"mqtt:///", "the host is missing"},
        {"mqtt://a:", "the port is no number from 1 to 65535"},
        {"mqtts://a:", "the port is no number from 1 to 65535"},
        {"mqtt://a:0", "the port is no number from 1 to 65535"},
        {"mqtt://a:65536", "the port is no number from 1 to 65535"},
        {"mqtt://a:123456", "the port is no number from 1 to 65535"},
        {"mqtt://a:4294968179", "the port is no number from 1 to 65535"},
        {"mqtt://a:-1", "the port is no number from 1 to 65535"},
        {"mqtt://a:1x", "the port is no number from 1 to 65535"},
        {"mqtt://a/topic", "nothing may follow host and port"},
        {"mqtt://a:1883/", "nothing may follow host and port"},
        {"mqtt://user@a", "'@'"},
        {"mqtts://user:secret@a", "broker.password_file"},
        {"mqtt://a b", "no host name has"},
        {"mqtt://h\xc3\xb6st", "no host name has"},
        {"mqtt://10.0.0", "the IPv4 address is malformed"},
        {"mqtt://10.0.0.256", "the IPv4 address is malformed"},
        {"mqtt://[::1", "']' is missing"},
        {"mqtt://[]", "the IPv6 address is malformed"},
        {"mqtt://[1.2.3.4]", "the IPv6 address is malformed"},
        {"mqtt://[host]", "the IPv6 address is malformed"},
        {"mqtt://[fe80::1%]", "the interface after '%' is malformed"},
        {"mqtt://[fe80::1%a/b]", "the interface after '%' is malformed"},
        {"mqtt://[::1]x", "nothing may follow host and port"},
        {"mqtts://[::1]1883", "nothing may follow host and port"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__uri uri;
        struct mqc_error_info info = {.code = MQC_OK};
        CHECK_INT(mqc__uri_parse(cases[i].text, &uri, &info), MQC_EINVAL);
        CHECK_CONTAINS(info.text, cases[i].mistake);
        CHECK(strstr(info.text, "secret") == NULL);
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
    static const char address[] = "mqtt://[fe80::1%";
    memset(text, 'a', sizeof text - 2);
    memcpy(text, address, sizeof address - 1);
    text[sizeof text - 2] = ']';
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
