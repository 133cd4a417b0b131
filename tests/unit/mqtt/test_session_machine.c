#include "mqtt/session_machine.h"

#include "support/suite.h"

static struct mqc__machine machine;

static void init(enum mqc__mqtt_version version, size_t uri_count)
{
    const struct mqc__session_options options = {
        .version = version, .uri_count = uri_count, .backoff_min_ms = 1000, .backoff_max_ms = 8000};
    mqc__machine_init(&machine, &options);
}

/* Gives an event; the random value makes a pause as long as it can be. */
static void give(enum mqc__machine_event_kind kind, int64_t now_ms)
{
    unsigned cap_ms = 1000;
    for (unsigned i = 0; i < machine.failure_count && cap_ms < 8000; i++)
        cap_ms *= 2;
    mqc__machine_step(
        &machine, &(struct mqc__machine_event){.kind = kind, .now_ms = now_ms, .random = cap_ms});
}

static void lose(int64_t now_ms, bool is_explained)
{
    mqc__machine_step(&machine, &(struct mqc__machine_event){.kind = MQC__MACHINE_LOST,
                                                             .now_ms = now_ms,
                                                             .is_explained = is_explained});
}

static void open_and_connect(int64_t now_ms)
{
    give(MQC__MACHINE_OPEN, now_ms);
    give(MQC__MACHINE_CONNECTED, now_ms);
    CHECK_INT(machine.state, MQC__MACHINE_ONLINE);
}

static void test_machine_tries_all_uris_then_pauses_longer_each_time(void)
{
    init(MQC__MQTT_5, 3);
    give(MQC__MACHINE_OPEN, 0);
    static const int64_t pauses_ms[] = {1000, 2000, 4000, 8000, 8000};
    int64_t now_ms = 0;
    for (size_t i = 0; i < 5; i++) {
        for (size_t uri = 0; uri < 3; uri++) {
            CHECK_INT(machine.state, MQC__MACHINE_CONNECTING);
            CHECK_UNSIGNED(machine.uri_index, uri);
            give(MQC__MACHINE_FAILED, now_ms);
        }
        CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
        CHECK_INT(machine.resume_at_ms - now_ms, pauses_ms[i]);
        now_ms = machine.resume_at_ms;
        give(MQC__MACHINE_RESUME, now_ms);
    }
}

static void test_machine_loss_tries_the_same_uri_first(void)
{
    init(MQC__MQTT_5, 3);
    give(MQC__MACHINE_OPEN, 0);
    give(MQC__MACHINE_FAILED, 0);
    give(MQC__MACHINE_CONNECTED, 0);
    lose(60000, false);
    CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
    give(MQC__MACHINE_RESUME, 61000);
    static const size_t order[] = {1, 2, 0};
    for (size_t i = 0; i < 3; i++) {
        CHECK_UNSIGNED(machine.uri_index, order[i]);
        CHECK_INT(machine.state, MQC__MACHINE_CONNECTING);
        give(MQC__MACHINE_FAILED, 61000);
    }
    CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
}

static void test_machine_pause_is_short_again_after_a_lasting_connection(void)
{
    init(MQC__MQTT_5, 1);
    give(MQC__MACHINE_OPEN, 0);
    for (int i = 0; i < 4; i++) {
        give(MQC__MACHINE_FAILED, 0);
        give(MQC__MACHINE_RESUME, 0);
    }
    give(MQC__MACHINE_CONNECTED, 0);
    lose(MQC__MACHINE_LASTING_MS - 1, false);
    CHECK_UNSIGNED(machine.failure_count, 5);
    give(MQC__MACHINE_RESUME, 20000);
    give(MQC__MACHINE_CONNECTED, 20000);
    lose(20000 + MQC__MACHINE_LASTING_MS, false);
    CHECK_UNSIGNED(machine.failure_count, 1);
}

