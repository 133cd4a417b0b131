#include "mqtt/filters.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

static void set(struct mqc__filters *filters, const char *a, const char *b)
{
    const char *const texts[] = {a, b};
    const size_t count = (size_t)(a != NULL) + (size_t)(b != NULL);
    REQUIRE(mqc__filters_set(filters, texts, count) == MQC_OK);
}

static void add(char *text, size_t size, const char *sign, const char *filter)
{
    const size_t at = strlen(text);
    (void)snprintf(text + at, size - at, "%s%s ", sign, filter);
}

/* Does what the session does with a broker that accepts everything but `refused`. Returns what was
 * sent: "+a +b -c ". */
static const char *synchronize(struct mqc__filters *filters, const char *refused)
{
    static char text[400];
    struct mqc__filter_batch batch;
    text[0] = '\0';
    do {
        REQUIRE(mqc__filters_to_subscribe(filters, &batch) == MQC_OK);
        for (size_t i = 0; i < batch.count; i++) {
            add(text, sizeof text, "+", batch.texts[i]);
            mqc__filters_subscribed(filters, batch.texts[i], strcmp(batch.texts[i], refused) != 0);
        }
        mqc__filter_batch_fini(&batch);
        REQUIRE(mqc__filters_to_unsubscribe(filters, &batch) == MQC_OK);
        for (size_t i = 0; i < batch.count; i++) {
            add(text, sizeof text, "-", batch.texts[i]);
            mqc__filters_unsubscribed(filters, batch.texts[i]);
        }
        mqc__filter_batch_fini(&batch);
    } while (!mqc__filters_settled(filters));
    return text;
}

static void test_filters_only_the_difference_is_sent(void)
{
    struct mqc__filters filters = {0};
    CHECK(mqc__filters_settled(&filters));
    set(&filters, "a", "b");
    CHECK(!mqc__filters_settled(&filters));
    CHECK_TEXT(synchronize(&filters, ""), "+a +b ");
    CHECK_TEXT(synchronize(&filters, ""), "");
    set(&filters, "b", "c");
    CHECK_TEXT(synchronize(&filters, ""), "+c -a ");
    set(&filters, "b", "b");
    CHECK_TEXT(synchronize(&filters, ""), "-c ");
    set(&filters, NULL, NULL);
    CHECK_TEXT(synchronize(&filters, ""), "-b ");
    CHECK(filters.all == NULL);
    mqc__filters_fini(&filters);
}

static void test_filters_lost_connection_asks_again(void)
{
    struct mqc__filters filters = {0};
    set(&filters, "a", "b");
    (void)synchronize(&filters, "");
    mqc__filters_lost(&filters, false);
    set(&filters, "b", NULL);
    CHECK_TEXT(synchronize(&filters, ""), "+b ");
    mqc__filters_fini(&filters);
}

static void test_filters_kept_session_is_rid_of_what_became_undesired_offline(void)
{
    struct mqc__filters filters = {0};
    set(&filters, "a", "b");
    (void)synchronize(&filters, "");
    mqc__filters_lost(&filters, true);
    set(&filters, "b", NULL);
    CHECK_TEXT(synchronize(&filters, ""), "+b -a ");
    mqc__filters_fini(&filters);
}

static void test_filters_refused_is_settled_and_asked_again_after_a_loss(void)
{
    struct mqc__filters filters = {0};
    set(&filters, "a", "b");
    CHECK_TEXT(synchronize(&filters, "b"), "+a +b ");
    CHECK(mqc__filters_refused(&filters));
    CHECK_TEXT(synchronize(&filters, "b"), "");
    mqc__filters_lost(&filters, false);
    CHECK(!mqc__filters_refused(&filters));
    CHECK_TEXT(synchronize(&filters, ""), "+a +b ");
    set(&filters, "a", NULL);
    CHECK_TEXT(synchronize(&filters, ""), "-b ");
    mqc__filters_fini(&filters);
}

