/* When leases run, and when they stand still. */
#include "membership_driver.h"

static void init(struct driver *d)
{
    const struct mqc__membership_options options = driver_options();
    driver_init(d, &options);
    driver_connect(d);
    EXPECT(d, "announce:1");
}

static const char up_w1[] = "hello:w1/A up:w1/A";
static const char down_w1[] = "down:w1/A(its lease ran out)";

static void init_with_w1(struct driver *d)
{
    init(d);
    SEE(d, .name = "w1", .instance = "A");
    EXPECT(d, up_w1);
}

/* w1 is down after exactly that time from now. */
static void expect_down_after(struct driver *d, int64_t duration_ms, unsigned line)
{
    driver_run(d, duration_ms - 1);
    driver_expect(d, "", false, line);
    driver_run(d, 1);
    driver_expect(d, down_w1, false, line);
}
#define EXPECT_DOWN_AFTER(d, duration_ms) expect_down_after((d), (duration_ms), __LINE__)

static void test_lease_runs_from_the_last_renewal(void)
{
    struct driver d;
    init_with_w1(&d);
    driver_run(&d, 14000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    EXPECT_DOWN_AFTER(&d, 15000);
    driver_run(&d, 3600000);
    EXPECT_OTHERS(&d, "");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    EXPECT(&d, "");
    SEE(&d, .name = "w1", .instance = "A", .renewal = 3);
    EXPECT(&d, up_w1);
    driver_fini(&d);
}

static void test_lease_of_each_node_is_its_own(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .lease_ms = 3000);
    SEE(&d, .name = "w2", .instance = "A", .lease_ms = 60000);
    SEE(&d, .name = "p1", .instance = "A", .type = "proxy");
    EXPECT(&d, "hello:w1/A up:w1/A hello:w2/A up:w2/A hello:p1/A up:p1/A");
    EXPECT_DOWN_AFTER(&d, 3000);
    driver_run(&d, 12000);
    EXPECT_OTHERS(&d, "down:p1/A(its lease ran out)");
    driver_run(&d, 44999);
    EXPECT_OTHERS(&d, "");
    driver_run(&d, 1);
    EXPECT_OTHERS(&d, "down:w2/A(its lease ran out)");
    driver_fini(&d);
}

/* MQTT 5 says what is left of a message, in whole seconds. */
static void test_lease_of_a_kept_message_is_what_is_left(void)
{
    static const struct {
        int64_t expiry_ms;
        int64_t lease_ms;
    } cases[] = {{-1, 15000}, {3000, 4000}, {14000, 15000}, {15000, 15000}, {900000, 15000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct driver d;
        init(&d);
        SEE(&d, .name = "w1", .instance = "A", .is_retained = true,
            .expiry_ms = cases[i].expiry_ms);
        EXPECT(&d, up_w1);
        EXPECT_DOWN_AFTER(&d, cases[i].lease_ms);
        driver_fini(&d);
    }
}

static void test_lease_stands_still_without_a_connection(void)
{
    struct driver d;
    init_with_w1(&d);
    driver_run(&d, 14999);
    driver_disconnect(&d);
    CHECK_INT(mqc__membership_next_tick_ms(d.membership), INT64_MAX);
    driver_run(&d, 3600000);
    EXPECT_OTHERS(&d, "");
    driver_connect(&d);
    EXPECT_DOWN_AFTER(&d, 15000);
    driver_fini(&d);
}

static void test_lease_is_whole_again_after_a_reconnect(void)
{
    struct driver d;
    init_with_w1(&d);
    driver_run(&d, 10000);
    driver_disconnect(&d);
    driver_connect(&d);
    driver_run(&d, 14000);
    /* It was published before the connection broke and says nothing new. */
    SEE(&d, .name = "w1", .instance = "A", .is_retained = true, .expiry_ms = 1000);
    driver_run(&d, 900);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    EXPECT_OTHERS(&d, "");
    EXPECT_DOWN_AFTER(&d, 15000);
    driver_fini(&d);
}

/* What was kept for this node arrives with little left, but its sender may need the time, too. */
static void test_lease_after_a_reconnect_is_not_cut_by_a_kept_renewal(void)
{
    struct driver d;
    init_with_w1(&d);
    driver_run(&d, 10000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    driver_disconnect(&d);
    driver_run(&d, 1000);
    driver_connect(&d);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 3, .is_retained = true, .expiry_ms = 2000);
    driver_run(&d, 13999);
    EXPECT_OTHERS(&d, "");
    driver_fini(&d);
}

/* Else a link that breaks every few seconds would keep a dead node up. */
static void test_lease_is_not_renewed_by_reconnects_for_ever(void)
{
    struct driver d;
    init_with_w1(&d);
    int64_t passed_ms = 0;
    while (driver_is_up(&d, "w1") && passed_ms < 600000) {
        driver_run(&d, 10000);
        driver_disconnect(&d);
        driver_connect(&d);
        passed_ms += 10000;
    }
    CHECK_INT(passed_ms, 50000);
    EXPECT_OTHERS(&d, down_w1);
    driver_fini(&d);
}

static void test_lease_survives_a_stop_of_this_process(void)
{
    static const int64_t stops_ms[] = {5001, 14999, 15000, 15001, 100000, 86400000};
    for (size_t i = 0; i < sizeof stops_ms / sizeof stops_ms[0]; i++) {
        struct driver d;
        init_with_w1(&d);
        driver_run(&d, 9000);
        SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
        driver_stop(&d, stops_ms[i]);
        /* The timer comes first, before what has arrived meanwhile. */
        driver_run(&d, 0);
        driver_run(&d, 1000);
        EXPECT_OTHERS(&d, "");
        SEE(&d, .name = "w1", .instance = "A", .renewal = 3);
        EXPECT_DOWN_AFTER(&d, 15000);
        driver_fini(&d);
    }
}

static void test_lease_of_a_dead_node_ends_after_a_stop(void)
{
    struct driver d;
    init_with_w1(&d);
    driver_stop(&d, 100000);
    driver_run(&d, 0);
    EXPECT_DOWN_AFTER(&d, 15000);
    driver_fini(&d);
}

/* A short lease among long ones: the tick that was due for it tells how late it is. */
static void test_lease_that_is_short_survives_a_stop(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .lease_ms = 1000);
    SEE(&d, .name = "w2", .instance = "A");
    EXPECT(&d, "hello:w1/A up:w1/A hello:w2/A up:w2/A");
    driver_stop(&d, 2000);
    driver_run(&d, 0);
    EXPECT_OTHERS(&d, "");
    EXPECT_DOWN_AFTER(&d, 1000);
    driver_fini(&d);
}