static void test_machine_refused_5_falls_back_and_remembers(void)
{
    init(MQC__MQTT_AUTO, 2);
    give(MQC__MACHINE_OPEN, 0);
    CHECK(!machine.is_311);
    give(MQC__MACHINE_REFUSED_5, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CONNECTING);
    CHECK_UNSIGNED(machine.uri_index, 0);
    CHECK(machine.is_311);
    give(MQC__MACHINE_FAILED, 0);
    CHECK_UNSIGNED(machine.uri_index, 1);
    CHECK(!machine.is_311);
    give(MQC__MACHINE_FAILED, 0);
    give(MQC__MACHINE_RESUME, 0);
    CHECK_UNSIGNED(machine.uri_index, 0);
    CHECK(machine.is_311);
}

static void test_machine_hang_up_falls_back_on_the_second_and_forgets(void)
{
    init(MQC__MQTT_AUTO, 1);
    give(MQC__MACHINE_OPEN, 0);
    give(MQC__MACHINE_HUNG_UP, 0);
    CHECK(!machine.is_311);
    CHECK_INT(machine.state, MQC__MACHINE_CONNECTING);
    give(MQC__MACHINE_HUNG_UP, 0);
    CHECK(machine.is_311);
    CHECK_INT(machine.state, MQC__MACHINE_CONNECTING);
    give(MQC__MACHINE_CONNECTED, 0);
    CHECK_INT(machine.state, MQC__MACHINE_ONLINE);
    lose(60000, false);
    give(MQC__MACHINE_RESUME, 61000);
    CHECK(!machine.is_311);
    give(MQC__MACHINE_HUNG_UP, 0);
    give(MQC__MACHINE_HUNG_UP, 0);
    give(MQC__MACHINE_HUNG_UP, 0);
    CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
}

static void test_machine_fixed_version_never_changes(void)
{
    init(MQC__MQTT_5, 1);
    give(MQC__MACHINE_OPEN, 0);
    give(MQC__MACHINE_REFUSED_5, 0);
    CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
    give(MQC__MACHINE_RESUME, 0);
    CHECK(!machine.is_311);
    init(MQC__MQTT_311, 1);
    give(MQC__MACHINE_OPEN, 0);
    CHECK(machine.is_311);
    give(MQC__MACHINE_HUNG_UP, 0);
    CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
}

static void test_machine_other_terms_connects_again_at_once(void)
{
    init(MQC__MQTT_5, 2);
    give(MQC__MACHINE_OPEN, 0);
    give(MQC__MACHINE_OTHER_TERMS, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CONNECTING);
    CHECK_UNSIGNED(machine.uri_index, 0);
    CHECK_UNSIGNED(machine.untried_count, 2);
}

static void test_machine_told_take_over_gives_way(void)
{
    init(MQC__MQTT_5, 1);
    open_and_connect(0);
    give(MQC__MACHINE_TAKEN_OVER, 100000);
    CHECK_INT(machine.state, MQC__MACHINE_TAKEN);
    give(MQC__MACHINE_RESUME, 100000);
    give(MQC__MACHINE_OPEN, 100000);
    CHECK_INT(machine.state, MQC__MACHINE_TAKEN);
    give(MQC__MACHINE_CLOSE, 100000);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSED);
}

static void test_machine_three_brief_connections_give_way(void)
{
    init(MQC__MQTT_AUTO, 1);
    open_and_connect(0);
    lose(100000, false); /* the first loss of a long connection says nothing */
    for (int i = 0; i < 3; i++) {
        CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
        CHECK_INT(machine.brief_count, i);
        give(MQC__MACHINE_RESUME, 100000);
        give(MQC__MACHINE_CONNECTED, 100000);
        CHECK_INT(machine.quiet_until_ms, 100000 + (i == 2 ? MQC__MACHINE_BRIEF_MS : 0));
        CHECK(mqc__machine_suspects_takeover(&machine, 100000 + MQC__MACHINE_BRIEF_MS - 1));
        CHECK(!mqc__machine_suspects_takeover(&machine, 100000 + MQC__MACHINE_BRIEF_MS));
        lose(100000 + MQC__MACHINE_BRIEF_MS - 1, false);
    }
    CHECK_INT(machine.state, MQC__MACHINE_TAKEN);
}

