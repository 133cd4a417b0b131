#include "base/fail.h"
#include "support/suite.h"

#include <ctype.h>

#define LAST_CODE MQC_EUNSUPPORTED

static void test_error_name_is_known_for_every_code(void)
{
    for (int code = MQC_OK; code <= (int)LAST_CODE; code++) {
        const char *name = mqc_error_name((enum mqc_error)code);
        REQUIRE(name != NULL);
        CHECK(strcmp(name, "MQC_EUNKNOWN") != 0);
        CHECK(strncmp(name, code == MQC_OK ? "MQC_OK" : "MQC_E", 5) == 0);
        for (int other = MQC_OK; other < code; other++) {
            CHECK(strcmp(name, mqc_error_name((enum mqc_error)other)) != 0);
            CHECK(strcmp(mqc_error_text((enum mqc_error)code),
                         mqc_error_text((enum mqc_error)other)) != 0);
        }
    }
    CHECK_TEXT(mqc_error_name(MQC_EFULL), "MQC_EFULL");
    CHECK_TEXT(mqc_error_name(LAST_CODE), "MQC_EUNSUPPORTED");
}

static void test_error_text_is_one_plain_line(void)
{
    for (int code = MQC_OK; code <= (int)LAST_CODE; code++) {
        const char *text = mqc_error_text((enum mqc_error)code);
        REQUIRE(text != NULL);
        CHECK(text[0] != '\0');
        CHECK(strchr(text, '\n') == NULL);
        CHECK(islower((unsigned char)text[0]) != 0);
    }
}

static void test_error_unknown_code_has_name_and_text(void)
{
    static const int codes[] = {(int)LAST_CODE + 1, 1000, -1};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CHECK_TEXT(mqc_error_name((enum mqc_error)codes[i]), "MQC_EUNKNOWN");
        CHECK_TEXT(mqc_error_text((enum mqc_error)codes[i]), "unknown error");
    }
}

static void test_fail_fills_info_and_returns_code(void)
{
    struct mqc_error_info info = {MQC_OK, "before", "somewhere"};
    CHECK_INT(mqc__fail(&info, MQC_EIO, "%s: %d", "file", 7), MQC_EIO);
    CHECK_INT(info.code, MQC_EIO);
    CHECK_TEXT(info.text, "file: 7");
    CHECK_TEXT(info.place, "");
    mqc__fail_place(&info, "%s:%u", "node.yaml", 12U);
    CHECK_TEXT(info.place, "node.yaml:12");
    CHECK_TEXT(info.text, "file: 7");
}

static void test_fail_without_info_returns_code(void)
{
    CHECK_INT(mqc__fail(NULL, MQC_ENOMEM, "%s", "text"), MQC_ENOMEM);
    mqc__fail_place(NULL, "%s", "place");
}

static void test_fail_cuts_what_does_not_fit(void)
{
    static char large[2000];
    memset(large, 'x', sizeof large - 1);
    struct mqc_error_info info;
    CHECK_INT(mqc__fail(&info, MQC_EINVAL, "%s", large), MQC_EINVAL);
    mqc__fail_place(&info, "%s", large);
    CHECK_UNSIGNED(strlen(info.text), sizeof info.text - 1);
    CHECK_UNSIGNED(strlen(info.place), sizeof info.place - 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"name_is_known_for_every_code", test_error_name_is_known_for_every_code},
        {"text_is_one_plain_line", test_error_text_is_one_plain_line},
        {"unknown_code_has_name_and_text", test_error_unknown_code_has_name_and_text},
        {"fail_fills_info_and_returns_code", test_fail_fills_info_and_returns_code},
        {"fail_without_info_returns_code", test_fail_without_info_returns_code},
        {"fail_cuts_what_does_not_fit", test_fail_cuts_what_does_not_fit},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.error", tests);
}
