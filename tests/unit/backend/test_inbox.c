#include "support/suite.h"

#include "backend/inbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static enum mqc__inbox_result put(struct mqc__inbox *inbox, const char *payload)
{
    const struct mqc__mqtt_message message = {.topic = mqc_view_text("t"),
                                              .payload = mqc_view_text(payload)};
    return mqc__inbox_put_message(inbox, &message, 7);
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static void test_take_returns_in_order_and_kind(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(10, 10000);
    CHECK_INT(put(inbox, "one"), MQC__INBOX_QUEUED);
    CHECK(mqc__inbox_put_error(inbox, "tag", "text"));
    CHECK(mqc__inbox_put_state(inbox, MQC_STATE_UP));
    CHECK_UNSIGNED(mqc__inbox_count(inbox), 3);
    struct mqc__inbox_item *item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK_VIEW_TEXT(item->payload, "one");
    CHECK_INT(item->received_ns, 7);
    mqc__inbox_item_free(item);
    item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK_TEXT(item->topic.data, "tag");
    CHECK_TEXT(item->payload.data, "text");
    mqc__inbox_item_free(item);
    item = mqc__inbox_take(inbox, true);
    REQUIRE(item != NULL);
    CHECK_INT(item->state, MQC_STATE_UP);
    mqc__inbox_item_free(item);
    CHECK(mqc__inbox_take(inbox, false) == NULL);
    mqc__inbox_free(&inbox);
}

static void test_fd_is_readable_while_something_waits(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(10, 10000);
    CHECK_INT(put(inbox, "early"), MQC__INBOX_QUEUED);
    const int fd = mqc__inbox_fd(inbox);
    REQUIRE(fd >= 0);
    CHECK_INT(mqc__inbox_fd(inbox), fd);
    CHECK(is_readable(fd));
    CHECK_INT(put(inbox, "late"), MQC__INBOX_QUEUED);
    mqc__inbox_item_free(mqc__inbox_take(inbox, false));
    CHECK(is_readable(fd));
    mqc__inbox_item_free(mqc__inbox_take(inbox, false));
    CHECK(!is_readable(fd));
    CHECK(mqc__inbox_put_state(inbox, MQC_STATE_UP));
    CHECK(is_readable(fd));
    mqc__inbox_free(&inbox);
}

/* Puts ten messages into an inbox of two. */
struct producer {
    struct mqc__inbox *inbox;
    atomic_uint put_count;
};

static void *produce(void *context)
{
    struct producer *producer = context;
    for (int i = 0; i < 10; i++)
        if (put(producer->inbox, "x") == MQC__INBOX_QUEUED)
            atomic_fetch_add(&producer->put_count, 1);
    return NULL;
}

static void test_put_full_blocks_until_taken(void)
{
    struct producer producer = {.inbox = mqc__inbox_new(2, 10000)};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, produce, &producer) == 0);
    for (unsigned taken = 0; taken < 10; taken++) {
        struct mqc__inbox_item *item = mqc__inbox_take(producer.inbox, true);
        CHECK(item != NULL);
        mqc__inbox_item_free(item);
        CHECK(atomic_load(&producer.put_count) <= taken + 3);
    }
    (void)pthread_join(thread, NULL);
    CHECK_UNSIGNED(atomic_load(&producer.put_count), 10);
    mqc__inbox_free(&producer.inbox);
}

static void test_stop_blocking_refuses_when_full(void)
{
    struct producer producer = {.inbox = mqc__inbox_new(2, 10000)};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, produce, &producer) == 0);
    while (mqc__inbox_count(producer.inbox) < 2)
        (void)usleep(1000);
    mqc__inbox_stop_blocking(producer.inbox);
    (void)pthread_join(thread, NULL);
    CHECK_UNSIGNED(atomic_load(&producer.put_count), 2);
    CHECK_INT(put(producer.inbox, "x"), MQC__INBOX_CLOSED);
    mqc__inbox_free(&producer.inbox);
}

