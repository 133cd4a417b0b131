/* What the presence of another node means. */
#include "membership_driver.h"

#include <stdio.h>

#define LOST "its connection broke"

static void init(struct driver *d)
{
    const struct mqc__membership_options options = driver_options();
    driver_init(d, &options);
    driver_connect(d);
    EXPECT(d, "announce:1");
}

static void test_peer_new_instance_is_up_once(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A");
    EXPECT(&d, "hello:w1/A up:w1/A");
    CHECK(driver_is_up(&d, "w1"));
    SEE(&d, .name = "w1", .instance = "A");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2, .is_retained = true);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 1);
    EXPECT(&d, "");
    driver_fini(&d);
}

static void test_peer_goodbye_and_will_are_down_once(void)
{
    static const char *const reasons[] = {"stopped", LOST};
    for (size_t i = 0; i < 2; i++) {
        struct driver d;
        char expected[100];
        init(&d);
        SEE(&d, .name = "w1", .instance = "A", .renewal = 3);
        EXPECT(&d, "hello:w1/A up:w1/A");
        for (int j = 0; j < 2; j++)
            SEE(&d, .name = "w1", .instance = "A", .renewal = 4, .is_down = true,
                .reason = reasons[i]);
        (void)snprintf(expected, sizeof expected, "down:w1/A('%s')", reasons[i]);
        EXPECT(&d, expected);
        CHECK(!driver_is_up(&d, "w1"));
        /* What was under way does not bring it back. */
        SEE(&d, .name = "w1", .instance = "A", .renewal = 4);
        driver_run(&d, 60000);
        EXPECT_OTHERS(&d, "");
        driver_fini(&d);
    }
}

static void test_peer_is_back_after_its_will(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 3, .connection = 1);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 1, .connection = 1, .is_down = true,
        .reason = LOST);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A('" LOST "')");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 4, .connection = 2);
    EXPECT(&d, "hello:w1/A up:w1/A");
    driver_fini(&d);
}

static void test_peer_will_of_another_connection_or_instance_means_nothing(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 3, .connection = 1);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 4, .connection = 2);
    EXPECT(&d, "hello:w1/A up:w1/A");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 1, .connection = 1, .is_down = true);
    SEE(&d, .name = "w1", .instance = "0", .renewal = 9, .connection = 9, .is_down = true);
    EXPECT(&d, "");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 3, .connection = 3, .is_down = true,
        .reason = LOST);
    EXPECT(&d, "down:w1/A('" LOST "')");
    driver_fini(&d);
}

static void test_peer_goodbye_of_an_unknown_is_nothing(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 4, .is_down = true);
    EXPECT(&d, "");
    SEE(&d, .name = "w1", .instance = "B", .renewal = 1, .start_ms = 1);
    EXPECT(&d, "hello:w1/B up:w1/B");
    driver_fini(&d);
}

/* Also with a clock that stands still, or that runs from 1970 at each start. */
static void test_peer_returns_as_another_instance(void)
{
    static const uint64_t starts[] = {1000, 1001, 900000};
    for (size_t i = 0; i < 3; i++) {
        struct driver d;
        init(&d);
        SEE(&d, .name = "w1", .instance = "A", .renewal = 7, .start_ms = 1000);
        SEE(&d, .name = "w1", .instance = "B", .renewal = 1, .start_ms = starts[i]);
        EXPECT(&d, "hello:w1/A up:w1/A down:w1/A(instance 'B' took its place) "
                   "hello:w1/B up:w1/B");
        /* Its end is no news any more, nor what it sent before. */
        SEE(&d, .name = "w1", .instance = "A", .renewal = 7, .is_down = true, .reason = LOST);
        SEE(&d, .name = "w1", .instance = "A", .renewal = 6, .start_ms = 1000);
        SEE(&d, .name = "w1", .instance = "A", .renewal = 8, .start_ms = 1000);
        SEE(&d, .name = "w1", .instance = "B", .renewal = 2, .start_ms = starts[i]);
        EXPECT(&d, "");
        CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_WORKER), 1);
        driver_fini(&d);
    }
}

