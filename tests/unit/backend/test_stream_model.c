/* Every short schedule of the end-to-end protocol. With MQC_TEST_LONG longer ones, which takes
 * minutes and some hundred megabytes. */
#include "stream_model.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

/* Sanitizers make it some times slower, and the states are the same. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SLOW true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SLOW true
#endif
#endif
#ifndef IS_SLOW
#define IS_SLOW false
#endif

static void explore(const struct model_config *config, struct model *model)
{
    *model = (struct model){.config = *config};
    if (config->mutant == MODEL_SOUND && IS_SLOW)
        model->config.faults--;
    else if (config->mutant == MODEL_SOUND && getenv("MQC_TEST_LONG") != NULL)
        model->config.ticks++;
    model_explore(model);
}

static void check_all_is_well(const struct model_config *config, unsigned long states_min)
{
    struct model model;
    explore(config, &model);
    printf("%s: %lu states, %lu transitions, %lu runs to the end, the longest %ld ms\n",
           config->name, model.states, model.transitions, model.settled, (long)model.settled_ms);
    if (!CHECK(model.violation == NULL))
        model_print_schedule(&model);
    if (!IS_SLOW)
        CHECK(model.states >= states_min);
}

static void test_one_receiver_gets_everything(void)
{
    static const struct model_config config = {
        .name = "to one",
        .kind = MQC__RECEIPT_ONE,
        .receivers = 1,
        .events = 3,
        .faults = 2,
        .ticks = 1,
        .gives_up = true,
    };
    check_all_is_well(&config, 500000);
}

static void test_many_of_which_there_is_one_gets_everything(void)
{
    static const struct model_config configs[] = {
        {.name = "to many, one there, more events", .events = 3, .faults = 2, .ticks = 1},
        {.name = "to many, one there, more faults", .events = 2, .faults = 3, .ticks = 1},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct model_config config = configs[i];
        config.kind = MQC__RECEIPT_MANY;
        config.receivers = 1;
        config.gives_up = true;
        check_all_is_well(&config, 150000);
    }
}

static void test_each_of_two_receivers_gets_everything(void)
{
    static const struct model_config configs[] = {
        {.name = "to two, more faults", .events = 2, .faults = 2, .ticks = 1},
        {.name = "to two, more time", .events = 2, .faults = 1, .ticks = 2},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct model_config config = configs[i];
        config.kind = MQC__RECEIPT_MANY;
        config.receivers = 2;
        config.gives_up = true;
        check_all_is_well(&config, 150000);
    }
}

/* What was handled before they forgot it they may get again, but nothing else. */
static void test_receivers_that_forget_get_everything(void)
{
    static const struct model_config configs[] = {
        {.name = "to one that forgets", .kind = MQC__RECEIPT_ONE, .ticks = 1},
        {.name = "to many that forget", .kind = MQC__RECEIPT_MANY, .ticks = 2},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct model_config config = configs[i];
        config.receivers = 1;
        config.events = 2;
        config.faults = 2;
        config.gives_up = true;
        config.receivers_forget = true;
        check_all_is_well(&config, 50000);
    }
}

/* What it had in memory is missing, and reported by those that have heard of it. */
static void test_sender_that_forgets_is_not_waited_for(void)
{
    static const struct model_config configs[] = {
        {.name = "from one that forgets, to one", .kind = MQC__RECEIPT_ONE, .ticks = 2},
        {.name = "from one that forgets, to many", .kind = MQC__RECEIPT_MANY, .ticks = 2},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct model_config config = configs[i];
        config.receivers = 1;
        config.events = 2;
        config.faults = 2;
        config.gives_up = true;
        config.sender_forgets = true;
        check_all_is_well(&config, 50000);
    }
}

/* A mutant of the world has to break a rule, and this one. */
static void check_is_found(enum model_mutant mutant, enum mqc__receipt_kind kind, unsigned faults,
                           const char *rule)
{
    const struct model_config config = {
        .name = "mutant",
        .kind = kind,
        .receivers = 1,
        .events = 2,
        .faults = faults,
        .ticks = 1,
        .gives_up = true,
        .mutant = mutant,
    };
    struct model model;
    explore(&config, &model);
    CHECK_TEXT(model.violation != NULL ? model.violation : "nothing is wrong", rule);
}

static void test_what_is_wrong_is_found(void)
{
    static const struct {
        enum model_mutant mutant;
        enum mqc__receipt_kind kind;
        const char *rule;
    } cases[] = {
        {MODEL_REPEATED_NOT_SKIPPED, MQC__RECEIPT_ONE, "no event is handled twice"},
        {MODEL_REPEATED_NOT_SKIPPED, MQC__RECEIPT_MANY, "no event is handled twice"},
        {MODEL_DISCARDED_NOT_DROPPED, MQC__RECEIPT_ONE, "what is done with was handled"},
        {MODEL_DISCARDED_NOT_DROPPED, MQC__RECEIPT_MANY, "everything arrives in the end"},
        {MODEL_REQUESTS_IGNORED, MQC__RECEIPT_ONE, "everything arrives in the end"},
        {MODEL_REQUESTS_IGNORED, MQC__RECEIPT_MANY, "everything arrives in the end"},
        {MODEL_NO_PROBES, MQC__RECEIPT_ONE, "everything arrives in the end"},
        {MODEL_NO_PROBES, MQC__RECEIPT_MANY, "everything arrives in the end"},
        {MODEL_DONE_WHEN_SENT, MQC__RECEIPT_ONE, "only what was given up is missing"},
        {MODEL_NOTED_TOO_EARLY, MQC__RECEIPT_ONE, "what is done with was handled"},
        {MODEL_NOTED_TOO_EARLY, MQC__RECEIPT_MANY, "everything arrives in the end"},
        {MODEL_MISSING_NOT_TAKEN, MQC__RECEIPT_ONE, "what is left out is reported"},
        {MODEL_MISSING_NOT_TAKEN, MQC__RECEIPT_MANY, "what is left out is reported"},
        {MODEL_AGE_NOT_SAID, MQC__RECEIPT_ONE, "nothing is left out at the beginning"},
        {MODEL_AGE_NOT_SAID, MQC__RECEIPT_MANY, "nothing is left out at the beginning"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_is_found(cases[i].mutant, cases[i].kind, 1, cases[i].rule);
    /* The sender is killed, and something is lost. */
    static const char earlier[] = "events of an earlier start are handled first";
    check_is_found(MODEL_EARLIER_NOT_SAID, MQC__RECEIPT_ONE, 2, earlier);
    check_is_found(MODEL_EARLIER_NOT_SAID, MQC__RECEIPT_MANY, 2, earlier);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"one_receiver_gets_everything", test_one_receiver_gets_everything},
        {"many_of_which_there_is_one_gets_everything",
         test_many_of_which_there_is_one_gets_everything},
        {"each_of_two_receivers_gets_everything", test_each_of_two_receivers_gets_everything},
        {"receivers_that_forget_get_everything", test_receivers_that_forget_get_everything},
        {"sender_that_forgets_is_not_waited_for", test_sender_that_forgets_is_not_waited_for},
        {"what_is_wrong_is_found", test_what_is_wrong_is_found},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.stream_model", tests);
}
