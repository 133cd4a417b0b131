#include "ws/options_check.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

static void test_copy_without_memory_leaves_nothing(void)
{
    static const char *const origins[] = {"https://a", "https://b"};
    struct mqc_websocket_options options;
    struct mqc_websocket_options *copy = NULL;
    enum mqc_error error = MQC_ENOMEM;
    size_t number = 0;
    mqc_websocket_options_init(&options);
    options.bearer_token = "token";
    options.allowed_origins = origins;
    options.allowed_origin_count = 2;
    while (error == MQC_ENOMEM) {
        fail_allocation(++number);
        error = mqc__websocket_options_copy(&options, &copy);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
        CHECK((error == MQC_OK) == (copy != NULL));
    }
    fail_allocation(0);
    CHECK(number > 5);
    mqc__websocket_options_free(&copy);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"copy", test_copy_without_memory_leaves_nothing},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.options_memory", tests);
}
