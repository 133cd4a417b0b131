/*
 * What disk and guarantee cost, and how fast a full spool is drained:
 *
 *     durable flood|drain --port N --folder DIR --disk DIR --cluster NAME [OPTION]...
 *
 * Prints one JSON object. A drain says "ready" once the receiver has subscribed, waits for a line
 * that says that the broker is gone, and says "full" when it may come back.
 */
#include "bench/durable.h"
#include "bench/clock.h"
#include "bench/report.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_S 120

typedef bool (*role_fn)(const struct durable_plan *plan, struct durable *durable);

/* --- The command line. ------------------------------------------------------------------------ */

enum option_name {
    OPTION_HOST = 1,
    OPTION_PORT,
    OPTION_FOLDER,
    OPTION_DISK,
    OPTION_CLUSTER,
    OPTION_GUARANTEE,
    OPTION_FSYNC,
    OPTION_SPOOL,
    OPTION_ASYNC,
    OPTION_TO_ONE,
    OPTION_TOPICS,
    OPTION_THREADS,
    OPTION_WINDOW,
    OPTION_AHEAD,
    OPTION_SECONDS,
    OPTION_RATE,
};

static const struct option longs[] = {{"host", required_argument, NULL, OPTION_HOST},
                                      {"port", required_argument, NULL, OPTION_PORT},
                                      {"folder", required_argument, NULL, OPTION_FOLDER},
                                      {"disk", required_argument, NULL, OPTION_DISK},
                                      {"cluster", required_argument, NULL, OPTION_CLUSTER},
                                      {"guarantee", required_argument, NULL, OPTION_GUARANTEE},
                                      {"fsync", required_argument, NULL, OPTION_FSYNC},
                                      {"spool", required_argument, NULL, OPTION_SPOOL},
                                      {"async", no_argument, NULL, OPTION_ASYNC},
                                      {"to-one", no_argument, NULL, OPTION_TO_ONE},
                                      {"topics", required_argument, NULL, OPTION_TOPICS},
                                      {"threads", required_argument, NULL, OPTION_THREADS},
                                      {"window", required_argument, NULL, OPTION_WINDOW},
                                      {"ahead", required_argument, NULL, OPTION_AHEAD},
                                      {"seconds", required_argument, NULL, OPTION_SECONDS},
                                      {"rate", required_argument, NULL, OPTION_RATE},
                                      {NULL, 0, NULL, 0}};

static bool take_option(struct durable_plan *plan, int option, const char *text)
{
    switch (option) {
    case OPTION_HOST: plan->host = text; return true;
    case OPTION_PORT: plan->port = (uint16_t)strtoul(text, NULL, 10); return true;
    case OPTION_FOLDER: plan->folder = text; return true;
    case OPTION_DISK: plan->disk = text; return true;
    case OPTION_CLUSTER: plan->cluster = text; return true;
    case OPTION_GUARANTEE: plan->guarantee = text; return true;
    case OPTION_FSYNC: plan->fsync = text; return true;
    case OPTION_SPOOL: plan->spool_bytes = text; return true;
    case OPTION_ASYNC: plan->is_async = true; return true;
    case OPTION_TO_ONE: plan->is_to_one = true; return true;
    case OPTION_TOPICS: plan->topic_count = (unsigned)strtoul(text, NULL, 10); return true;
    case OPTION_THREADS: plan->thread_count = (unsigned)strtoul(text, NULL, 10); return true;
    case OPTION_WINDOW: plan->window = strtoull(text, NULL, 10); return true;
    case OPTION_AHEAD: plan->ahead = strtoull(text, NULL, 10); return true;
    case OPTION_SECONDS: plan->seconds = strtod(text, NULL); return true;
    case OPTION_RATE: plan->per_s = strtod(text, NULL); return true;
    default: return false; /* getopt has complained */
    }
}

