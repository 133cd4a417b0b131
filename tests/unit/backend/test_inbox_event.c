#include "support/suite.h"

#include "backend/inbox.h"

#include <pthread.h>
#include <unistd.h>

static unsigned freed_count;

static void note_freed(void *context)
{
    CHECK(context == &freed_count);
    freed_count++;
}

static struct mqc__inbox_item *new_item(enum mqc__inbox_kind kind, const char *text)
{
    const struct mqc_value arg = mqc_string_text(text);
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
    const struct mqc__inbox_event carried = {
        .event = &event,
        .topic = mqc_view_text("t"),
        .instance = mqc_view_text("i"),
        .freed = note_freed,
        .context = &freed_count,
    };
    struct mqc__inbox_item *item = NULL;
    freed_count = 0;
    REQUIRE(mqc__inbox_event_new(kind, &carried, &item) == MQC_OK);
    return item;
}

static struct mqc_stats stats_of(struct mqc__inbox *inbox)
{
    struct mqc_stats stats = {0};
    mqc__inbox_stats(inbox, &stats);
    return stats;
}

static void test_event_is_a_copy_and_tells_its_end(void)
{
    char text[] = "text";
    struct mqc__inbox_item *item = new_item(MQC__INBOX_CLIENT, text);
    text[0] = 'n';
    CHECK_VIEW_TEXT(item->topic, "t");
    CHECK_VIEW_TEXT(item->payload, "i");
    CHECK_VIEW_TEXT(item->copy->name, "e");
    CHECK_VIEW_TEXT(item->copy->args[0].as.text, "text");
    CHECK(item->size_bytes > sizeof *item);
    mqc__inbox_item_free(item);
    CHECK_UNSIGNED(freed_count, 1);
}

static void test_event_nested_too_deeply_is_refused(void)
{
    struct mqc_value levels[MQC_MAX_DEPTH + 2];
    levels[0] = mqc_count(1);
    for (size_t i = 1; i < MQC_MAX_DEPTH + 2; i++)
        levels[i] = mqc_vector(&levels[i - 1], 1);
    const struct mqc_event event = {
        .name = mqc_view_text("e"), .args = &levels[MQC_MAX_DEPTH + 1], .arg_count = 1};
    const struct mqc__inbox_event carried = {.event = &event};
    struct mqc__inbox_item *item = NULL;
    CHECK_INT(mqc__inbox_event_new(MQC__INBOX_RAISED, &carried, &item), MQC_ETOOLARGE);
    CHECK(item == NULL);
}

static void test_reserved_room_is_kept_or_given_back(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(2, 100000);
    struct mqc__inbox_item *first = new_item(MQC__INBOX_CLIENT, "first");
    struct mqc__inbox_item *second = new_item(MQC__INBOX_CLIENT, "second");
    struct mqc__inbox_item *third = new_item(MQC__INBOX_CLIENT, "third");
    CHECK_INT(mqc__inbox_reserve(inbox, first), MQC__INBOX_QUEUED);
    CHECK_INT(mqc__inbox_reserve(inbox, second), MQC__INBOX_QUEUED);
    CHECK_INT(mqc__inbox_reserve(inbox, third), MQC__INBOX_FULL);
    CHECK(mqc__inbox_take(inbox, false) == NULL);
    CHECK_UNSIGNED(stats_of(inbox).inbox_messages, 2);
    CHECK_UNSIGNED(stats_of(inbox).inbox_bytes, first->size_bytes + second->size_bytes);
    mqc__inbox_cancel(inbox, first);
    CHECK_INT(mqc__inbox_reserve(inbox, third), MQC__INBOX_QUEUED);
    /* In the order in which they come, not in that of the reservations. */
    CHECK(mqc__inbox_put_reserved(inbox, third));
    CHECK(mqc__inbox_put_reserved(inbox, second));
    CHECK(mqc__inbox_take(inbox, false) == third);
    CHECK_UNSIGNED(stats_of(inbox).inbox_bytes, second->size_bytes);
    mqc__inbox_item_free(third);
    mqc__inbox_item_free(first);
    CHECK_UNSIGNED(freed_count, 2);
    mqc__inbox_free(&inbox);
    CHECK_UNSIGNED(freed_count, 3);
}

static void test_reserve_limits(void)
{
    struct mqc__inbox_item *item = new_item(MQC__INBOX_CLIENT, "text");
    struct mqc__inbox *inbox = mqc__inbox_new(2, item->size_bytes - 1);
    CHECK_INT(mqc__inbox_reserve(inbox, item), MQC__INBOX_TOO_LARGE);
    mqc__inbox_free(&inbox);
    inbox = mqc__inbox_new(2, item->size_bytes);
    CHECK_INT(mqc__inbox_reserve(inbox, item), MQC__INBOX_QUEUED);
    mqc__inbox_close(inbox);
    CHECK(!mqc__inbox_put_reserved(inbox, item));
    CHECK_UNSIGNED(stats_of(inbox).inbox_messages, 0);
    CHECK_INT(mqc__inbox_reserve(inbox, item), MQC__INBOX_CLOSED);
    CHECK_UNSIGNED(freed_count, 0);
    mqc__inbox_item_free(item);
    mqc__inbox_free(&inbox);
}