static void test_filters_answer_to_one_that_is_not_desired_any_more(void)
{
    struct mqc__filters filters = {0};
    struct mqc__filter_batch batch;
    set(&filters, "a", NULL);
    REQUIRE(mqc__filters_to_subscribe(&filters, &batch) == MQC_OK);
    set(&filters, NULL, NULL);
    mqc__filters_subscribed(&filters, "a", true);
    mqc__filter_batch_fini(&batch);
    CHECK_TEXT(synchronize(&filters, ""), "-a ");
    set(&filters, "a", NULL);
    REQUIRE(mqc__filters_to_subscribe(&filters, &batch) == MQC_OK);
    set(&filters, NULL, NULL);
    mqc__filters_subscribed(&filters, "a", false);
    mqc__filter_batch_fini(&batch);
    CHECK(filters.all == NULL);
    mqc__filters_subscribed(&filters, "never heard of", true);
    mqc__filters_unsubscribed(&filters, "never heard of");
    mqc__filters_fini(&filters);
}

static void test_filters_desired_again_while_unsubscribing(void)
{
    struct mqc__filters filters = {0};
    struct mqc__filter_batch batch;
    set(&filters, "a", NULL);
    (void)synchronize(&filters, "");
    set(&filters, NULL, NULL);
    REQUIRE(mqc__filters_to_unsubscribe(&filters, &batch) == MQC_OK);
    set(&filters, "a", NULL);
    mqc__filters_unsubscribed(&filters, "a");
    mqc__filter_batch_fini(&batch);
    CHECK_TEXT(synchronize(&filters, ""), "+a ");
    mqc__filters_fini(&filters);
}

static void test_filters_batches_are_bounded(void)
{
    enum { COUNT = 150 };
    struct mqc__filters filters = {0};
    char *texts[COUNT];
    for (int i = 0; i < COUNT; i++) {
        texts[i] = calloc(1, 20001);
        REQUIRE(texts[i] != NULL);
        if (i < 5)
            memset(texts[i], 'a' + i, 20000);
        else
            (void)snprintf(texts[i], 20, "f%d", i);
    }
    REQUIRE(mqc__filters_set(&filters, (const char *const *)texts, COUNT) == MQC_OK);
    size_t total = 0;
    struct mqc__filter_batch batch;
    do {
        REQUIRE(mqc__filters_to_subscribe(&filters, &batch) == MQC_OK);
        CHECK(batch.count <= 64);
        CHECK(batch.count < 2 || strlen(batch.texts[0]) < 20000);
        for (size_t i = 0; i < batch.count; i++)
            mqc__filters_subscribed(&filters, batch.texts[i], true);
        total += batch.count;
        mqc__filter_batch_fini(&batch);
    } while (!mqc__filters_settled(&filters));
    CHECK_UNSIGNED(total, COUNT);
    for (int i = 0; i < COUNT; i++)
        free(texts[i]);
    mqc__filters_fini(&filters);
}

