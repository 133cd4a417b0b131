#include "mqtt/filters.h"

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
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.filters", tests);
}
