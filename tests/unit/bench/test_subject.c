#include "bench/subject.h"

#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

const struct subject subject = {.name = "none", .server = "none", .variants = ""};

static const struct subject_settings settings = {.cluster = "bench-1-0", .name = "receiver-3"};

static void test_topics_are_below_the_filter(void)
{
    char filter[TOPIC_BYTES];
    subject_filter(&settings, "bench/there", filter);
    CHECK_TEXT(filter, "mqcluster/bench-1-0/event/bench/there/#");
    for (unsigned number = 0; number < TOPICS_MOST; number++) {
        char topic[TOPIC_BYTES];
        subject_topic(&settings, "bench/there", number, topic);
        CHECK(strncmp(topic, filter, strlen(filter) - 1) == 0);
        CHECK_UNSIGNED(strtoul(topic + strlen(filter) - 1, NULL, 10), number);
    }
}

static void test_topic_ends_with_the_event_topic(void)
{
    char event_topic[TOPIC_BYTES];
    char topic[TOPIC_BYTES];
    subject_event_topic("bench/there", 7, event_topic);
    subject_topic(&settings, "bench/there", 7, topic);
    CHECK_TEXT(event_topic, "bench/there/7");
    CHECK_TEXT(topic, "mqcluster/bench-1-0/event/bench/there/7");
}

static void test_client_ids_of_two_clusters_differ(void)
{
    const struct subject_settings other = {.cluster = "bench-1-1", .name = "receiver-3"};
    char id[64];
    char other_id[64];
    subject_client_id(&settings, id, sizeof id);
    subject_client_id(&other, other_id, sizeof other_id);
    CHECK_TEXT(id, "bench-1-0/receiver-3");
    CHECK(strcmp(id, other_id) != 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"topics_are_below_the_filter", test_topics_are_below_the_filter},
        {"topic_ends_with_the_event_topic", test_topic_ends_with_the_event_topic},
        {"client_ids", test_client_ids_of_two_clusters_differ},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.subject", tests);
}
