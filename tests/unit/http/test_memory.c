/* Every allocation fails once. */
#include "http/request.h"
#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdio.h>

static void check_without(size_t number, const char *text)
{
    size_t used = 0;
    fail_allocation(number);
    struct mqc__http_request *request = mqc__http_request_new();
    if (request == NULL) {
        fail_allocation(0);
        return;
    }
    const enum mqc__http_status status =
        mqc__http_request_feed(request, mqc_view_text(text), &used);
    if (allocation_has_failed()) {
        CHECK_INT(status, MQC__HTTP_BAD);
        CHECK_UNSIGNED(mqc__http_request_refusal_code(request), 503);
        CHECK_TEXT(mqc__http_request_reason(request), "Out of memory");
    } else {
        CHECK_INT(status, MQC__HTTP_COMPLETE);
    }
    fail_allocation(0);
    mqc__http_request_free(&request);
}

static void test_request_without_memory_is_refused(void)
{
    char text[8192];
    size_t used = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n");
    for (unsigned i = 0; i < 60; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "Header-%u: %0100u\r\n", i, i);
    (void)snprintf(text + used, sizeof text - used, "\r\n");
    for (size_t number = 1; number < 12; number++)
        check_without(number, text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"request", test_request_without_memory_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("http.memory", tests);
}
