#include "cli/bench_run.h"

#include <sys/resource.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Between two lone events, and between two looks at what has arrived. */
#define LONE_PAUSE_MS 10
#define STEP_MS 1

/* At most so many events are under way: more would fill the broker's queue, which then drops. */
#define AHEAD_MOST 5000

/* How long to wait for what has arrived to be acknowledged. */
#define FLUSH_MS 200

/* After so many events it is looked whether somebody wants to stop. */
#define BURST 500

uint64_t mqc__bench_due(uint64_t rate, int64_t passed_ns)
{
    if (rate == 0)
        return UINT64_MAX;
    if (passed_ns < 0)
        return 0;
    return 1 + (uint64_t)((double)passed_ns * (double)rate / (double)NS_PER_S);
}

/* Waits until so many of a kind have arrived; false when none did for the time of the plan, or
 * somebody does not want to wait. */
static bool await(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan,
                  enum mqc__bench_kind kind, uint64_t count)
{
    uint64_t before = mqc__bench_pair_received(pair, kind);
    int64_t deadline_ms = mqc__client_now_ms() + plan->timeout_ms;
    while (before < count) {
        const int left_ms = mqc__client_left_ms(deadline_ms, STEP_MS);
        if (left_ms == 0 || pair->client.was_stopped_again)
            return false;
        (void)mqc__client_wait(&pair->client, -1, left_ms);
        const uint64_t received = mqc__bench_pair_received(pair, kind);
        if (received != before)
            deadline_ms = mqc__client_now_ms() + plan->timeout_ms;
        before = received;
    }
    return true;
}

/* Publishes an event, for which it waits for room; false when there will be none, which it
 * reports. */
static bool send(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan,
                 enum mqc__bench_kind kind)
{
    struct mqc_error_info info;
    const int64_t deadline_ms = mqc__client_now_ms() + plan->timeout_ms;
    while (mqc__bench_pair_send(pair, kind, &info) != MQC_OK) {
        const int left_ms = mqc__client_left_ms(deadline_ms, STEP_MS);
        if (pair->client.was_stopped)
            return true;
        if (info.code != MQC_EFULL || left_ms == 0) {
            mqc__client_report_error(&pair->client, &info);
            return false;
        }
        (void)mqc__client_wait(&pair->client, -1, left_ms);
    }
    return true;
}

static void pause_until(struct mqc__bench_pair *pair, int64_t time_ms)
{
    for (;;) {
        const int left_ms = mqc__client_left_ms(time_ms, 1000);
        if (left_ms == 0 || pair->client.was_stopped)
            return;
        (void)mqc__client_wait(&pair->client, -1, left_ms);
    }
}

/* Of few events few are alone. */
static bool run_lone(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan)
{
    const uint64_t count = plan->events < MQC__BENCH_LONE ? plan->events : MQC__BENCH_LONE;
    for (uint64_t i = 0; i < count && !pair->client.was_stopped; i++) {
        const int64_t next_ms = mqc__client_now_ms() + LONE_PAUSE_MS;
        if (!send(pair, plan, MQC__BENCH_KIND_LONE))
            return false;
        if (!await(pair, plan, MQC__BENCH_KIND_LONE, pair->accepted[MQC__BENCH_KIND_LONE])) {
            mqc__client_report(&pair->client,
                               "an event did not arrive within the time given; look whether the "
                               "broker lets this client write and read %s",
                               pair->topic);
            return false;
        }
        pause_until(pair, next_ms);
    }
    return true;
}

/* Publishes what is due and has room under way; false when no event can be published. */
static bool send_due(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan,
                     int64_t start_ns)
{
    const uint64_t *accepted = &pair->accepted[MQC__BENCH_KIND_FLOW];
    const uint64_t due = mqc__bench_due(plan->rate, mqc__bench_now_ns() - start_ns);
    const uint64_t room = mqc__bench_pair_received(pair, MQC__BENCH_KIND_FLOW) + AHEAD_MOST;
    unsigned sent = 0;
    for (; sent < BURST && *accepted < due && *accepted < room && *accepted < plan->events &&
           !pair->client.was_stopped;
         sent++) {
        if (!send(pair, plan, MQC__BENCH_KIND_FLOW))
            return false;
    }
    (void)mqc__client_wait(&pair->client, -1, sent == BURST ? 0 : STEP_MS);
    return true;
}

/* Whether to go on: something is to be sent, and what was sent arrives. */
static bool must_send(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan,
                      int64_t end_ns)
{
    const uint64_t accepted = pair->accepted[MQC__BENCH_KIND_FLOW];
    if (pair->client.was_stopped || accepted >= plan->events ||
        (end_ns >= 0 && mqc__bench_now_ns() >= end_ns))
        return false;
    return accepted < AHEAD_MOST ||
           await(pair, plan, MQC__BENCH_KIND_FLOW, accepted - AHEAD_MOST + 1);
}

static bool run_flow(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan)
{
    const int64_t start_ns = mqc__bench_now_ns();
    const int64_t end_ns = plan->time_ms >= 0 ? start_ns + plan->time_ms * NS_PER_MS : -1;
    while (must_send(pair, plan, end_ns)) {
        if (!send_due(pair, plan, start_ns))
            return false;
    }
    (void)await(pair, plan, MQC__BENCH_KIND_FLOW, pair->accepted[MQC__BENCH_KIND_FLOW]);
    return true;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* What is written is counted a moment after that; an acknowledgement comes later still. */
static void read_cost(struct mqc__bench_pair *pair, const struct mqc__bench_cost *before,
                      struct mqc__bench_cost *cost_out)
{
    struct rusage usage;
    struct mqc_stats stats;
    /* What a dead broker does not acknowledge, nobody can count. */
    if (mqc_backend_flush(pair->client.backend, FLUSH_MS) != MQC_OK)
        (void)mqc__client_wait(&pair->client, -1, 0);
    (void)getrusage(RUSAGE_SELF, &usage);
    mqc_backend_stats(pair->client.backend, &stats);
    *cost_out = (struct mqc__bench_cost){
        .cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime) - before->cpu_s,
        .peak_rss_kb = usage.ru_maxrss,
        .out_bytes = stats.broker_out_bytes - before->out_bytes,
    };
}

bool mqc__bench_run(struct mqc__bench_pair *pair, const struct mqc__bench_plan *plan,
                    struct mqc__bench_cost *cost_out)
{
    struct mqc__bench_cost before = {.cpu_s = 0};
    bool is_done = run_lone(pair, plan);
    read_cost(pair, &before, &before);
    is_done = is_done && run_flow(pair, plan);
    read_cost(pair, &before, cost_out);
    return is_done;
}
