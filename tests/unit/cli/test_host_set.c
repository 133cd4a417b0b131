#include "examples/host_set.h"

#include "support/suite.h"

static void make_address(uint32_t number, uint8_t address_out[16])
{
    memset(address_out, 0, 16);
    memcpy(address_out + 12, &number, sizeof number);
}

static bool has(const struct host_set *set, uint32_t number)
{
    uint8_t address[16];
    make_address(number, address);
    return host_set_has(set, address);
}

static void add(struct host_set *set, uint32_t number)
{
    uint8_t address[16];
    make_address(number, address);
    host_set_add(set, address);
}

static void test_host_set_has_what_was_added(void)
{
    struct host_set *set = host_set_new(1000);
    REQUIRE(set != NULL);
    CHECK(!has(set, 1));
    for (uint32_t i = 0; i < 1000; i += 2)
        add(set, i);
    CHECK_UNSIGNED(host_set_count(set), 500);
    for (uint32_t i = 0; i < 1000; i++)
        CHECK_INT(has(set, i), i % 2 == 0);
    host_set_free(&set);
    CHECK(set == NULL);
    host_set_free(&set);
}

static void test_host_set_full_forgets_the_oldest(void)
{
    struct host_set *set = host_set_new(7);
    REQUIRE(set != NULL);
    for (uint32_t i = 0; i < 100; i++) {
        add(set, i);
        for (uint32_t j = 0; j <= i; j++)
            CHECK_INT(has(set, j), j + 7 > i);
    }
    CHECK_UNSIGNED(host_set_count(set), 7);
    host_set_free(&set);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"host_set_has_what_was_added", test_host_set_has_what_was_added},
        {"host_set_full_forgets_the_oldest", test_host_set_full_forgets_the_oldest},
        CU_TEST_INFO_NULL,
    };
    return suite_run("examples.host_set", tests);
}