/* What the broker has answered to one or two filters, and who is served by that. */
static void test_filters_serve_by_themselves_or_by_a_wider_one(void)
{
    static const struct {
        const char *desired[2];
        const char *refused;
        const char *asked;
        enum mqc_error before; /* the broker answers */
        enum mqc_error after;
    } cases[] = {
        {{"a/b/#", NULL}, "", "a/b/#", MQC_ETIMEOUT, MQC_OK},
        {{"a/b/#", NULL}, "a/b/#", "a/b/#", MQC_ETIMEOUT, MQC_EREFUSED},
        {{"a/#", NULL}, "", "a/b/#", MQC_ETIMEOUT, MQC_OK},
        {{"#", NULL}, "", "a/b/#", MQC_ETIMEOUT, MQC_OK},
        {{"#", NULL}, "", "a", MQC_ETIMEOUT, MQC_OK},
        {{"a/#", NULL}, "", "a/+", MQC_ETIMEOUT, MQC_OK},
        {{"a/#", NULL}, "a/#", "a/b/#", MQC_ETIMEOUT, MQC_ETIMEOUT},
        {{"a/#", "a/b/#"}, "a/#", "a/b/#", MQC_ETIMEOUT, MQC_OK},
        {{"a/#", "a/b/#"}, "a/#", "a/b/c/#", MQC_ETIMEOUT, MQC_OK},
        {{"a/#", "a/b/#"}, "a/#", "a/#", MQC_ETIMEOUT, MQC_EREFUSED},
        {{"a/#", "a/b/#"}, "a/b/#", "a/b/#", MQC_ETIMEOUT, MQC_OK},
        {{"a/#", "b/#"}, "a/#", "b/#", MQC_ETIMEOUT, MQC_OK},
        {{"b/#", NULL}, "b/#", "a/#", MQC_OK, MQC_OK},
        {{"ab/#", NULL}, "ab/#", "a/#", MQC_OK, MQC_OK},
        {{NULL, NULL}, "", "a/#", MQC_OK, MQC_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__filters filters = {0};
        set(&filters, cases[i].desired[0], cases[i].desired[1]);
        CHECK_INT(mqc__filters_serve(&filters, cases[i].asked), cases[i].before);
        (void)synchronize(&filters, cases[i].refused);
        CHECK_INT(mqc__filters_serve(&filters, cases[i].asked), cases[i].after);
        const bool is_refused = cases[i].refused[0] != '\0';
        CHECK(mqc__filters_is_refused(&filters, cases[i].refused) == is_refused);
        mqc__filters_lost(&filters, true);
        CHECK(!mqc__filters_is_refused(&filters, cases[i].refused));
        CHECK_INT(mqc__filters_serve(&filters, cases[i].asked), cases[i].before);
        mqc__filters_fini(&filters);
    }
}

static void check_remaining(struct mqc__filters *filters, const char *expected)
{
    char text[200] = "unchanged";
    struct mqc__filter_batch batch;
    REQUIRE(mqc__filters_remaining(filters, &batch) == MQC_OK);
    if (batch.texts != NULL)
        text[0] = '\0';
    for (size_t i = 0; i < batch.count; i++)
        add(text, sizeof text, "", batch.texts[i]);
    CHECK_TEXT(text, expected);
    mqc__filter_batch_fini(&batch);
}

static void remember(struct mqc__filters *filters, const char *a, const char *b, unsigned brokers)
{
    const char *const texts[] = {a, b};
    REQUIRE(mqc__filters_remember(filters, texts, 2, brokers) == MQC_OK);
}

static void test_filters_of_an_earlier_start_are_unsubscribed_unless_desired(void)
{
    struct mqc__filters filters = {0};
    remember(&filters, "old", "a", 1);
    set(&filters, "a", "b");
    mqc__filters_connected(&filters, 0, false);
    check_remaining(&filters, "unchanged");
    CHECK_TEXT(synchronize(&filters, ""), "+a +b -old ");
    check_remaining(&filters, "a b ");
    check_remaining(&filters, "unchanged");
    mqc__filters_fini(&filters);
}

/* Stale ones and desired ones are at each broker that was not connected to yet. */
static void test_filters_of_an_earlier_start_are_unsubscribed_at_each_broker(void)
{
    struct mqc__filters filters = {0};
    remember(&filters, "old", "older", 32);
    set(&filters, "a", NULL);
    mqc__filters_connected(&filters, 31, false);
    CHECK_TEXT(synchronize(&filters, ""), "+a -old -older ");
    mqc__filters_lost(&filters, true);
    mqc__filters_connected(&filters, 31, false);
    CHECK_TEXT(synchronize(&filters, ""), "+a ");
    check_remaining(&filters, "old older a ");
    mqc__filters_lost(&filters, true);
    mqc__filters_connected(&filters, 0, false);
    CHECK_TEXT(synchronize(&filters, ""), "+a -old -older ");
    /* A broker that begins anew knows none. */
    for (unsigned broker = 1; broker < 31; broker++)
        mqc__filters_connected(&filters, broker, true);
    check_remaining(&filters, "a ");
    mqc__filters_fini(&filters);
}

static void test_filters_remaining_are_told_before_the_broker_is(void)
{
    struct mqc__filters filters = {0};
    struct mqc__filter_batch batch;
    set(&filters, "a", "b");
    check_remaining(&filters, "unchanged");
    REQUIRE(mqc__filters_to_subscribe(&filters, &batch) == MQC_OK);
    check_remaining(&filters, "a b ");
    mqc__filters_subscribed(&filters, "a", true);
    mqc__filters_subscribed(&filters, "b", false);
    mqc__filter_batch_fini(&batch);
    check_remaining(&filters, "a ");
    set(&filters, NULL, NULL);
    check_remaining(&filters, "unchanged");
    REQUIRE(mqc__filters_to_unsubscribe(&filters, &batch) == MQC_OK);
    check_remaining(&filters, "unchanged");
    mqc__filters_unsubscribed(&filters, "a");
    mqc__filter_batch_fini(&batch);
    check_remaining(&filters, "");
    mqc__filters_fini(&filters);
}

static bool wants_retained(struct mqc__filters *filters)
{
    struct mqc__filter_batch batch;
    REQUIRE(mqc__filters_to_subscribe(filters, &batch) == MQC_OK);
    REQUIRE(batch.count == 1);
    mqc__filters_subscribed(filters, batch.texts[0], true);
    const bool is_wanted = batch.wants_retained;
    mqc__filter_batch_fini(&batch);
    return is_wanted;
}

static void test_filters_want_what_is_retained_once_from_each_broker(void)
{
    struct mqc__filters filters = {0};
    set(&filters, "a", NULL);
    mqc__filters_connected(&filters, 0, false);
    CHECK(wants_retained(&filters));
    mqc__filters_lost(&filters, true);
    mqc__filters_connected(&filters, 0, false);
    CHECK(!wants_retained(&filters));
    set(&filters, "a", "b");
    CHECK(wants_retained(&filters));
    mqc__filters_lost(&filters, true);
    /* Not together in one packet: only one of them has got it. */
    set(&filters, "a", "c");
    CHECK(!wants_retained(&filters));
    CHECK(wants_retained(&filters));
    set(&filters, "a", NULL);
    mqc__filters_lost(&filters, true);
    mqc__filters_connected(&filters, 1, false);
    CHECK(wants_retained(&filters));
    mqc__filters_fini(&filters);
}

/* Desired again right after it was unsubscribed, it is a new one. */
static void test_filters_want_what_is_retained_after_an_unsubscribe(void)
{
    struct mqc__filters filters = {0};
    set(&filters, "a", NULL);
    CHECK(wants_retained(&filters));
    set(&filters, NULL, NULL);
    CHECK_TEXT(synchronize(&filters, ""), "-a ");
    set(&filters, "a", NULL);
    CHECK(wants_retained(&filters));
    mqc__filters_fini(&filters);
}

static void test_filters_without_memory_are_told_later(void)
{
    size_t nth = 0;
    bool has_failed = true;
    while (has_failed) {
        struct mqc__filters filters = {0};
        struct mqc__filter_batch batch;
        const char *const texts[] = {"old", "older"};
        fail_allocation(++nth);
        enum mqc_error error = mqc__filters_remember(&filters, texts, 2, 1);
        if (error == MQC_OK) {
            mqc__filters_connected(&filters, 0, false);
            mqc__filters_unsubscribed(&filters, "old");
            filters.has_news = true;
            error = mqc__filters_remaining(&filters, &batch);
            has_failed = allocation_has_failed();
            fail_allocation(0);
            CHECK(error == (has_failed ? MQC_ENOMEM : MQC_OK));
            mqc__filter_batch_fini(&batch);
            check_remaining(&filters, has_failed ? "older " : "unchanged");
        }
        fail_allocation(0);
        mqc__filters_fini(&filters);
    }
    CHECK(nth > 4);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"only_the_difference_is_sent", test_filters_only_the_difference_is_sent},
        {"lost_connection_asks_again", test_filters_lost_connection_asks_again},
        {"kept_session_is_rid_of_what_became_undesired_offline",
         test_filters_kept_session_is_rid_of_what_became_undesired_offline},
        {"refused_is_settled_and_asked_again_after_a_loss",
         test_filters_refused_is_settled_and_asked_again_after_a_loss},
        {"answer_to_one_that_is_not_desired_any_more",
         test_filters_answer_to_one_that_is_not_desired_any_more},
        {"desired_again_while_unsubscribing", test_filters_desired_again_while_unsubscribing},
        {"serve_by_themselves_or_by_a_wider_one",
         test_filters_serve_by_themselves_or_by_a_wider_one},
        {"batches_are_bounded", test_filters_batches_are_bounded},
        {"of_an_earlier_start_are_unsubscribed_unless_desired",
         test_filters_of_an_earlier_start_are_unsubscribed_unless_desired},
        {"of_an_earlier_start_are_unsubscribed_at_each_broker",
         test_filters_of_an_earlier_start_are_unsubscribed_at_each_broker},
        {"remaining_are_told_before_the_broker_is",
         test_filters_remaining_are_told_before_the_broker_is},
        {"want_what_is_retained_once_from_each_broker",
         test_filters_want_what_is_retained_once_from_each_broker},
        {"want_what_is_retained_after_an_unsubscribe",
         test_filters_want_what_is_retained_after_an_unsubscribe},
        {"without_memory_are_told_later", test_filters_without_memory_are_told_later},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.filters", tests);
}
