/* Every allocation fails once. */
#include "metrics/telemetry.h"
#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdlib.h>

static const struct mqc__telemetry_options options = {
    .core_levels = MQC__TELEMETRY_INFO | MQC__TELEMETRY_VERBOSE | MQC__TELEMETRY_DEBUG,
    .websocket_levels = MQC__TELEMETRY_INFO | MQC__TELEMETRY_VERBOSE,
};

static void test_telemetry_without_memory_is_not_made(void)
{
    fail_allocation(0);
    struct mqc__telemetry *telemetry = mqc__telemetry_new(&options);
    const size_t count = allocation_count();
    REQUIRE(telemetry != NULL);
    mqc__telemetry_free(&telemetry);
    CHECK(count > 10);
    for (size_t number = 1; number <= count; number++) {
        fail_allocation(number);
        telemetry = mqc__telemetry_new(&options);
        CHECK(telemetry == NULL);
    }
    fail_allocation(0);
}

static void test_telemetry_without_memory_counts_as_overflow(void)
{
    const struct mqc__telemetry_event event = {
        .side = MQC__TELEMETRY_CORE, .topic = mqc_view_text("/t"), .handler = mqc_view_text("e")};
    struct mqc__telemetry *telemetry = mqc__telemetry_new(&options);
    struct mqc__buffer out;
    struct mqc__prometheus writer;
    REQUIRE(telemetry != NULL);
    fail_allocation(1);
    mqc__telemetry_count(telemetry, &event);
    CHECK(allocation_has_failed());
    fail_allocation(0);
    mqc__telemetry_count(telemetry, &event);
    mqc__buffer_init(&out, 100000);
    mqc__prometheus_init(&writer, &out, mqc_view_text(NULL));
    mqc__telemetry_write(telemetry, &writer);
    mqc__buffer_append(&out, "", 1);
    REQUIRE(!mqc__buffer_failed(&out));
    CHECK_CONTAINS(out.data, "{topic=\"__overflow__\",handler=\"__overflow__\"} 1\n");
    CHECK_CONTAINS(out.data, "{topic=\"/t\",handler=\"e\"} 1\n");
    mqc__buffer_fini(&out);
    mqc__telemetry_free(&telemetry);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new", test_telemetry_without_memory_is_not_made},
        {"count", test_telemetry_without_memory_counts_as_overflow},
        CU_TEST_INFO_NULL,
    };
    return suite_run("metrics.memory", tests);
}
