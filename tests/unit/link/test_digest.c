#include "link/digest.h"
#include "support/suite.h"

#include <string.h>

static void test_digest_accept_of_known_keys_is_right(void)
{
    static const struct {
        const char *key;
        const char *accept;
    } cases[] = {
        {"dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, /* RFC 6455 1.3 */
        {"x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="},
        {"", "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char accept[MQC__DIGEST_ACCEPT_BYTES];
        memset(accept, 'x', sizeof accept);
        CHECK_INT(mqc__digest_websocket_accept(mqc_view_text(cases[i].key), accept), MQC_OK);
        CHECK_TEXT(accept, cases[i].accept);
    }
}

static void test_digest_accept_of_any_bytes_has_one_length(void)
{
    static const char key[3000] = "\xff\0\r\n";
    char accept[MQC__DIGEST_ACCEPT_BYTES];
    for (size_t size = 0; size <= sizeof key; size += 250) {
        CHECK_INT(mqc__digest_websocket_accept(mqc_view_bytes(key, size), accept), MQC_OK);
        CHECK_UNSIGNED(strlen(accept), MQC__DIGEST_ACCEPT_BYTES - 1);
    }
}

static void test_digest_equal_compares_all_bytes(void)
{
    const struct mqc_view secret = mqc_view_bytes("s\0cret", 6);
    CHECK(mqc__digest_is_equal(secret, mqc_view_bytes("s\0cret", 6)));
    CHECK(mqc__digest_is_equal(mqc_view_text(NULL), mqc_view_text("")));
    CHECK(!mqc__digest_is_equal(secret, mqc_view_bytes("s\0cre", 5)));
    CHECK(!mqc__digest_is_equal(secret, mqc_view_bytes("s\0crets", 7)));
    CHECK(!mqc__digest_is_equal(secret, mqc_view_bytes("S\0cret", 6)));
    CHECK(!mqc__digest_is_equal(secret, mqc_view_bytes("s\0creT", 6)));
    CHECK(!mqc__digest_is_equal(secret, mqc_view_text(NULL)));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"accept", test_digest_accept_of_known_keys_is_right},
        {"accept of any bytes", test_digest_accept_of_any_bytes_has_one_length},
        {"equal", test_digest_equal_compares_all_bytes},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.digest", tests);
}