/* The clock of a device without a battery, at its second start. */
static void test_peer_with_its_clock_set_back_is_up_at_once_if_nobody_else_is(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .start_ms = 900000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2, .is_down = true, .reason = LOST);
    SEE(&d, .name = "w1", .instance = "B", .start_ms = 30);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A('" LOST "') hello:w1/B up:w1/B");
    driver_fini(&d);
}

static void test_peer_with_its_clock_set_back_is_up_when_the_other_lease_is_over(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .start_ms = 900000);
    for (uint64_t renewal = 1; renewal <= 4; renewal++) {
        SEE(&d, .name = "w1", .instance = "B", .start_ms = 30, .renewal = renewal);
        driver_run(&d, 5000);
    }
    EXPECT_OTHERS(&d, "hello:w1/A up:w1/A down:w1/A(its lease ran out) hello:w1/B up:w1/B");
    driver_fini(&d);
}

/* What a broker or a bridge kept of an instance that nobody else has heard of. */
static void test_peer_unknown_older_instance_brings_nobody_back(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .start_ms = 900000);
    SEE(&d, .name = "w1", .instance = "0", .start_ms = 800000, .renewal = 50);
    SEE(&d, .name = "w1", .instance = "0", .start_ms = 800000, .renewal = 51);
    SEE(&d, .name = "w1", .instance = "A", .start_ms = 900000, .renewal = 2, .is_down = true,
        .reason = LOST);
    SEE(&d, .name = "w1", .instance = "0", .start_ms = 800000, .renewal = 52);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A('" LOST "')");
    driver_run(&d, 10000);
    SEE(&d, .name = "w1", .instance = "0", .start_ms = 800000, .renewal = 53, .is_retained = true);
    SEE(&d, .name = "w1", .instance = "0", .start_ms = 800000, .renewal = 54, .expiry_ms = 2000);
    EXPECT_OTHERS(&d, "");
    driver_fini(&d);
}

/* It was taken for dead, by a clock that was wrong, but it goes on. */
static void test_peer_replaced_instance_that_lives_is_up_after_the_other(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 5, .start_ms = 1000);
    SEE(&d, .name = "w1", .instance = "0", .renewal = 9, .start_ms = 2000, .is_retained = true);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A(instance '0' took its place) hello:w1/0 up:w1/0");
    for (uint64_t renewal = 6; renewal <= 9; renewal++) {
        SEE(&d, .name = "w1", .instance = "A", .renewal = renewal, .start_ms = 1000);
        driver_run(&d, 5000);
    }
    EXPECT_OTHERS(&d, "down:w1/0(its lease ran out) hello:w1/A up:w1/A");
    driver_run(&d, 60000);
    EXPECT_OTHERS(&d, "down:w1/A(its lease ran out)");
    driver_fini(&d);
}

static void test_peer_two_live_instances_are_reported_once(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 1, .start_ms = 1000);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 1, .start_ms = 2000);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A(instance 'B' took its place) hello:w1/B up:w1/B");
    for (uint64_t renewal = 2; renewal < 20; renewal++) {
        driver_run(&d, 2500);
        SEE(&d, .name = "w1", .instance = "A", .renewal = renewal, .start_ms = 1000);
        driver_run(&d, 2500);
        SEE(&d, .name = "w1", .instance = "B", .renewal = renewal, .start_ms = 2000);
        /* The first renewal may have been under way already. */
        EXPECT_OTHERS(&d, renewal == 3 ? "error:duplicate_node" : "");
    }
    CHECK_TEXT(d.error, "node 'w1' runs twice: as instance 'B' and as 'A'; each node of a "
                        "cluster needs a name of its own");
    driver_fini(&d);
}

static void test_peer_renewals_in_one_burst_prove_nothing(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 1);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 1);
    for (uint64_t renewal = 2; renewal < 20; renewal++)
        SEE(&d, .name = "w1", .instance = "A", .renewal = renewal);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 2, .is_down = true, .reason = LOST);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 21);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A(instance 'B' took its place) hello:w1/B up:w1/B "
               "down:w1/B('" LOST "')");
    driver_fini(&d);
}