static bool read_plan(struct durable_plan *plan, int argc, char **argv)
{
    *plan = (struct durable_plan){.host = "127.0.0.1",
                                  .guarantee = "broker",
                                  .spool_bytes = "1GiB",
                                  .topic_count = 4,
                                  .thread_count = 8,
                                  .window = 1000,
                                  .ahead = 5000,
                                  .seconds = 1,
                                  .per_s = 5000};
    if (argc < 2)
        return false;
    plan->is_drain = strcmp(argv[1], "drain") == 0;
    optind = 2;
    for (int option; (option = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (!take_option(plan, option, optarg))
            return false;
    }
    return (plan->is_drain || strcmp(argv[1], "flood") == 0) && optind == argc && plan->port != 0 &&
           plan->folder != NULL && plan->cluster != NULL &&
           (plan->fsync == NULL || plan->disk != NULL) && plan->topic_count >= 1 &&
           plan->topic_count <= DURABLE_TOPICS_MOST && plan->thread_count >= 1 &&
           plan->thread_count < STREAMS_MOST && plan->window >= 2 && plan->ahead >= 2 &&
           plan->seconds > 0;
}

/* --- The processes. --------------------------------------------------------------------------- */

static struct durable *make_shared(void)
{
    struct durable *durable =
        mmap(NULL, sizeof *durable, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (durable == MAP_FAILED || sem_init(&durable->is_receiver_ready, 1, 0) != 0 ||
        sem_init(&durable->may_publish, 1, 0) != 0 ||
        sem_init(&durable->is_spool_full, 1, 0) != 0 || sem_init(&durable->is_over, 1, 0) != 0)
        return NULL;
    for (unsigned i = 0; i < STREAMS_MOST; i++) {
        if (!flow_init(&durable->streams[i].arrived))
            return NULL;
    }
    return durable;
}

static pid_t start(role_fn role, const struct durable_plan *plan, struct durable *durable)
{
    const pid_t parent = getpid();
    const pid_t process = fork();
    if (process != 0)
        return process;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Sleeps end when they should, not 50 microseconds later. */
    (void)prctl(PR_SET_TIMERSLACK, 1);
    _exit(getppid() == parent && role(plan, durable) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Waits for a step of a process; false when that ended instead. */
static bool await(sem_t *step, pid_t process)
{
    while (sem_trywait(step) != 0) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid != 0)
            return false;
        clock_sleep_until(clock_now_ns() + 5 * NS_PER_MS);
    }
    return true;
}

static void say(const char *what)
{
    (void)puts(what);
    (void)fflush(stdout);
}

/* Leads whoever has the broker in hand through a drain. */
static bool guide(const struct durable_plan *plan, struct durable *durable, pid_t publisher)
{
    int byte;
    if (!plan->is_drain) {
        (void)sem_post(&durable->may_publish);
        return true;
    }
    say("ready");
    while ((byte = getchar()) != '\n' && byte != EOF)
        continue;
    (void)sem_post(&durable->may_publish);
    if (byte == EOF || !await(&durable->is_spool_full, publisher))
        return false;
    say("full");
    return true;
}

static bool has_succeeded(pid_t process)
{
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
    }
    if (WIFSIGNALED(status))
        durable_complain("ended by signal %d", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* Whoever is left ends with this process. */
static bool run(const struct durable_plan *plan, struct durable *durable)
{
    const pid_t receiver = start(durable_receive, plan, durable);
    const pid_t publisher = start(durable_publish, plan, durable);
    if (receiver < 0 || publisher < 0 || !await(&durable->is_receiver_ready, receiver) ||
        !guide(plan, durable, publisher))
        return false;
    return has_succeeded(publisher) && has_succeeded(receiver);
}

/* --- What came of it. ------------------------------------------------------------------------- */

/* All streams together; of the backlog only its own. */
struct sum {
    uint64_t accepted;
    uint64_t refused;
    uint64_t received;
    uint64_t disordered;
    int64_t backlog_end_ns;
};

static struct sum add_up(const struct durable_plan *plan, struct durable *durable)
{
    struct sum sum = {0};
    for (unsigned i = 0; i < STREAMS_MOST; i++) {
        struct stream *stream = &durable->streams[i];
        sum.accepted += stream->accepted;
        sum.refused += stream->refused;
        sum.received += flow_arrived(&stream->arrived);
        sum.disordered += stream->disordered;
        if (i < plan->thread_count && stream->last_ns > sum.backlog_end_ns)
            sum.backlog_end_ns = stream->last_ns;
    }
    return sum;
}

static double per_second(uint64_t count, int64_t time_ns)
{
    return time_ns > 0 ? (double)count * (double)NS_PER_S / (double)time_ns : 0;
}

static void report_drain(struct report *report, const struct durable_plan *plan,
                         const struct durable *durable, const struct sum *sum)
{
    const struct stream *going_on = &durable->streams[plan->thread_count];
    report_count(report, "backlog", durable->backlog);
    report_number(report, "events_per_s",
                  per_second(durable->backlog, sum->backlog_end_ns - durable->first_ns));
    report_number(report, "new_per_s", per_second(going_on->accepted, durable->accepting_ns));
    report_count(report, "refused", sum->refused);
}

static void report_flood(struct report *report, const struct durable *durable,
                         const struct sum *sum)
{
    report_number(report, "events_per_s",
                  per_second(sum->received, durable->last_ns - durable->first_ns));
    report_number(report, "accepted_per_s", per_second(sum->accepted, durable->accepting_ns));
}

static void print(const struct durable_plan *plan, struct durable *durable)
{
    const struct sum sum = add_up(plan, durable);
    const struct usage *publisher = &durable->publisher;
    const struct usage *receiver = &durable->receiver;
    struct report report;
    report_begin(&report);
    report_count(&report, "accepted", sum.accepted);
    report_count(&report, "received", sum.received);
    report_count(&report, "duplicates", sum.disordered);
    if (plan->is_drain)
        report_drain(&report, plan, durable, &sum);
    else
        report_flood(&report, durable, &sum);
    report_number(&report, "max_gap_ms", (double)durable->max_gap_ns / 1e6);
    if (sum.received > 0)
        report_number(&report, "cpu_s_per_million",
                      (publisher->cpu_s + receiver->cpu_s) * 1e6 / (double)sum.received);
    report_count(&report, "peak_rss_kb",
                 (uint64_t)(publisher->peak_rss_kb > receiver->peak_rss_kb
                                ? publisher->peak_rss_kb
                                : receiver->peak_rss_kb));
    report_end(&report);
}

int main(int argc, char **argv)
{
    struct durable_plan plan;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!read_plan(&plan, argc, argv)) {
        (void)fprintf(stderr, "usage: durable flood|drain --port N --folder DIR --disk DIR "
                              "--cluster NAME [OPTION]...\n");
        return 2;
    }
    struct durable *durable = make_shared();
    if (durable == NULL) {
        durable_complain("no memory to share");
        return EXIT_FAILURE;
    }
    if (!run(&plan, durable))
        return EXIT_FAILURE;
    print(&plan, durable);
    return EXIT_SUCCESS;
}
