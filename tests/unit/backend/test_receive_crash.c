/*
 * A node with its state on the disk that is killed at random moments while it handles events: what
 * was not acknowledged comes again, and every event reaches the handler once, but for those that
 * were in the handler.
 */
#include "backend/backend_priv.h"

#include "support/suite.h"
#include "unit/backend/receive_driver.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 60
#define EVENTS_MAX 200000
#define BATCH 20
#define ACKS_AHEAD 5 /* so many messages are on their way */

static char folder[] = "/tmp/mqc-test-receive-XXXXXX";

/* In memory that outlives the process: what its handler has had, and the broker its
 * acknowledgements for. */
struct seen {
    uint8_t count[EVENTS_MAX];
    uint8_t uncertain[EVENTS_MAX];
    _Atomic uint64_t acknowledged; /* of the message with the events from (N - 1) * BATCH + 1 on */
    _Atomic int is_handling;
};
static struct seen *seen;

static void note(const struct mqc_message *message)
{
    atomic_store(&seen->is_handling, 1);
    if (message->sequence >= EVENTS_MAX)
        return;
    /* In this order: it may be killed in between. */
    if (message->is_uncertain)
        seen->uncertain[message->sequence]++;
    atomic_signal_fence(memory_order_seq_cst);
    seen->count[message->sequence]++;
}

static void acknowledge(uint64_t ack)
{
    atomic_store(&seen->acknowledged, ack);
}

/* The first of these messages the node has perhaps handled before, in part. */
static void receive_until_killed(void)
{
    struct receive_driver driver;
    receive_on_ack = acknowledge;
    receive_new(&driver, folder);
    driver.handled = note;
    for (;;) {
        const uint64_t acknowledged = atomic_load(&seen->acknowledged);
        for (uint64_t i = 1; i <= ACKS_AHEAD; i++) {
            const struct receive_batch batch = {
                .topic = "t/x", .first = (acknowledged + i - 1) * BATCH + 1, .count = BATCH};
            if (batch.first + BATCH < EVENTS_MAX)
                receive_put(&driver, &batch, acknowledged + i);
        }
        driver.seen[0] = '\0';
        receive_run(&driver);
    }
}

static bool run_and_kill(struct test_random *random)
{
    atomic_store(&seen->is_handling, 0);
    const pid_t child = fork();
    if (child == 0)
        receive_until_killed();
    for (int i = 0; i < 10000 && atomic_load(&seen->is_handling) == 0; i++)
        (void)usleep(200);
    const struct timespec pause = {.tv_nsec = (long)test_random_below(random, 2000000)};
    (void)nanosleep(&pause, NULL);
    int status = 0;
    return child > 0 && kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child &&
           WIFSIGNALED(status);
}

static void test_every_event_is_handled_once_through_kills(void)
{
    struct test_random random = {3};
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(seen != MAP_FAILED);
    for (int i = 0; i < KILLS; i++)
        CHECK(run_and_kill(&random));
    const uint64_t last = atomic_load(&seen->acknowledged) * BATCH;
    uint64_t wrong = 0;
    uint64_t uncertain = 0;
    for (uint64_t i = 1; i < EVENTS_MAX; i++) {
        wrong += i <= last && seen->count[i] == 0;
        wrong += seen->count[i] > 1U + seen->uncertain[i];
        uncertain += seen->uncertain[i];
    }
    CHECK(last > KILLS);
    CHECK_UNSIGNED(wrong, 0);
    CHECK(uncertain <= KILLS);
    (void)munmap(seen, sizeof *seen);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every_event_is_handled_once_through_kills",
         test_every_event_is_handled_once_through_kills},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("backend.receive_crash", tests);
    receive_remove_state(folder);
    (void)rmdir(folder);
    return status;
}