static void test_put_larger_than_the_limit_is_refused(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(2, 300);
    char large[400];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    CHECK_INT(put(inbox, large), MQC__INBOX_TOO_LARGE);
    CHECK_INT(put(inbox, "small"), MQC__INBOX_QUEUED);
    struct mqc_stats stats = {0};
    mqc__inbox_stats(inbox, &stats);
    CHECK_UNSIGNED(stats.inbox_messages, 1);
    CHECK(stats.inbox_bytes > 0 && stats.inbox_bytes <= 300);
    mqc__inbox_free(&inbox);
}

static void test_close_ends_waiting_and_keeps_what_is_there(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(2, 10000);
    CHECK_INT(put(inbox, "x"), MQC__INBOX_QUEUED);
    mqc__inbox_close(inbox);
    struct mqc__inbox_item *item = mqc__inbox_take(inbox, true);
    CHECK(item != NULL);
    mqc__inbox_item_free(item);
    CHECK(mqc__inbox_take(inbox, true) == NULL);
    CHECK_INT(put(inbox, "x"), MQC__INBOX_CLOSED);
    CHECK(!mqc__inbox_put_error(inbox, "tag", "text"));
    mqc__inbox_free(&inbox);
}

static void test_put_errors_without_end_is_bounded(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(2, 10000);
    unsigned count = 0;
    while (count < 100000 && mqc__inbox_put_error(inbox, "tag", "text"))
        count++;
    CHECK(count >= 100 && count < 100000);
    mqc__inbox_free(&inbox);
}

static unsigned release_count;

static void count_release(void *memory)
{
    release_count++;
    free(memory);
}

/* Puts a message of so many bytes in memory of its own; frees that if it was not taken. */
static enum mqc__inbox_result put_own(struct mqc__inbox *inbox, size_t size, bool *is_taken_out)
{
    char *bytes = malloc(size);
    REQUIRE(bytes != NULL);
    memset(bytes, 'x', size);
    struct mqc__message_memory memory = {.memory = bytes, .release = count_release};
    const struct mqc__mqtt_message message = {
        .topic = mqc_view_text("t"), .payload = mqc_view_bytes(bytes, size), .memory = &memory};
    const enum mqc__inbox_result result = mqc__inbox_put_message(inbox, &message, 7);
    *is_taken_out = memory.is_taken;
    if (!memory.is_taken)
        free(bytes);
    return result;
}

static void test_large_payload_is_taken_and_released_once(void)
{
    bool is_taken = false;
    struct mqc_stats stats = {0};
    struct mqc__inbox *inbox = mqc__inbox_new(10, 30000);
    release_count = 0;
    CHECK_INT(put_own(inbox, 10, &is_taken), MQC__INBOX_QUEUED);
    CHECK(!is_taken);
    CHECK_INT(put_own(inbox, 20000, &is_taken), MQC__INBOX_QUEUED);
    CHECK(is_taken);
    mqc__inbox_stats(inbox, &stats);
    CHECK(stats.inbox_bytes > 20000);
    CHECK_INT(put_own(inbox, 40000, &is_taken), MQC__INBOX_TOO_LARGE);
    CHECK(!is_taken);
    mqc__inbox_stop_blocking(inbox);
    CHECK_INT(put_own(inbox, 20000, &is_taken), MQC__INBOX_CLOSED);
    CHECK(!is_taken);
    mqc__inbox_item_free(mqc__inbox_take(inbox, false));
    CHECK_UNSIGNED(release_count, 0);
    struct mqc__inbox_item *item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK_UNSIGNED(item->payload.size, 20000);
    CHECK(item->payload.data[19999] == 'x');
    mqc__inbox_item_free(item);
    CHECK_UNSIGNED(release_count, 1);
    CHECK_INT(put_own(inbox, 5000, &is_taken), MQC__INBOX_QUEUED);
    mqc__inbox_free(&inbox);
    CHECK_UNSIGNED(release_count, 2);
}

