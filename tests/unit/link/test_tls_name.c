#include "link/tls_name.h"
#include "support/suite.h"

static const struct {
    const char *text;
    const char *name; /* NULL: refused */
    size_t address_size;
} names[] = {
    {"broker.test", "broker.test", 0},
    {"broker.test.", "broker.test", 0},
    {"localhost", "localhost", 0},
    {"my_host-1", "my_host-1", 0},
    {"10.0.0.1", "10.0.0.1", 4},
    {"10.0.0.1.", "10.0.0.1", 4},
    {"10.0.0.256", "10.0.0.256", 0},
    {"10.1", "10.1", 0},
    {"::1", "::1", 16},
    {"2001:db8::1", "2001:db8::1", 16},
    {"fe80::1%eth0", "fe80::1%eth0", 16},
    {"::ffff:10.0.0.1", "::ffff:10.0.0.1", 16},
    {NULL, NULL, 0},
    {"", NULL, 0},
    {".", NULL, 0},
    {"..", NULL, 0},
    {"a..b", NULL, 0},
    {"a b", NULL, 0},
    {"a\n", NULL, 0},
    {"a:1883", NULL, 0},
    {"[::1]", NULL, 0},
    {"::1::", NULL, 0},
    {"mqtts://a", NULL, 0},
    {"*.test", NULL, 0},
};

static void test_name_parse_table(void)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mqc__tls_name name;
        const bool is_name = mqc__tls_name_parse(names[i].text, &name);
        CHECK(is_name == (names[i].name != NULL));
        if (!is_name || names[i].name == NULL)
            continue;
        CHECK_TEXT(name.text, names[i].name);
        CHECK_UNSIGNED(name.address_size, names[i].address_size);
    }
}

static void test_name_parse_length_bounded(void)
{
    char text[400];
    struct mqc__tls_name name;
    memset(text, 'a', sizeof text);
    text[MBEDTLS_SSL_MAX_HOST_NAME_LEN] = '\0';
    CHECK(mqc__tls_name_parse(text, &name));
    text[MBEDTLS_SSL_MAX_HOST_NAME_LEN] = 'a';
    text[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1] = '\0';
    CHECK(!mqc__tls_name_parse(text, &name));
    memset(text, '1', sizeof text);
    memset(text + 1, ':', 2);
    text[200] = '\0';
    CHECK(!mqc__tls_name_parse(text, &name));
}

/* A certificate's names, as mbedTLS leaves them: tag, length, bytes. */
static unsigned char dns_name[] = "evil\nname.test";
static unsigned char ip_4[] = {10, 0, 0, 1};
static unsigned char ip_6[] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static unsigned char ip_odd[] = {10, 0, 0};
static unsigned char mail[] = "a@b.test";

static mbedtls_x509_sequence entries[] = {
    {.buf = {.tag = 0x82, .len = sizeof dns_name - 1, .p = dns_name}, .next = &entries[1]},
    {.buf = {.tag = 0x87, .len = sizeof ip_4, .p = ip_4}, .next = &entries[2]},
    {.buf = {.tag = 0x81, .len = sizeof mail - 1, .p = mail}, .next = &entries[3]},
    {.buf = {.tag = 0x87, .len = sizeof ip_odd, .p = ip_odd}, .next = &entries[4]},
    {.buf = {.tag = 0x87, .len = sizeof ip_6, .p = ip_6}, .next = NULL},
};

static void test_name_has_address_by_its_bytes_alone(void)
{
    const mbedtls_x509_crt crt = {.subject_alt_names = entries[0]};
    static const struct {
        const char *text;
        bool is_in;
    } addresses[] = {{"10.0.0.1", true},         {"2001:db8::1", true}, {"2001:DB8:0::0:1", true},
                     {"10.0.0.2", false},        {"10.0.0.0", false},   {"2001:db8::2", false},
                     {"::ffff:10.0.0.1", false}, {"::10.0.0.1", false}};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct mqc__tls_name name;
        REQUIRE(mqc__tls_name_parse(addresses[i].text, &name));
        CHECK(mqc__tls_name_has_address(&name, &crt) == addresses[i].is_in);
    }
}

static void test_name_list_is_printable_and_cut(void)
{
    const mbedtls_x509_crt crt = {.subject_alt_names = entries[0]};
    char text[128];
    CHECK_TEXT(mqc__tls_name_list(&crt, text, sizeof text),
               "DNS:evil?name.test, IP:10.0.0.1, IP:2001:db8::1");
    CHECK_TEXT(mqc__tls_name_list(&crt, text, 12), "DNS:evil?na");
    CHECK_TEXT(mqc__tls_name_list(&crt, text, 1), "");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"parse: table", test_name_parse_table},
        {"parse: length", test_name_parse_length_bounded},
        {"addresses", test_name_has_address_by_its_bytes_alone},
        {"list", test_name_list_is_printable_and_cut},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.tls_name", tests);
}
