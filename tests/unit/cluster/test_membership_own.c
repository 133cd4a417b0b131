/* This node's own presence, and others that go by its name. */
#include "membership_driver.h"

static void init(struct driver *d)
{
    const struct mqc__membership_options options = driver_options();
    driver_init(d, &options);
    driver_connect(d);
    EXPECT(d, "announce:1");
}

static void test_own_is_announced_each_third_of_the_lease(void)
{
    struct driver d;
    init(&d);
    CHECK_UNSIGNED(d.latest.connection, 1);
    driver_run(&d, 4999);
    EXPECT(&d, "");
    driver_run(&d, 1);
    EXPECT(&d, "announce:2");
    driver_run(&d, 10000);
    EXPECT(&d, "announce:3 announce:4");
    driver_fini(&d);
}

static void test_own_is_announced_at_each_connect_and_not_in_between(void)
{
    struct driver d;
    init(&d);
    driver_run(&d, 4000);
    driver_disconnect(&d);
    driver_run(&d, 100000);
    EXPECT(&d, "");
    driver_connect(&d);
    EXPECT(&d, "announce:2");
    CHECK_UNSIGNED(d.latest.connection, 2);
    driver_run(&d, 5000);
    EXPECT(&d, "announce:3");
    driver_fini(&d);
}

static void test_own_is_announced_once_after_a_stop(void)
{
    struct driver d;
    init(&d);
    driver_stop(&d, 600000);
    driver_run(&d, 0);
    EXPECT(&d, "announce:2");
    driver_run(&d, 5000);
    EXPECT(&d, "announce:3");
    driver_fini(&d);
}

static void test_own_will_is_of_the_next_connection(void)
{
    struct driver d;
    init(&d);
    driver_run(&d, 5000);
    struct mqc__membership_action will;
    struct mqc__presence presence;
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 16);
    for (uint64_t connection = 2; connection < 4; connection++) {
        CHECK(mqc__membership_will(d.membership, &will));
        CHECK(will.is_retained);
        CHECK_INT(will.kind, MQC__MEMBERSHIP_PUBLISH);
        CHECK_VIEW_TEXT(will.topic, "r/node/worker/me");
        CHECK_UNSIGNED(will.expiry_s, 15);
        CHECK_INT(mqc__presence_decode(&arena, will.payload, &presence, NULL), MQC_OK);
        CHECK(!presence.is_up);
        CHECK_VIEW_TEXT(presence.instance, "ME");
        CHECK_VIEW_TEXT(presence.reason, "its connection broke");
        CHECK_UNSIGNED(presence.connection, connection);
        CHECK_UNSIGNED(presence.renewal, 2);
    }
    mqc__membership_connected(d.membership, d.now_ms);
    CHECK_UNSIGNED(d.latest.connection, 3);
    mqc__arena_fini(&arena);
    driver_fini(&d);
}

static void test_own_goodbye_is_the_end(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A");
    mqc__membership_close(d.membership, mqc_view_text("stopped"), d.now_ms);
    EXPECT(&d, "hello:w1/A up:w1/A goodbye:2");
    CHECK_TEXT(d.reason, "stopped");
    CHECK_INT(mqc__membership_next_tick_ms(d.membership), INT64_MAX);
    mqc__membership_close(d.membership, mqc_view_text("stopped"), d.now_ms);
    SEE(&d, .name = "w1", .instance = "A", .is_down = true, .renewal = 2);
    SEE(&d, .name = "me", .instance = "ME", .is_down = true, .renewal = 2);
    mqc__membership_disconnected(d.membership, d.now_ms);
    mqc__membership_connected(d.membership, d.now_ms);
    mqc__membership_tick(d.membership, d.now_ms + 100000);
    struct mqc__membership_action will;
    CHECK(!mqc__membership_will(d.membership, &will));
    EXPECT(&d, "");
    driver_fini(&d);
}

static void test_own_goodbye_needs_a_connection(void)
{
    struct driver d;
    init(&d);
    driver_disconnect(&d);
    mqc__membership_close(d.membership, mqc_view_text("stopped"), d.now_ms);
    EXPECT(&d, "");
    driver_fini(&d);
}

