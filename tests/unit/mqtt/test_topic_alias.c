#include "mqtt/topic_alias.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdio.h>

static uint16_t use(struct mqc__topic_aliases *aliases, const char *topic, bool *is_new_out)
{
    return mqc__topic_aliases_use(aliases, mqc_view_text(topic), is_new_out);
}

static void test_topic_alias_is_new_once(void)
{
    struct mqc__topic_aliases aliases;
    bool is_new = false;
    mqc__topic_aliases_init(&aliases, 2);
    CHECK_UNSIGNED(use(&aliases, "topic/a", &is_new), 1);
    CHECK(is_new);
    CHECK_UNSIGNED(use(&aliases, "topic/b", &is_new), 2);
    CHECK(is_new);
    CHECK_UNSIGNED(use(&aliases, "topic/a", &is_new), 1);
    CHECK(!is_new);
    CHECK_UNSIGNED(use(&aliases, "abc", &is_new), 0);
    mqc__topic_aliases_fini(&aliases);
}

static void test_topic_alias_broker_without_gets_none(void)
{
    struct mqc__topic_aliases aliases;
    bool is_new = true;
    mqc__topic_aliases_init(&aliases, 0);
    CHECK_UNSIGNED(use(&aliases, "topic", &is_new), 0);
    CHECK(!is_new);
    mqc__topic_aliases_fini(&aliases);
    mqc__topic_aliases_init(&aliases, UINT16_MAX);
    for (unsigned i = 0; i < 2 * MQC__TOPIC_ALIAS_MAX; i++) {
        char topic[20];
        (void)snprintf(topic, sizeof topic, "topic/%u", i);
        CHECK(use(&aliases, topic, &is_new) <= MQC__TOPIC_ALIAS_MAX);
    }
    mqc__topic_aliases_fini(&aliases);
}

static void test_topic_alias_busy_topic_stays_idle_one_goes(void)
{
    struct mqc__topic_aliases aliases;
    bool is_new = false;
    mqc__topic_aliases_init(&aliases, 2);
    (void)use(&aliases, "busy", &is_new);
    (void)use(&aliases, "idle", &is_new);
    for (int i = 0; i < 10; i++) {
        CHECK_UNSIGNED(use(&aliases, "busy", &is_new), 1);
        CHECK(!is_new);
        if (i == 0)
            CHECK_UNSIGNED(use(&aliases, "other", &is_new), 0);
        if (i > 0)
            CHECK_UNSIGNED(use(&aliases, "other", &is_new), 2);
    }
    CHECK(!is_new);
    mqc__topic_aliases_fini(&aliases);
}

static void test_topic_alias_forgotten_is_new_again(void)
{
    struct mqc__topic_aliases aliases;
    bool is_new = false;
    mqc__topic_aliases_init(&aliases, 5);
    const uint16_t alias = use(&aliases, "topic", &is_new);
    mqc__topic_aliases_forget(&aliases, alias);
    CHECK_UNSIGNED(use(&aliases, "topic", &is_new), alias);
    CHECK(is_new);
    mqc__topic_aliases_fini(&aliases);
}

static void test_topic_alias_without_memory_is_none(void)
{
    struct mqc__topic_aliases aliases;
    bool is_new = true;
    mqc__topic_aliases_init(&aliases, 5);
    fail_allocation(1);
    const uint16_t alias = use(&aliases, "topic", &is_new);
    fail_allocation(0);
    CHECK_UNSIGNED(alias, 0);
    CHECK(!is_new);
    mqc__topic_aliases_fini(&aliases);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"is_new_once", test_topic_alias_is_new_once},
        {"broker_without_gets_none", test_topic_alias_broker_without_gets_none},
        {"busy_topic_stays_idle_one_goes", test_topic_alias_busy_topic_stays_idle_one_goes},
        {"forgotten_is_new_again", test_topic_alias_forgotten_is_new_again},
        {"without_memory_is_none", test_topic_alias_without_memory_is_none},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.topic_alias", tests);
}
