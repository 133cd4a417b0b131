#include "support/suite.h"
#include "value/text.h"

/* What a text is read as, written again; NULL: it is refused. */
struct text_case {
    const char *text;
    const char *written;
};

static void test_address_parse_texts_as_expected(void)
{
    static const struct text_case cases[] = {
        {"10.0.0.1", "10.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"0.0.0.0", "0.0.0.0"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"::ffff:102:304", "1.2.3.4"},
        {"fe80:0000:0000:0000:0202:b3ff:fe1e:8329", "fe80::202:b3ff:fe1e:8329"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"", NULL},
        {"300.1.1.1", NULL},
        {"1.2.3", NULL},
        {"01.2.3.4", NULL},
        {"1.2.3.4 ", NULL},
        {" 1.2.3.4", NULL},
        {"1.2.3.4.5", NULL},
        {"[::1]", NULL},
        {"fe80::1%eth0", NULL},
        {"::ffff:01.2.3.4", NULL},
        {"1::2::3", NULL},
        {"localhost", NULL},
        {"0x7f.1.1.1", NULL},
        {"1.2.3.4aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_address address;
        const bool is_read = mqc__address_parse(mqc_view_text(cases[i].text), &address);
        CHECK_INT(is_read, cases[i].written != NULL);
        char text[MQC__TEXT_BYTES];
        if (is_read && mqc__address_format(&address, text) != 0)
            CHECK_TEXT(text, cases[i].written);
    }
}

static void test_address_parse_nul_inside_refused(void)
{
    struct mqc_address address;
    CHECK(!mqc__address_parse(mqc_view_bytes("1.2.3.4\0x", 9), &address));
    CHECK(!mqc__address_parse(mqc_view_bytes("1.2.3.4\0", 8), &address));
}

static void test_address_random_round_trip(void)
{
    struct test_random random = {2};
    for (int i = 0; i < 5000; i++) {
        struct mqc_address address = {{0}};
        for (size_t at = test_random_below(&random, 16); at < 16; at++)
            address.bytes[at] =
                (uint8_t)(test_random_below(&random, 2) * test_random_below(&random, 256));
        struct mqc_address back;
        char text[MQC__TEXT_BYTES];
        const size_t size = mqc__address_format(&address, text);
        REQUIRE(mqc__address_parse(mqc_view_bytes(text, size), &back));
        REQUIRE(memcmp(&back, &address, sizeof back) == 0);
    }
}

static void test_subnet_parse_texts_as_expected(void)
{
    static const struct text_case cases[] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"10.1.2.3/8", "10.0.0.0/8"},
        {"10.255.255.255/9", "10.128.0.0/9"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"1.2.3.4/0", "0.0.0.0/0"},
        {"1.2.3.4/32", "1.2.3.4/32"},
        {"2001:db8::/32", "2001:db8::/32"},
        {"2001:db8:ffff::1/33", "2001:db8:8000::/33"},
        {"::1/128", "::1/128"},
        {"ff::/0", "::/0"},
        {"::ffff:10.0.0.0/8", "10.0.0.0/8"},
        {"::ffff:10.0.0.0/104", NULL},
        {"10.0.0.0/33", NULL},
        {"::/129", NULL},
        {"10.0.0.0", NULL},
        {"10.0.0.0/", NULL},
        {"/8", NULL},
        {"10.0.0.0/08", NULL},
        {"10.0.0.0/+8", NULL},
        {"10.0.0.0/-1", NULL},
        {"10.0.0.0/8x", NULL},
        {"10.0.0.0/8/8", NULL},
        {"10.0.0.0 /8", NULL},
        {"10/8", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_subnet subnet;
        const bool is_read = mqc__subnet_parse(mqc_view_text(cases[i].text), &subnet);
        CHECK_INT(is_read, cases[i].written != NULL);
        char text[MQC__TEXT_BYTES];
        if (is_read && mqc__subnet_format(&subnet, text) != 0)
            CHECK_TEXT(text, cases[i].written);
    }
}

static void test_subnet_parse_v4_length_counts_all_bits(void)
{
    struct mqc_subnet subnet;
    CHECK(mqc__subnet_parse(mqc_view_text("10.0.0.0/8"), &subnet));
    CHECK_UNSIGNED(subnet.length, 104);
    CHECK(mqc__subnet_parse(mqc_view_text("2001:db8::/32"), &subnet));
    CHECK_UNSIGNED(subnet.length, 32);
}

static void test_port_parse_texts_as_expected(void)
{
    static const struct text_case cases[] = {
        {"80/tcp", "80/tcp"},
        {"53/udp", "53/udp"},
        {"8/icmp", "8/icmp"},
        {"0/?", "0/?"},
        {"0/unknown", "0/?"},
        {"80", "80/tcp"},
        {"80/sctp", "80/?"},
        {"80/TCP", "80/?"},
        {"65535/tcp", "65535/tcp"},
        {"65536/tcp", NULL},
        {"70000/tcp", NULL},
        {"-1/tcp", NULL},
        {"+80/tcp", NULL},
        {" 80/tcp", NULL},
        {"080/tcp", NULL},
        {"abc", NULL},
        {"/tcp", NULL},
        {"80/", NULL},
        {"80/tcp ", NULL},
        {"80/tcp/udp", NULL},
        {"80 /tcp", NULL},
        {"80.0/tcp", NULL},
        {"18446744073709551696/tcp", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_port port;
        const bool is_read = mqc__port_parse(mqc_view_text(cases[i].text), &port);
        CHECK_INT(is_read, cases[i].written != NULL);
        char text[MQC__TEXT_BYTES];
        if (is_read && mqc__port_format(&port, text) != 0)
            CHECK_TEXT(text, cases[i].written);
    }
}

static void test_port_format_unknown_protocol_is_question_mark(void)
{
    const struct mqc_port port = {80, 200};
    char text[MQC__TEXT_BYTES];
    CHECK_UNSIGNED(mqc__port_format(&port, text), 4);
    CHECK_TEXT(text, "80/?");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"address_parse", test_address_parse_texts_as_expected},
        {"address_parse_nul_inside", test_address_parse_nul_inside_refused},
        {"address_random_round_trip", test_address_random_round_trip},
        {"subnet_parse", test_subnet_parse_texts_as_expected},
        {"subnet_parse_v4_length", test_subnet_parse_v4_length_counts_all_bits},
        {"port_parse", test_port_parse_texts_as_expected},
        {"port_format_unknown_protocol", test_port_format_unknown_protocol_is_question_mark},
        CU_TEST_INFO_NULL,
    };
    return suite_run("value.text_address", tests);
}