static void test_own_goodbye_cuts_a_long_reason(void)
{
    static char reason[400];
    memset(reason, 'x', sizeof reason);
    struct mqc__membership_options options = driver_options();
    struct driver d;
    driver_init(&d, &options);
    driver_connect(&d);
    mqc__membership_close(d.membership, mqc_view_bytes(reason, sizeof reason), d.now_ms);
    CHECK(!d.latest.is_up);
    CHECK_VIEW(mqc_view_text(d.reason), mqc_view_bytes(reason, 255));
    driver_fini(&d);
}

/* What the broker keeps of this node has been replaced by something else. */
static void test_own_is_restored_at_once(void)
{
    static const struct seen cases[] = {
        {.name = "me", .instance = "OLD", .renewal = 9, .is_down = true},
        {.name = "me", .instance = "OLD", .renewal = 9, .is_down = true, .is_retained = true},
        {.name = "me", .instance = "OLD", .renewal = 9},
        {.name = "me", .instance = "OLD", .renewal = 9, .is_retained = true},
        {.name = "me", .instance = "ME", .renewal = 1, .is_down = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct driver d;
        init(&d);
        driver_run(&d, 2000);
        CHECK_INT(driver_see(&d, &cases[i]), MQC_OK);
        EXPECT(&d, "announce:2");
        driver_run(&d, 5000);
        EXPECT(&d, "announce:3");
        driver_fini(&d);
    }
}

static void test_own_is_restored_after_a_deletion(void)
{
    struct driver d;
    init(&d);
    driver_run(&d, 2000);
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/w1", ""), MQC_OK);
    EXPECT(&d, "");
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/me", ""), MQC_OK);
    EXPECT(&d, "announce:2");
    driver_fini(&d);
}

static void test_own_is_restored_after_nonsense(void)
{
    struct driver d;
    init(&d);
    driver_run(&d, 2000);
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/w1", "?"), MQC_OK);
    EXPECT(&d, "error:malformed_presence");
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/me", "?"), MQC_OK);
    EXPECT(&d, "error:malformed_presence announce:2");
    driver_fini(&d);
}

static void test_own_echo_is_ignored(void)
{
    struct driver d;
    init(&d);
    driver_run(&d, 2000);
    SEE(&d, .name = "me", .instance = "ME", .renewal = 1);
    SEE(&d, .name = "me", .instance = "ME", .renewal = 1, .is_retained = true);
    EXPECT(&d, "");
    driver_fini(&d);
}

/* Two that restore what the other one has replaced would keep the broker busy. */
static void test_own_is_restored_once_a_second(void)
{
    struct driver d;
    init(&d);
    for (int i = 0; i < 400; i++) {
        SEE(&d, .name = "me", .instance = "OLD", .renewal = 9, .is_down = true);
        driver_run(&d, 10);
    }
    EXPECT(&d, "announce:2 announce:3 announce:4 announce:5");
    driver_run(&d, 5000);
    EXPECT(&d, "announce:6");
    driver_fini(&d);
}

static void test_own_is_not_restored_without_a_connection(void)
{
    struct driver d;
    init(&d);
    driver_disconnect(&d);
    driver_run(&d, 2000);
    SEE(&d, .name = "me", .instance = "OLD", .renewal = 9);
    EXPECT(&d, "");
    driver_fini(&d);
}

/* Who gives way to whom; this node is ME, started at 5000. */
static const struct {
    const char *instance;
    uint64_t start_ms;
    bool wins;
} others[] = {
    {"A", 4999, false},  {"Z", 4999, false}, {"A", 5000, false}, {"M", 5000, false},
    {"MEE", 5000, true}, {"Z", 5000, true},  {"A", 5001, true},
};

static void test_own_duplicate_that_started_later_wins(void)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct driver d;
        init(&d);
        for (uint64_t renewal = 1; renewal < 30; renewal++) {
            SEE(&d, .name = "me", .instance = others[i].instance, .start_ms = others[i].start_ms,
                .renewal = renewal);
            driver_run(&d, 5000);
            if (renewal != 2)
                EXPECT_OTHERS(&d, "");
            else if (others[i].wins)
                EXPECT_OTHERS(&d, "error:duplicate_node goodbye:3(not retained) give_way");
            else
                EXPECT_OTHERS(&d, "error:duplicate_node");
        }
        CHECK(d.announce_count < 10 ? others[i].wins : !others[i].wins);
        CHECK_CONTAINS(d.error, others[i].wins ? "this instance, 'ME', gives way to instance '"
                                               : "this node, 'me', runs twice");
        driver_fini(&d);
    }
}

