#include "mqtt/throttle.h"

#include "support/suite.h"

static void test_throttle_first_is_due_at_once_then_once_a_window(void)
{
    struct mqc__throttle throttle = {0};
    CHECK(!mqc__throttle_is_due(&throttle, 50, 1, 10000));
    CHECK_INT(mqc__throttle_due_ms(&throttle, 10000), INT64_MAX);
    throttle.unreported_count++;
    CHECK(mqc__throttle_is_due(&throttle, 50, 1, 10000));
    CHECK_UNSIGNED(mqc__throttle_take(&throttle, 50, 10000), 1);
    CHECK(!mqc__throttle_is_due(&throttle, 60, 1, 10000));
    throttle.unreported_count += 7;
    CHECK(!mqc__throttle_is_due(&throttle, 10049, 1, 10000));
    CHECK_INT(mqc__throttle_due_ms(&throttle, 10000), 10050);
    CHECK(mqc__throttle_is_due(&throttle, 10050, 1, 10000));
    CHECK_UNSIGNED(mqc__throttle_take(&throttle, 10050, 10000), 7);
    throttle.unreported_count++;
    CHECK(!mqc__throttle_is_due(&throttle, 10051, 1, 10000));
}

static void test_throttle_burst_lets_some_through(void)
{
    struct mqc__throttle throttle = {0};
    unsigned reports = 0;
    uint64_t total = 0;
    for (int64_t now_ms = 0; now_ms < 30000; now_ms += 10) {
        throttle.unreported_count++;
        if (mqc__throttle_is_due(&throttle, now_ms, 3, 10000)) {
            total += mqc__throttle_take(&throttle, now_ms, 10000);
            reports++;
        }
    }
    CHECK_UNSIGNED(reports, 9);
    CHECK_UNSIGNED(total + throttle.unreported_count, 3000);
}

static void test_repeat_same_text_once_an_interval_new_text_at_once(void)
{
    struct mqc__repeat repeat = {0};
    CHECK(mqc__repeat_note(&repeat, "a", 1000, 60000));
    CHECK(!mqc__repeat_note(&repeat, "a", 2000, 60000));
    CHECK(mqc__repeat_note(&repeat, "b", 2001, 60000));
    CHECK_UNSIGNED(repeat.count, 1);
    CHECK(!mqc__repeat_note(&repeat, "b", 62000, 60000));
    CHECK(mqc__repeat_note(&repeat, "b", 62001, 60000));
    CHECK_UNSIGNED(repeat.count, 3);
    mqc__repeat_reset(&repeat);
    CHECK(mqc__repeat_note(&repeat, "b", 62002, 60000));
}

static void test_repeat_long_text_is_compared_as_far_as_kept(void)
{
    struct mqc__repeat repeat = {0};
    char text[2000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    CHECK(mqc__repeat_note(&repeat, text, 0, 1000));
    CHECK(!mqc__repeat_note(&repeat, text, 1, 1000));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"first_is_due_at_once_then_once_a_window",
         test_throttle_first_is_due_at_once_then_once_a_window},
        {"burst_lets_some_through", test_throttle_burst_lets_some_through},
        {"repeat_same_text_once_an_interval_new_text_at_once",
         test_repeat_same_text_once_an_interval_new_text_at_once},
        {"repeat_long_text_is_compared_as_far_as_kept",
         test_repeat_long_text_is_compared_as_far_as_kept},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.throttle", tests);
}