/* Copies that a bridge delivers again and again. */
static void test_peer_copies_of_a_replaced_instance_prove_nothing(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 7);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 1);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 2, .is_down = true, .reason = LOST);
    mqc__buffer_clear(&d.log);
    for (uint64_t renewal = 2; renewal <= 7; renewal++) {
        SEE(&d, .name = "w1", .instance = "A", .renewal = renewal);
        driver_run(&d, 5000);
    }
    EXPECT_OTHERS(&d, "");
    driver_fini(&d);
}

static void test_peer_replaced_instance_must_prove_anew_after_its_will(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 7);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 1);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 2, .is_down = true, .reason = LOST);
    mqc__buffer_clear(&d.log);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 8);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 8, .is_down = true, .reason = LOST);
    driver_run(&d, 5000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 9, .connection = 2);
    EXPECT_OTHERS(&d, "");
    driver_run(&d, 5000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 10, .connection = 2);
    EXPECT_OTHERS(&d, "hello:w1/A up:w1/A");
    driver_fini(&d);
}

/* Two renewals on both sides of a gap, in which anything may have been held up. */
static void test_peer_renewals_across_a_gap_prove_nothing(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 1);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 1);
    SEE(&d, .name = "w1", .instance = "B", .renewal = 2, .is_down = true, .reason = LOST);
    EXPECT(&d, "hello:w1/A up:w1/A down:w1/A(instance 'B' took its place) hello:w1/B up:w1/B "
               "down:w1/B('" LOST "')");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    driver_disconnect(&d);
    driver_run(&d, 5000);
    driver_connect(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 3);
    EXPECT_OTHERS(&d, "");
    driver_run(&d, 5000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 4);
    EXPECT_OTHERS(&d, "hello:w1/A up:w1/A");
    driver_fini(&d);
}

/* Only a few instances of a name are remembered, and the last ones at that. */
static void test_peer_remembers_its_latest_instances(void)
{
    struct driver d;
    init(&d);
    char instance[2] = "A";
    for (; instance[0] <= 'Z'; instance[0]++) {
        SEE(&d, .name = "w1", .instance = instance, .renewal = 1);
        driver_run(&d, 100);
    }
    mqc__buffer_clear(&d.log);
    for (instance[0] = 'V'; instance[0] < 'Z'; instance[0]++)
        SEE(&d, .name = "w1", .instance = instance, .renewal = 1);
    EXPECT(&d, "");
    driver_fini(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new_instance_is_up_once", test_peer_new_instance_is_up_once},
        {"goodbye_and_will_are_down_once", test_peer_goodbye_and_will_are_down_once},
        {"is_back_after_its_will", test_peer_is_back_after_its_will},
        {"will_of_another_connection_or_instance_means_nothing",
         test_peer_will_of_another_connection_or_instance_means_nothing},
        {"goodbye_of_an_unknown_is_nothing", test_peer_goodbye_of_an_unknown_is_nothing},
        {"returns_as_another_instance", test_peer_returns_as_another_instance},
        {"with_its_clock_set_back_is_up_at_once_if_nobody_else_is",
         test_peer_with_its_clock_set_back_is_up_at_once_if_nobody_else_is},
        {"with_its_clock_set_back_is_up_when_the_other_lease_is_over",
         test_peer_with_its_clock_set_back_is_up_when_the_other_lease_is_over},
        {"unknown_older_instance_brings_nobody_back",
         test_peer_unknown_older_instance_brings_nobody_back},
        {"replaced_instance_that_lives_is_up_after_the_other",
         test_peer_replaced_instance_that_lives_is_up_after_the_other},
        {"two_live_instances_are_reported_once", test_peer_two_live_instances_are_reported_once},
        {"renewals_in_one_burst_prove_nothing", test_peer_renewals_in_one_burst_prove_nothing},
        {"copies_of_a_replaced_instance_prove_nothing",
         test_peer_copies_of_a_replaced_instance_prove_nothing},
        {"replaced_instance_must_prove_anew_after_its_will",
         test_peer_replaced_instance_must_prove_anew_after_its_will},
        {"renewals_across_a_gap_prove_nothing", test_peer_renewals_across_a_gap_prove_nothing},
        {"remembers_its_latest_instances", test_peer_remembers_its_latest_instances},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_peers", tests);
}
