#include "bench/roles.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* For connecting, closing, and what is late, beside the phases themselves. */
#define GRACE_S 60

typedef enum exit_status (*role_fn)(const struct plan *plan, struct pair *pair, unsigned index);

static volatile sig_atomic_t is_late;

static void on_alarm(int number)
{
    (void)number;
    is_late = 1;
}

static void limit_time(const struct plan *plan)
{
    const struct sigaction action = {.sa_handler = on_alarm}; /* interrupts waitpid() */
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm(GRACE_S + (unsigned)(plan->seconds * PHASES_MOST));
}

/* Nothing of a process of the benchmark outlives the main process. */
static pid_t start(role_fn role, const struct plan *plan, struct pair *pair, unsigned index)
{
    const pid_t parent = getpid();
    const pid_t process = fork();
    if (process != 0)
        return process;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Sleeps end when they should, not 50 microseconds later. */
    (void)prctl(PR_SET_TIMERSLACK, 1);
    if (getppid() != parent)
        _exit(EXIT_FAILED);
    _exit((int)role(plan, pair, index));
}

/* Waits for one process; returns it and its status, or 0 when the time is over. */
static pid_t wait_for_one(enum exit_status *status_out)
{
    int status = 0;
    pid_t process = 0;
    while (!is_late && (process = waitpid(-1, &status, 0)) < 0 && errno == EINTR)
        continue;
    if (process <= 0) {
        subject_complain("takes too long, given up");
        *status_out = EXIT_FAILED;
        return 0;
    }
    if (WIFSIGNALED(status))
        subject_complain("ended by signal %d", WTERMSIG(status));
    *status_out = WIFEXITED(status) ? (enum exit_status)WEXITSTATUS(status) : EXIT_FAILED;
    return process;
}

static void end_all(const pid_t *processes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (processes[i] > 0)
            (void)kill(processes[i], SIGKILL);
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}

static void forget(pid_t *processes, unsigned count, pid_t process)
{
    for (unsigned i = 0; i < count; i++) {
        if (processes[i] == process)
            processes[i] = 0;
    }
}

enum exit_status roles_run(const struct plan *plan, struct pair *pairs)
{
    pid_t processes[2 * PAIRS_MOST] = {0};
    unsigned count = 0;
    enum exit_status status = EXIT_MEASURED;
    limit_time(plan);
    for (unsigned i = 0; i < plan->pair_count; i++) {
        processes[count++] = start(receiver_run, plan, &pairs[i], i);
        if (i % plan->receiver_count == 0)
            processes[count++] = start(publisher_run, plan, &pairs[i], i);
    }
    for (unsigned i = 0; i < count; i++) {
        if (processes[i] < 0)
            status = EXIT_FAILED;
    }
    for (unsigned left = count; left > 0 && status == EXIT_MEASURED; left--) {
        const pid_t process = wait_for_one(&status);
        forget(processes, count, process);
    }
    end_all(processes, count);
    (void)alarm(0);
    return status;
}
