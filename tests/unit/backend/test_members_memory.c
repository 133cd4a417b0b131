/* Every allocation of the members may fail: then nothing happened, and the next attempt works. */
#include "unit/backend/members_driver.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

static bool has_failed(void)
{
    const bool result = allocation_has_failed();
    fail_allocation(0);
    return result;
}

static void test_memory_new_fails_at_each_allocation(void)
{
    const struct mqc__members_options options = members_options();
    for (size_t number = 1;; number++) {
        struct members_driver d;
        struct mqc_error_info info = {.code = MQC_OK};
        fail_allocation(number);
        const enum mqc_error error = members_driver_new(&d, &options, &info);
        const bool is_expected = has_failed();
        CHECK_INT(error, is_expected ? MQC_ENOMEM : MQC_OK);
        CHECK_INT(info.code, error);
        CHECK((d.members == NULL) == is_expected);
        members_driver_free(&d);
        if (!is_expected) {
            CHECK(number > 3);
            return;
        }
    }
}

static void test_memory_start_fails_at_each_allocation_and_works_later(void)
{
    struct mqc__members_options options = members_options();
    for (size_t number = 1;; number++) {
        struct members_driver d;
        struct mqc_error_info info = {.code = MQC_OK};
        options.is_dynamic = number % 2 == 0;
        REQUIRE(members_driver_new(&d, &options, NULL) == MQC_OK);
        fail_allocation(number / 2 + 1);
        const enum mqc_error error = mqc__members_start(d.members, "ME", &info);
        const bool is_expected = has_failed();
        CHECK_INT(error, is_expected ? MQC_ENOMEM : MQC_OK);
        CHECK_INT(info.code, error);
        if (error != MQC_OK)
            CHECK_INT(mqc__members_start(d.members, "ME", &info), MQC_OK);
        mqc__members_connected(d.members, d.now_ms);
        CHECK(members_driver_see(&d, "proxy", "p1", "A", true));
        CHECK_TEXT(members_driver_log(&d), "announce hello:p1/A up:p1/A");
        members_driver_free(&d);
        if (!is_expected && options.is_dynamic) {
            CHECK(number > 10);
            return;
        }
    }
}

/* A choice takes memory where a new member joins the pools, and to find a pool by its name. */
static void test_memory_choice_fails_at_each_allocation_and_works_later(void)
{
    struct mqc__members_options options = members_options();
    const struct mqc_key key = {.value = {.type = MQC_TYPE_COUNT, .as.count = 7}, .type = "count"};
    options.is_dynamic = true;
    options.node_count = 1;
    for (size_t number = 1;; number++) {
        struct members_driver d;
        struct mqc_route route;
        struct mqc_error_info info = {.code = MQC_OK};
        members_driver_open(&d, &options);
        CHECK(members_driver_see(&d, "proxy", "p9", "A", true));
        const struct mqc_view pool = mqc_view_text("zeek/cluster/pool/proxy");
        fail_allocation(number);
        enum mqc_error error = mqc__members_hrw(d.members, pool, &key, &route, &info);
        if (error == MQC_OK)
            error = mqc__members_rr(d.members, pool, mqc_view_text("k"), &route, &info);
        const bool is_expected = has_failed();
        CHECK_INT(error, is_expected ? MQC_ENOMEM : MQC_OK);
        CHECK_INT(mqc__members_hrw(d.members, pool, &key, &route, &info), MQC_OK);
        CHECK_TEXT(route.node, "p9");
        CHECK_INT(mqc__members_rr(d.members, pool, mqc_view_text("k"), &route, &info), MQC_OK);
        members_driver_free(&d);
        if (!is_expected) {
            CHECK(number > 3);
            return;
        }
    }
}

/* What is missed is told, and the next renewal brings it. */
static void test_memory_presence_that_finds_none_is_told_and_comes_again(void)
{
    struct mqc__members_options options = members_options();
    size_t missed = 0;
    for (size_t number = 1; number < 40; number++) {
        struct members_driver d;
        members_driver_open(&d, &options);
        (void)members_driver_log(&d);
        fail_allocation(number);
        const bool is_seen = members_driver_see(&d, "proxy", "p1", "A", true);
        const bool has_failed_once = has_failed();
        CHECK(is_seen || has_failed_once); /* its own encoding may be what failed */
        CHECK(members_driver_see(&d, "proxy", "p1", "A", true));
        const char *log = members_driver_log(&d);
        if (strcmp(log, "error:out_of_memory hello:p1/A up:p1/A") == 0)
            missed++;
        else if (!has_failed_once)
            CHECK_TEXT(log, "hello:p1/A up:p1/A");
        CHECK_UNSIGNED(mqc__members_active_count(d.members, MQC__NODE_PROXY), 1);
        members_driver_free(&d);
    }
    CHECK(missed > 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new", test_memory_new_fails_at_each_allocation},
        {"start", test_memory_start_fails_at_each_allocation_and_works_later},
        {"choice", test_memory_choice_fails_at_each_allocation_and_works_later},
        {"presence", test_memory_presence_that_finds_none_is_told_and_comes_again},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.members_memory", tests);
}
