/* Every allocation may fail: then nothing happened, and the next attempt works. */
#include "unit/backend/gateway_driver.h"

#include "backend/backend_priv.h"
#include "support/failing_malloc.h"
#include "support/suite.h"

static struct gateway_driver gateway;

/* A backend without threads: not initialised, and its handlers run when the test says so. */
static void begin(void)
{
    const struct mqc__backend_options options = gateway_options();
    gateway_new(&gateway, &options);
    CHECK(mqc__backend_fd(gateway.backend) >= 0);
}

static bool has_failed(void)
{
    const bool result = allocation_has_failed();
    fail_allocation(0);
    return result;
}

static unsigned seen_after_tap(const char *topic)
{
    const struct mqc_event event = {.name = mqc_view_text("e")};
    const unsigned before = gateway.seen_count;
    mqc__backend_tap(gateway.backend, mqc_view_text(topic), &event, 0);
    return gateway.seen_count - before;
}

static void test_memory_subscribe_fails_at_each_allocation(void)
{
    const struct mqc_view prefixes[] = {mqc_view_text("a"), mqc_view_text("b"), mqc_view_text("c")};
    for (size_t number = 1;; number++) {
        struct mqc_error_info info = {.code = MQC_OK};
        begin();
        fail_allocation(number);
        const enum mqc_error error =
            mqc__backend_gateway_subscribe(gateway.backend, prefixes, 3, &info);
        const bool is_expected = has_failed();
        CHECK_INT(error, is_expected ? MQC_ENOMEM : MQC_OK);
        CHECK_INT(info.code, error);
        CHECK_UNSIGNED(seen_after_tap("a"), is_expected ? 0 : 1);
        CHECK_UNSIGNED(seen_after_tap("c"), is_expected ? 0 : 1);
        if (is_expected)
            CHECK_INT(mqc__backend_gateway_subscribe(gateway.backend, prefixes, 3, NULL), MQC_OK);
        CHECK_UNSIGNED(seen_after_tap("b"), 1);
        gateway_free(&gateway);
        if (!is_expected) {
            CHECK(number > 6);
            return;
        }
    }
}

static void test_memory_raise_fails_at_each_allocation(void)
{
    const struct mqc_value arg = mqc_string_text("text");
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
    for (size_t number = 1;; number++) {
        begin();
        fail_allocation(number);
        const enum mqc_error error = mqc__backend_raise_event(gateway.backend, &event);
        const bool is_expected = has_failed();
        CHECK_INT(error, is_expected ? MQC_ENOMEM : MQC_OK);
        CHECK_UNSIGNED(mqc__backend_process(gateway.backend, 0), is_expected ? 0 : 1);
        if (is_expected)
            CHECK_INT(mqc__backend_raise_event(gateway.backend, &event), MQC_OK);
        gateway_free(&gateway);
        if (!is_expected) {
            CHECK(number > 2);
            return;
        }
    }
}

/* Before init nothing can be sent: room that was kept is given back, and nobody hears of it. */
static void test_memory_publish_fails_at_each_allocation(void)
{
    for (size_t number = 1;; number++) {
        bool is_later = true;
        begin();
        gateway_node_wants(&gateway, "");
        fail_allocation(number);
        const enum mqc_error error = gateway_publish(&gateway, 1, "t", "e", &is_later);
        const bool is_expected = has_failed();
        CHECK_INT(error, is_expected ? MQC_ENOMEM : MQC_ENOTINIT);
        CHECK(!is_later);
        struct mqc_stats stats;
        mqc__backend_stats(gateway.backend, &stats);
        CHECK_UNSIGNED(stats.inbox_messages, 0);
        CHECK_UNSIGNED(stats.inbox_bytes, 0);
        gateway_free(&gateway);
        CHECK_UNSIGNED(gateway.done_count, 0);
        if (!is_expected) {
            CHECK(number > 2);
            return;
        }
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"subscribe_fails_at_each_allocation", test_memory_subscribe_fails_at_each_allocation},
        {"raise_fails_at_each_allocation", test_memory_raise_fails_at_each_allocation},
        {"publish_fails_at_each_allocation", test_memory_publish_fails_at_each_allocation},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.gateway_memory", tests);
}
