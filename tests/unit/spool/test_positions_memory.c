#include "spool/positions.h"
#include "spool/subscription_file.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-positions-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_new_without_memory_is_none(void)
{
    size_t number = 0;
    struct mqc__positions *positions = NULL;
    while (positions == NULL && number < 100) {
        fail_allocation(++number);
        positions = mqc__positions_new(100);
        CHECK(allocation_has_failed() == (positions == NULL));
    }
    fail_allocation(0);
    CHECK(number > 2 && number < 100);
    mqc__positions_free(&positions);
}

static void fill(void)
{
    struct mqc_error_info info;
    struct mqc__positions *positions = NULL;
    bool is_new;
    REQUIRE(mqc__positions_open(path_of("positions"), &positions, &info) == MQC_OK);
    const size_t place =
        mqc__positions_take(positions, mqc_view_text("a"), mqc_view_text("t"), &is_new);
    mqc__positions_begin(positions, place, 5);
    mqc__positions_free(&positions);
}

static void test_open_without_memory_leaves_the_file_as_it_was(void)
{
    struct mqc_error_info info;
    struct mqc__positions *positions = NULL;
    size_t number = 0;
    bool is_new = true;
    fill();
    while (positions == NULL && number < 100) {
        fail_allocation(++number);
        const enum mqc_error error = mqc__positions_open(path_of("positions"), &positions, &info);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
        CHECK_INT(info.code, error);
    }
    fail_allocation(0);
    CHECK(number > 3 && number < 100);
    REQUIRE(positions != NULL);
    const size_t place =
        mqc__positions_take(positions, mqc_view_text("a"), mqc_view_text("t"), &is_new);
    CHECK(!is_new);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 4);
    CHECK(mqc__positions_is_uncertain(positions, place, 5));
    mqc__positions_free(&positions);
}

static void test_subscription_file_without_memory_stays(void)
{
    const struct mqc__subscription_entry entry = {mqc_view_text("a/#"), 7, 8, true};
    struct mqc__subscription_list list;
    struct mqc_error_info info;
    enum mqc_error error = MQC_ENOMEM;
    size_t number = 0;
    for (; error != MQC_OK && number < 100; number++) {
        fail_allocation(number + 1);
        error = mqc__subscription_file_write(path_of("subscriptions"), &entry, 1, &info);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
        CHECK_INT(access(path_of("subscriptions"), F_OK), error == MQC_OK ? 0 : -1);
    }
    CHECK(number > 1 && number < 100);
    error = MQC_ENOMEM;
    for (number = 0; error != MQC_OK && number < 100; number++) {
        fail_allocation(number + 1);
        error = mqc__subscription_file_read(path_of("subscriptions"), &list, &info);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
        CHECK_UNSIGNED(list.count, error == MQC_OK ? 1 : 0);
        mqc__subscription_list_fini(&list);
    }
    fail_allocation(0);
    CHECK(number > 2 && number < 100);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new_without_memory_is_none", test_new_without_memory_is_none},
        {"open_without_memory_leaves_the_file_as_it_was",
         test_open_without_memory_leaves_the_file_as_it_was},
        {"subscription_file_without_memory_stays", test_subscription_file_without_memory_stays},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("spool.positions_memory", tests);
    (void)unlink(path_of("positions"));
    (void)unlink(path_of("subscriptions"));
    (void)rmdir(folder);
    return status;
}
