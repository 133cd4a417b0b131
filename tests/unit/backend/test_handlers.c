#include "support/suite.h"

#include "backend/handlers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* Counts its calls. */
struct counter {
    unsigned calls;
    struct mqc__handlers *handlers; /* to take itself back, when set */
};

static void count_call(void *context, const struct mqc_message *message)
{
    (void)message;
    struct counter *counter = context;
    counter->calls++;
}

static void count_and_leave(void *context, const struct mqc_message *message)
{
    struct counter *counter = context;
    count_call(context, message);
    mqc__handlers_remove(counter->handlers, count_and_leave, counter);
}

static size_t raise_event(struct mqc__handlers *handlers, const char *topic, const char *name)
{
    const struct mqc_event event = {.name = mqc_view_text(name)};
    const struct mqc_message message = {
        .topic = mqc_view_text(topic), .event = &event, .is_remote = true};
    return mqc__handlers_call(handlers, &message);
}

static void test_call_by_name_and_prefix_reaches_each_once(void)
{
    struct mqc__handlers *handlers = mqc__handlers_new();
    struct counter a = {0};
    struct counter b = {0};
    CHECK_INT(mqc__handlers_add_event(handlers, mqc_view_text("ping"), count_call, &a), MQC_OK);
    CHECK_INT(mqc__handlers_add_prefix(handlers, mqc_view_text("x/"), count_call, &a), MQC_OK);
    CHECK_INT(mqc__handlers_add_prefix(handlers, mqc_view_text("x/y"), count_call, &a), MQC_OK);
    CHECK_INT(mqc__handlers_add_prefix(handlers, mqc_view_text(""), count_call, &b), MQC_OK);
    CHECK_UNSIGNED(raise_event(handlers, "x/yz", "ping"), 2);
    CHECK_UNSIGNED(raise_event(handlers, "other", "ping"), 2);
    CHECK_UNSIGNED(raise_event(handlers, "x/", "pong"), 2);
    CHECK_UNSIGNED(raise_event(handlers, "x", "pong"), 1);
    CHECK_UNSIGNED(a.calls, 3);
    CHECK_UNSIGNED(b.calls, 4);
    mqc__handlers_free(&handlers);
}

static void test_remove_takes_every_registration_back(void)
{
    struct mqc__handlers *handlers = mqc__handlers_new();
    struct counter a = {0};
    struct counter b = {0};
    CHECK_INT(mqc__handlers_add_event(handlers, mqc_view_text("ping"), count_call, &a), MQC_OK);
    CHECK_INT(mqc__handlers_add_event(handlers, mqc_view_text("ping"), count_call, &b), MQC_OK);
    CHECK_INT(mqc__handlers_add_prefix(handlers, mqc_view_text(""), count_call, &a), MQC_OK);
    mqc__handlers_remove(handlers, count_call, &a);
    mqc__handlers_remove(handlers, count_call, &a);
    CHECK_UNSIGNED(raise_event(handlers, "t", "ping"), 1);
    CHECK_INT(mqc__handlers_add_event(handlers, mqc_view_text("ping"), count_call, &a), MQC_OK);
    CHECK_UNSIGNED(raise_event(handlers, "t", "ping"), 2);
    CHECK_UNSIGNED(a.calls, 1);
    CHECK_UNSIGNED(b.calls, 2);
    mqc__handlers_free(&handlers);
}

static void test_remove_from_inside_a_handler_works(void)
{
    struct mqc__handlers *handlers = mqc__handlers_new();
    struct counter a = {.handlers = handlers};
    CHECK_INT(mqc__handlers_add_event(handlers, mqc_view_text("e"), count_and_leave, &a), MQC_OK);
    CHECK_UNSIGNED(raise_event(handlers, "t", "e"), 1);
    CHECK_UNSIGNED(raise_event(handlers, "t", "e"), 0);
    CHECK_UNSIGNED(a.calls, 1);
    mqc__handlers_free(&handlers);
}

/* A handler that runs until it is told to end. */
struct slow {
    atomic_bool is_running;
    atomic_bool may_end;
    atomic_bool has_ended;
    struct mqc__handlers *handlers;
};

static void run_slowly(void *context, const struct mqc_message *message)
{
    (void)message;
    struct slow *slow = context;
    atomic_store(&slow->is_running, true);
    while (!atomic_load(&slow->may_end))
        (void)usleep(1000);
    atomic_store(&slow->has_ended, true);
}

static void *raise_slow(void *context)
{
    struct slow *slow = context;
    (void)raise_event(slow->handlers, "t", "e");
    return NULL;
}

static void *let_it_end(void *context)
{
    struct slow *slow = context;
    (void)usleep(20000);
    atomic_store(&slow->may_end, true);
    return NULL;
}

static void test_remove_while_running_waits_for_the_end(void)
{
    struct slow slow = {.handlers = mqc__handlers_new()};
    CHECK_INT(mqc__handlers_add_event(slow.handlers, mqc_view_text("e"), run_slowly, &slow),
              MQC_OK);
    pthread_t raiser;
    pthread_t ender;
    REQUIRE(pthread_create(&raiser, NULL, raise_slow, &slow) == 0);
    while (!atomic_load(&slow.is_running))
        (void)usleep(1000);
    REQUIRE(pthread_create(&ender, NULL, let_it_end, &slow) == 0);
    mqc__handlers_remove(slow.handlers, run_slowly, &slow);
    CHECK(atomic_load(&slow.has_ended));
    (void)pthread_join(raiser, NULL);
    (void)pthread_join(ender, NULL);
    mqc__handlers_free(&slow.handlers);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"call_by_name_and_prefix_reaches_each_once",
         test_call_by_name_and_prefix_reaches_each_once},
        {"remove_takes_every_registration_back", test_remove_takes_every_registration_back},
        {"remove_from_inside_a_handler_works", test_remove_from_inside_a_handler_works},
        {"remove_while_running_waits_for_the_end", test_remove_while_running_waits_for_the_end},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.handlers", tests);
}