static void *put_message(void *context)
{
    const struct mqc__mqtt_message message = {.topic = mqc_view_text("t")};
    CHECK_INT(mqc__inbox_put_message(context, &message, 7), MQC__INBOX_QUEUED);
    return NULL;
}

static void test_cancel_lets_a_waiting_message_in(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(1, 100000);
    struct mqc__inbox_item *item = new_item(MQC__INBOX_CLIENT, "text");
    CHECK_INT(mqc__inbox_reserve(inbox, item), MQC__INBOX_QUEUED);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, put_message, inbox) == 0);
    (void)usleep(10000);
    CHECK(mqc__inbox_take(inbox, false) == NULL);
    mqc__inbox_cancel(inbox, item);
    (void)pthread_join(thread, NULL);
    mqc__inbox_item_free(item);
    item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK_INT(item->kind, MQC__INBOX_MESSAGE);
    mqc__inbox_item_free(item);
    mqc__inbox_free(&inbox);
}

static void *take_and_free(void *inbox)
{
    struct mqc__inbox_item *item = mqc__inbox_take(inbox, true);
    if (item != NULL)
        mqc__inbox_item_free(item);
    return NULL;
}

static void test_wake_tells_who_waits_of_all_that_was_put_in(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(10, 100000);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, take_and_free, inbox) == 0);
    (void)usleep(10000);
    mqc__inbox_wake(inbox); /* for nothing */
    for (unsigned i = 0; i < 2; i++) {
        struct mqc__inbox_item *item = new_item(MQC__INBOX_CLIENT, "text");
        CHECK_INT(mqc__inbox_reserve(inbox, item), MQC__INBOX_QUEUED);
        CHECK(mqc__inbox_put_reserved(inbox, item));
    }
    mqc__inbox_wake(inbox);
    (void)pthread_join(thread, NULL);
    CHECK_UNSIGNED(freed_count, 1);
    CHECK_UNSIGNED(mqc__inbox_count(inbox), 1);
    mqc__inbox_free(&inbox);
}

static void test_raised_have_limits_of_their_own(void)
{
    struct mqc__inbox_item *item = new_item(MQC__INBOX_RAISED, "text");
    const size_t size = item->size_bytes;
    struct mqc__inbox *inbox = mqc__inbox_new(1, size * 2);
    CHECK_INT(mqc__inbox_put_raised(inbox, item), MQC__INBOX_QUEUED);
    CHECK_INT(mqc__inbox_put_raised(inbox, new_item(MQC__INBOX_RAISED, "next")), MQC__INBOX_QUEUED);
    item = new_item(MQC__INBOX_RAISED, "last");
    CHECK_INT(mqc__inbox_put_raised(inbox, item), MQC__INBOX_FULL);
    CHECK_UNSIGNED(mqc__inbox_count(inbox), 2);
    CHECK_UNSIGNED(stats_of(inbox).inbox_messages, 0);
    (void)put_message(inbox);
    mqc__inbox_item_free(mqc__inbox_take(inbox, false));
    CHECK_INT(mqc__inbox_put_raised(inbox, item), MQC__INBOX_QUEUED);
    mqc__inbox_close(inbox);
    item = new_item(MQC__INBOX_RAISED, "late");
    CHECK_INT(mqc__inbox_put_raised(inbox, item), MQC__INBOX_CLOSED);
    mqc__inbox_item_free(item);
    CHECK_UNSIGNED(freed_count, 1);
    mqc__inbox_free(&inbox);
    inbox = mqc__inbox_new(1, size - 1);
    item = new_item(MQC__INBOX_RAISED, "text");
    CHECK_INT(mqc__inbox_put_raised(inbox, item), MQC__INBOX_TOO_LARGE);
    mqc__inbox_item_free(item);
    mqc__inbox_free(&inbox);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"event_is_a_copy_and_tells_its_end", test_event_is_a_copy_and_tells_its_end},
        {"event_nested_too_deeply_is_refused", test_event_nested_too_deeply_is_refused},
        {"reserved_room_is_kept_or_given_back", test_reserved_room_is_kept_or_given_back},
        {"reserve_limits", test_reserve_limits},
        {"cancel_lets_a_waiting_message_in", test_cancel_lets_a_waiting_message_in},
        {"wake_tells_who_waits_of_all_that_was_put_in",
         test_wake_tells_who_waits_of_all_that_was_put_in},
        {"raised_have_limits_of_their_own", test_raised_have_limits_of_their_own},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.inbox_event", tests);
}
