#include "mqtt/paho_process.h"

#include "support/suite.h"

#include <pthread.h>
#include <semaphore.h>

static void test_paho_version_is_compared_as_numbers(void)
{
    static const struct {
        const char *version;
        bool is_1_3_14;
    } cases[] = {
        {"1.3.12", false}, {"1.3.13", false}, {"1.3.14", true},   {"1.3.15", true},
        {"1.4.0", true},   {"2.0.0", true},   {"1.3.9", false},   {"1.2.20", false},
        {"0.9.99", false}, {"", false},       {"##TAG##", false}, {"1.3", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(mqc__paho_is_1_3_14(cases[i].version), cases[i].is_1_3_14);
    CHECK(!mqc__paho_is_1_3_14(NULL));
}

struct named_thread {
    sem_t is_named;
    sem_t may_end;
};

static void *run_named(void *argument)
{
    struct named_thread *thread = argument;
    (void)pthread_setname_np(pthread_self(), "MQTTClient_run");
    (void)sem_post(&thread->is_named);
    while (sem_wait(&thread->may_end) != 0)
        continue;
    return NULL;
}

static void test_paho_receives_while_the_thread_lives(void)
{
    CHECK(!mqc__paho_receives());
    CHECK(!mqc__paho_keeps_receiving(0));
    struct named_thread thread;
    pthread_t id;
    REQUIRE(sem_init(&thread.is_named, 0, 0) == 0 && sem_init(&thread.may_end, 0, 0) == 0);
    REQUIRE(pthread_create(&id, NULL, run_named, &thread) == 0);
    while (sem_wait(&thread.is_named) != 0)
        continue;
    CHECK(mqc__paho_receives());
    CHECK(mqc__paho_keeps_receiving(10));
    (void)sem_post(&thread.may_end);
    CHECK(!mqc__paho_keeps_receiving(60000));
    (void)pthread_join(id, NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"version_is_compared_as_numbers", test_paho_version_is_compared_as_numbers},
        {"receives_while_the_thread_lives", test_paho_receives_while_the_thread_lives},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.paho_process", tests);
}