static void test_node_notices_carry_name_and_id_in_order(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(10, 10000);
    CHECK(mqc__inbox_put_node(inbox, MQC__MEMBER_UP, mqc_view_text("w"), mqc_view_text("id")));
    CHECK(mqc__inbox_put_node(inbox, MQC__MEMBER_DOWN, mqc_view_text("w"), mqc_view_text("")));
    CHECK_UNSIGNED(mqc__inbox_count(inbox), 2);
    struct mqc__inbox_item *item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK_INT(item->kind, MQC__INBOX_NODE);
    CHECK_INT(item->event, MQC__MEMBER_UP);
    CHECK_TEXT(item->topic.data, "w");
    CHECK_TEXT(item->payload.data, "id");
    CHECK(item->received_ns > 0);
    mqc__inbox_item_free(item);
    item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK_INT(item->event, MQC__MEMBER_DOWN);
    mqc__inbox_item_free(item);
    mqc__inbox_free(&inbox);
}

/* A large cluster that comes up at once does not hide that the connection is down. */
static void test_node_notices_have_a_limit_of_their_own(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(2, 10000);
    for (unsigned i = 0; i < 20000; i++)
        if (!mqc__inbox_put_node(inbox, MQC__MEMBER_UP, mqc_view_text("w"), mqc_view_text("i")))
            CHECK(false);
    CHECK(mqc__inbox_put_error(inbox, "tag", "text"));
    CHECK(mqc__inbox_put_state(inbox, MQC_STATE_DOWN));
    CHECK_UNSIGNED(mqc__inbox_count(inbox), 20002);
    while (mqc__inbox_count(inbox) > 2)
        mqc__inbox_item_free(mqc__inbox_take(inbox, false));
    while (mqc__inbox_put_error(inbox, "tag", "text"))
        ;
    CHECK(mqc__inbox_put_node(inbox, MQC__MEMBER_UP, mqc_view_text("w"), mqc_view_text("i")));
    mqc__inbox_close(inbox);
    CHECK(!mqc__inbox_put_node(inbox, MQC__MEMBER_UP, mqc_view_text("w"), mqc_view_text("i")));
    mqc__inbox_free(&inbox);
}

static enum mqc__inbox_result put_local(struct mqc__inbox *inbox, const char *payload)
{
    const struct mqc__mqtt_message message = {.topic = mqc_view_text("t"),
                                              .payload = mqc_view_text(payload)};
    return mqc__inbox_put_local(inbox, &message, 7);
}

static void test_local_message_never_waits(void)
{
    struct mqc__inbox *inbox = mqc__inbox_new(2, 10000);
    CHECK_INT(put_local(inbox, "one"), MQC__INBOX_QUEUED);
    CHECK_INT(put(inbox, "two"), MQC__INBOX_QUEUED);
    CHECK_INT(put_local(inbox, "three"), MQC__INBOX_FULL);
    struct mqc__inbox_item *item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK(item->is_local);
    mqc__inbox_item_free(item);
    item = mqc__inbox_take(inbox, false);
    REQUIRE(item != NULL);
    CHECK(!item->is_local);
    mqc__inbox_item_free(item);
    mqc__inbox_stop_blocking(inbox);
    CHECK_INT(put_local(inbox, "four"), MQC__INBOX_QUEUED);
    mqc__inbox_close(inbox);
    CHECK_INT(put_local(inbox, "five"), MQC__INBOX_CLOSED);
    mqc__inbox_free(&inbox);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"take_returns_in_order_and_kind", test_take_returns_in_order_and_kind},
        {"fd_is_readable_while_something_waits", test_fd_is_readable_while_something_waits},
        {"put_full_blocks_until_taken", test_put_full_blocks_until_taken},
        {"stop_blocking_refuses_when_full", test_stop_blocking_refuses_when_full},
        {"put_larger_than_the_limit_is_refused", test_put_larger_than_the_limit_is_refused},
        {"close_ends_waiting_and_keeps_what_is_there",
         test_close_ends_waiting_and_keeps_what_is_there},
        {"put_errors_without_end_is_bounded", test_put_errors_without_end_is_bounded},
        {"large_payload_is_taken_and_released_once", test_large_payload_is_taken_and_released_once},
        {"node_notices_carry_name_and_id", test_node_notices_carry_name_and_id_in_order},
        {"node_notices_have_their_own_limit", test_node_notices_have_a_limit_of_their_own},
        {"local_message_never_waits", test_local_message_never_waits},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.inbox", tests);
}
