#include "mqtt/reason.h"

#include "support/suite.h"

static void test_reason_text_names_the_codes(void)
{
    CHECK_TEXT(mqc__reason_text(0x87), "not authorized");
    CHECK_TEXT(mqc__reason_text(0x97), "quota exceeded");
    CHECK_TEXT(mqc__reason_text(0x8E), "session taken over");
    for (int code = -1; code < 300; code++)
        CHECK(mqc__reason_text(code)[0] != '\0');
}

static void test_reason_connack_reads_both_numberings(void)
{
    CHECK_TEXT(mqc__connack_text(true, 4), "bad user name or password");
    CHECK_TEXT(mqc__connack_text(true, 5), "not authorized");
    CHECK_TEXT(mqc__connack_text(true, 2), "client identifier not valid");
    CHECK_TEXT(mqc__connack_text(true, 3), "server unavailable");
    CHECK_TEXT(mqc__connack_text(false, 0x86), "bad user name or password");
    CHECK_TEXT(mqc__connack_text(false, 1), "unsupported protocol version");
    for (int code = -1; code < 300; code++) {
        CHECK(mqc__connack_text(true, code)[0] != '\0');
        CHECK(mqc__connack_advice(false, code)[0] != '\0');
    }
    CHECK_CONTAINS(mqc__connack_advice(true, 4), "password");
    CHECK_CONTAINS(mqc__connack_advice(false, 0x86), "password");
}

static void test_reason_refuses_5_only_by_its_codes(void)
{
    for (int code = 0; code < 256; code++)
        CHECK_INT(mqc__connack_refuses_5(code), code == 1 || code == 0x84);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"text_names_the_codes", test_reason_text_names_the_codes},
        {"connack_reads_both_numberings", test_reason_connack_reads_both_numberings},
        {"refuses_5_only_by_its_codes", test_reason_refuses_5_only_by_its_codes},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.reason", tests);
}