/* Connects and loses once more. */
static void brief_connection(bool is_explained)
{
    give(MQC__MACHINE_RESUME, 0);
    give(MQC__MACHINE_CONNECTED, 0);
    lose(10, is_explained);
}

static void test_machine_311_what_is_no_take_over_resets_the_count(void)
{
    static const struct {
        const char *what;
        enum mqc__machine_event_kind kind;
        int64_t now_ms;
        bool is_explained;
    } cases[] = {
        {"lasted", MQC__MACHINE_LOST, MQC__MACHINE_BRIEF_MS, false},
        {"explained", MQC__MACHINE_LOST, 10, true},
        {"left by this side", MQC__MACHINE_LEFT, 10, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        init(MQC__MQTT_311, 1);
        open_and_connect(0);
        lose(10, false);
        brief_connection(false);
        CHECK_UNSIGNED(machine.brief_count, 2);
        give(MQC__MACHINE_RESUME, 0);
        give(MQC__MACHINE_CONNECTED, 0);
        mqc__machine_step(&machine,
                          &(struct mqc__machine_event){.kind = cases[i].kind,
                                                       .now_ms = cases[i].now_ms,
                                                       .is_explained = cases[i].is_explained});
        CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
        CHECK_UNSIGNED(machine.brief_count, 0);
    }
    init(MQC__MQTT_311, 1);
    open_and_connect(0);
    lose(10, false);
    brief_connection(false);
    give(MQC__MACHINE_RESUME, 0);
    give(MQC__MACHINE_FAILED, 0);
    CHECK_UNSIGNED(machine.brief_count, 0);
}

static void test_machine_explained_losses_are_no_take_over_and_pause_longer(void)
{
    init(MQC__MQTT_AUTO, 1);
    open_and_connect(0);
    lose(1, true);
    for (int i = 0; i < 20; i++)
        brief_connection(true);
    CHECK_INT(machine.state, MQC__MACHINE_PAUSE);
    CHECK_UNSIGNED(machine.failure_count, 21);
}

/* Two clients of one id kick each other out; the one that was there first stays. */
static void test_machine_newcomer_gives_way_whatever_the_pauses(void)
{
    struct test_random random = {.state = 3};
    for (int run = 0; run < 200; run++) {
        struct mqc__machine both[2]; /* 0 was there first */
        const struct mqc__session_options options = {
            .uri_count = 1,
            .backoff_min_ms = 1 + (unsigned)test_random_below(&random, MQC__MACHINE_BRIEF_MS - 1),
            .backoff_max_ms = 60000};
        int64_t now_ms = 0;
        for (size_t i = 0; i < 2; i++) {
            mqc__machine_init(&both[i], &options);
            both[i].state = MQC__MACHINE_CONNECTING;
        }
        for (size_t turn = 0; turn < 20 && both[1].state != MQC__MACHINE_TAKEN; turn++) {
            struct mqc__machine *comes = &both[turn % 2];
            struct mqc__machine *goes = &both[(turn + 1) % 2];
            if (comes->state == MQC__MACHINE_PAUSE) {
                now_ms = comes->resume_at_ms;
                mqc__machine_step(comes, &(struct mqc__machine_event){.kind = MQC__MACHINE_RESUME});
            }
            mqc__machine_step(comes, &(struct mqc__machine_event){.kind = MQC__MACHINE_CONNECTED,
                                                                  .now_ms = now_ms});
            mqc__machine_step(goes,
                              &(struct mqc__machine_event){.kind = MQC__MACHINE_LOST,
                                                           .now_ms = now_ms,
                                                           .random = test_random_next(&random)});
            if (turn == 0)
                now_ms += 100000;
        }
        CHECK_INT(both[0].state, MQC__MACHINE_ONLINE);
        CHECK_INT(both[1].state, MQC__MACHINE_TAKEN);
    }
}

static void test_machine_close_ends_every_state(void)
{
    init(MQC__MQTT_5, 1);
    give(MQC__MACHINE_CLOSE, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSED);
    init(MQC__MQTT_5, 1);
    give(MQC__MACHINE_OPEN, 0);
    give(MQC__MACHINE_CLOSE, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSED);
    init(MQC__MQTT_5, 1);
    give(MQC__MACHINE_OPEN, 0);
    give(MQC__MACHINE_FAILED, 0);
    give(MQC__MACHINE_CLOSE, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSED);
    init(MQC__MQTT_5, 1);
    open_and_connect(0);
    give(MQC__MACHINE_CLOSE, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSING);
    give(MQC__MACHINE_LOST, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSING);
    give(MQC__MACHINE_DISCONNECTED, 0);
    CHECK_INT(machine.state, MQC__MACHINE_CLOSED);
}

/* Any events in any order: the indices stay in range, CLOSED is final, and the pause is bounded. */
static void test_machine_property_any_events_keep_it_sane(void)
{
    struct test_random random = {.state = 42};
    for (int run = 0; run < 200; run++) {
        init((enum mqc__mqtt_version)test_random_below(&random, 3),
             1 + (size_t)test_random_below(&random, MQC__MACHINE_URIS_MAX));
        int64_t now_ms = 0;
        for (int i = 0; i < 500; i++) {
            const enum mqc__machine_state before = machine.state;
            now_ms += (int64_t)test_random_below(&random, 8000);
            const struct mqc__machine_event event = {
                .kind = (enum mqc__machine_event_kind)test_random_below(
                    &random, i < 400 ? MQC__MACHINE_TAKEN_OVER : MQC__MACHINE_DISCONNECTED + 1),
                .now_ms = now_ms,
                .random = test_random_next(&random),
                .is_explained = test_random_below(&random, 2) != 0,
            };
            mqc__machine_step(&machine, &event);
            CHECK(machine.uri_index < machine.uri_count);
            CHECK(machine.untried_count >= 1 && machine.untried_count <= machine.uri_count);
            CHECK(machine.version != MQC__MQTT_5 || !machine.is_311);
            CHECK(before != MQC__MACHINE_CLOSED || machine.state == MQC__MACHINE_CLOSED);
            CHECK(machine.state != MQC__MACHINE_PAUSE || before == MQC__MACHINE_PAUSE ||
                  machine.resume_at_ms - now_ms <= 8000);
            CHECK(mqc__machine_state_name(machine.state)[0] != 'U');
        }
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"tries_all_uris_then_pauses_longer_each_time",
         test_machine_tries_all_uris_then_pauses_longer_each_time},
        {"loss_tries_the_same_uri_first", test_machine_loss_tries_the_same_uri_first},
        {"pause_is_short_again_after_a_lasting_connection",
         test_machine_pause_is_short_again_after_a_lasting_connection},
        {"refused_5_falls_back_and_remembers", test_machine_refused_5_falls_back_and_remembers},
        {"hang_up_falls_back_on_the_second_and_forgets",
         test_machine_hang_up_falls_back_on_the_second_and_forgets},
        {"fixed_version_never_changes", test_machine_fixed_version_never_changes},
        {"other_terms_connects_again_at_once", test_machine_other_terms_connects_again_at_once},
        {"told_take_over_gives_way", test_machine_told_take_over_gives_way},
        {"three_brief_connections_give_way", test_machine_three_brief_connections_give_way},
        {"311_what_is_no_take_over_resets_the_count",
         test_machine_311_what_is_no_take_over_resets_the_count},
        {"explained_losses_are_no_take_over_and_pause_longer",
         test_machine_explained_losses_are_no_take_over_and_pause_longer},
        {"newcomer_gives_way_whatever_the_pauses",
         test_machine_newcomer_gives_way_whatever_the_pauses},
        {"close_ends_every_state", test_machine_close_ends_every_state},
        {"property_any_events_keep_it_sane", test_machine_property_any_events_keep_it_sane},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_machine", tests);
}