/* The link is cut and nobody says so: then all the others seem dead, but it is this node. */
static void test_lease_stands_still_behind_a_dead_link(void)
{
    struct driver d;
    init_with_w1(&d);
    driver_run(&d, 5000);
    SEE(&d, .name = "w1", .instance = "A", .renewal = 2);
    d.is_mute = true;
    driver_run(&d, 600000);
    EXPECT_OTHERS(&d, "");
    /* It was a hole in the net, and TCP repeats what got lost. */
    d.is_mute = false;
    mqc__membership_acknowledged(d.membership, d.now_ms);
    driver_run(&d, 100);
    SEE(&d, .name = "w2", .instance = "B", .renewal = 90);
    EXPECT_OTHERS(&d, "hello:w2/B up:w2/B");
    driver_run(&d, 14899);
    EXPECT_OTHERS(&d, "");
    driver_run(&d, 1);
    EXPECT_OTHERS(&d, down_w1);
    driver_fini(&d);
}

/* A process outside the cluster announces nothing that could be acknowledged. */
static void test_lease_runs_for_a_mere_listener(void)
{
    struct mqc__membership_options options = driver_options();
    options.type = MQC__NODE_NONE;
    options.name = mqc_view_text("w1");
    struct driver d;
    driver_init(&d, &options);
    driver_connect(&d);
    EXPECT(&d, "");
    SEE(&d, .name = "w1", .instance = "A");
    EXPECT(&d, up_w1);
    EXPECT_DOWN_AFTER(&d, 15000);
    driver_fini(&d);
}

static void test_lease_ends_together_and_in_order(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w1", .instance = "A", .lease_ms = 3000);
    SEE(&d, .name = "w2", .instance = "A", .lease_ms = 2000);
    SEE(&d, .name = "w3", .instance = "A", .lease_ms = 2500);
    mqc__buffer_clear(&d.log);
    driver_run(&d, 1900);
    driver_stop(&d, 1200);
    mqc__membership_acknowledged(d.membership, d.now_ms);
    driver_run(&d, 3000);
    EXPECT_OTHERS(&d, "down:w2/A(its lease ran out) down:w3/A(its lease ran out) "
                      "down:w1/A(its lease ran out)");
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_WORKER), 0);
    driver_fini(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"runs_from_the_last_renewal", test_lease_runs_from_the_last_renewal},
        {"of_each_node_is_its_own", test_lease_of_each_node_is_its_own},
        {"of_a_kept_message_is_what_is_left", test_lease_of_a_kept_message_is_what_is_left},
        {"stands_still_without_a_connection", test_lease_stands_still_without_a_connection},
        {"is_whole_again_after_a_reconnect", test_lease_is_whole_again_after_a_reconnect},
        {"after_a_reconnect_is_not_cut_by_a_kept_renewal",
         test_lease_after_a_reconnect_is_not_cut_by_a_kept_renewal},
        {"is_not_renewed_by_reconnects_for_ever", test_lease_is_not_renewed_by_reconnects_for_ever},
        {"survives_a_stop_of_this_process", test_lease_survives_a_stop_of_this_process},
        {"of_a_dead_node_ends_after_a_stop", test_lease_of_a_dead_node_ends_after_a_stop},
        {"that_is_short_survives_a_stop", test_lease_that_is_short_survives_a_stop},
        {"stands_still_behind_a_dead_link", test_lease_stands_still_behind_a_dead_link},
        {"runs_for_a_mere_listener", test_lease_runs_for_a_mere_listener},
        {"ends_together_and_in_order", test_lease_ends_together_and_in_order},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_leases", tests);
}