static void test_own_that_gave_way_is_silent(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 6000, .renewal = 1);
    driver_run(&d, 5000);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 6000, .renewal = 2);
    EXPECT_OTHERS(&d, "error:duplicate_node goodbye:3(not retained) give_way");
    CHECK_TEXT(d.reason, "it gave way to another instance");
    driver_disconnect(&d);
    driver_connect(&d);
    driver_run(&d, 60000);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 6000, .renewal = 3, .is_down = true);
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/me", ""), MQC_OK);
    mqc__membership_close(d.membership, mqc_view_text("stopped"), d.now_ms);
    EXPECT(&d, "");
    driver_fini(&d);
}

/* The one that stays would not learn of the other else. */
static void test_own_is_told_that_another_gave_way(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "me", .instance = "A", .start_ms = 4000, .renewal = 2, .is_down = true);
    EXPECT_OTHERS(&d, "");
    SEE(&d, .name = "me", .instance = "B", .start_ms = 4000, .renewal = 2, .is_down = true,
        .gave_way = true);
    EXPECT_OTHERS(&d, "error:duplicate_node");
    CHECK_CONTAINS(d.error, "as 'B', which has given way");
    SEE(&d, .name = "me", .instance = "C", .start_ms = 4000, .renewal = 2, .is_down = true,
        .gave_way = true, .is_retained = true);
    EXPECT_OTHERS(&d, "");
    driver_fini(&d);
}

/* An instance that is no more, however much of it was stuck somewhere. */
static void test_own_does_not_give_way_to_the_dead(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = 3, .is_retained = true);
    driver_run(&d, 5000);
    for (uint64_t renewal = 4; renewal < 40; renewal++)
        SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = renewal);
    driver_run(&d, 5000);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = 39);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = 40, .is_retained = true);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = 41, .expiry_ms = 5000);
    driver_disconnect(&d);
    driver_connect(&d);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = 42);
    driver_run(&d, 20000);
    SEE(&d, .name = "me", .instance = "Z", .start_ms = 9000, .renewal = 43);
    EXPECT_OTHERS(&d, "");
    driver_fini(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"is_announced_each_third_of_the_lease", test_own_is_announced_each_third_of_the_lease},
        {"is_announced_at_each_connect_and_not_in_between",
         test_own_is_announced_at_each_connect_and_not_in_between},
        {"is_announced_once_after_a_stop", test_own_is_announced_once_after_a_stop},
        {"will_is_of_the_next_connection", test_own_will_is_of_the_next_connection},
        {"goodbye_is_the_end", test_own_goodbye_is_the_end},
        {"goodbye_needs_a_connection", test_own_goodbye_needs_a_connection},
        {"goodbye_cuts_a_long_reason", test_own_goodbye_cuts_a_long_reason},
        {"is_restored_at_once", test_own_is_restored_at_once},
        {"is_restored_after_a_deletion", test_own_is_restored_after_a_deletion},
        {"is_restored_after_nonsense", test_own_is_restored_after_nonsense},
        {"echo_is_ignored", test_own_echo_is_ignored},
        {"is_restored_once_a_second", test_own_is_restored_once_a_second},
        {"is_not_restored_without_a_connection", test_own_is_not_restored_without_a_connection},
        {"duplicate_that_started_later_wins", test_own_duplicate_that_started_later_wins},
        {"that_gave_way_is_silent", test_own_that_gave_way_is_silent},
        {"is_told_that_another_gave_way", test_own_is_told_that_another_gave_way},
        {"does_not_give_way_to_the_dead", test_own_does_not_give_way_to_the_dead},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_own", tests);
}
