#include "mqtt/paho_gate.h"

#include "support/suite.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

static sem_t may_go_on;
static atomic_bool has_connected;

static void *connect_once(void *argument)
{
    (void)argument;
    mqc__paho_gate_enter_connect();
    atomic_store(&has_connected, true);
    while (sem_wait(&may_go_on) != 0)
        continue;
    mqc__paho_gate_leave_connect();
    return NULL;
}

static pthread_t start_connect(void)
{
    pthread_t thread;
    atomic_store(&has_connected, false);
    REQUIRE(sem_init(&may_go_on, 0, 0) == 0);
    REQUIRE(pthread_create(&thread, NULL, connect_once, NULL) == 0);
    return thread;
}

static void await_connect(void)
{
    while (!atomic_load(&has_connected))
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void end_connect(pthread_t thread)
{
    (void)sem_post(&may_go_on);
    (void)pthread_join(thread, NULL);
    CHECK(!mqc__paho_gate_is_connecting());
}

static void test_gate_connect_waits_for_a_call_but_not_for_ever(void)
{
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    mqc__paho_gate_enter_call();
    const pthread_t thread = start_connect();
    await_connect();
    CHECK(mqc__paho_gate_is_connecting());
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >=
          250);
    mqc__paho_gate_leave_call();
    end_connect(thread);
}

static void test_gate_connect_goes_on_when_the_call_returns(void)
{
    mqc__paho_gate_enter_call();
    const pthread_t thread = start_connect();
    mqc__paho_gate_leave_call();
    await_connect();
    end_connect(thread);
}

static void test_gate_disconnect_tells_whether_it_is_alone(void)
{
    CHECK(mqc__paho_gate_enter_disconnect(0));
    mqc__paho_gate_leave_disconnect();
    const pthread_t thread = start_connect();
    await_connect();
    CHECK(!mqc__paho_gate_enter_disconnect(0));
    mqc__paho_gate_leave_disconnect();
    CHECK(!mqc__paho_gate_enter_disconnect(20));
    mqc__paho_gate_leave_disconnect();
    (void)sem_post(&may_go_on);
    CHECK(mqc__paho_gate_enter_disconnect(60000));
    mqc__paho_gate_leave_disconnect();
    (void)pthread_join(thread, NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"connect_waits_for_a_call_but_not_for_ever",
         test_gate_connect_waits_for_a_call_but_not_for_ever},
        {"connect_goes_on_when_the_call_returns", test_gate_connect_goes_on_when_the_call_returns},
        {"disconnect_tells_whether_it_is_alone", test_gate_disconnect_tells_whether_it_is_alone},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.paho_gate", tests);
}
