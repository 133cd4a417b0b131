#include "spool/positions.h"

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

int main(void)
{
    CU_TestInfo tests[] = {
        {"new_without_memory_is_none", test_new_without_memory_is_none},
        {"open_without_memory_leaves_the_file_as_it_was",
         test_open_without_memory_leaves_the_file_as_it_was},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("spool.positions_memory", tests);
    (void)unlink(path_of("positions"));
    (void)rmdir(folder);
    return status;
}
