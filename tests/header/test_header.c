#include "header/alone.h"
#include "support/suite.h"

static void test_header_alone_in_c_works(void)
{
    CHECK_TEXT(version_in_c(), MQC_TEST_VERSION);
}

static void test_header_alone_in_cxx_works(void)
{
    CHECK_TEXT(version_in_cxx(), MQC_TEST_VERSION);
    CHECK(comparison_in_cxx() < 0);
}

static void test_header_in_cxx_returns_errors(void)
{
    CHECK_TEXT(config_set_in_cxx("mqtt://127.0.0.1:1883"), "MQC_OK");
    CHECK_TEXT(config_set_in_cxx("127.0.0.1"), "MQC_ECONFIG");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"alone_in_c_works", test_header_alone_in_c_works},
        {"alone_in_cxx_works", test_header_alone_in_cxx_works},
        {"in_cxx_returns_errors", test_header_in_cxx_returns_errors},
        CU_TEST_INFO_NULL,
    };
    return suite_run("header", tests);
}
