/* Whole clusters, in which things go wrong, and who knows what when they have stopped doing so. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Once every live node is connected, all know what is true within this time: the lease of what is
 * wrongly held to be up, and one renewal of what is up.
 */
#define BOUND_MS (SIM_LEASE_MS + SIM_LEASE_MS / 3 + 2 * SIM_LATENCY_MAX_MS + 5 * SIM_STEP_MS)

/* What may go wrong. */
enum trouble {
    KILL,
    POWER_FAILS,
    STOP,
    START,
    REPLACE,
    SIGSTOP,
    CUT,
    BROKER_CRASHES,
    CLOCK_JUMPS,
    TWIN_STARTS,
    TROUBLE_COUNT,
};

static struct sim_host *any_live(struct sim *sim)
{
    struct sim_host *host = &sim->hosts[sim_random(sim, 0, SIM_HOSTS - 1)];
    return host->is_alive ? host : NULL;
}

static void start_if_dead(struct sim *sim, struct sim_host *host)
{
    if (!host->is_alive && host->start_ms == INT64_MAX)
        host->start_ms = sim->now_ms + sim_random(sim, 0, 8000);
}

static void jump(struct sim *sim, struct sim_host *host)
{
    /* A device without a battery, the time server, or somebody who sets the clock. */
    if (sim_chance(sim, 30))
        host->wall_offset_ms = -sim->now_ms + sim_random(sim, 0, 60000);
    else
        host->wall_offset_ms += sim_random(sim, -7200000, 7200000);
}

static void crash(struct sim *sim, int64_t down_max_ms, bool can_be_silent)
{
    sim_broker_crash(sim, can_be_silent && sim_chance(sim, 20));
    sim_run(sim, sim_random(sim, 100, down_max_ms));
    sim_broker_start(sim, (enum sim_persistence)sim_random(sim, 0, 2));
}

static void cause(struct sim *sim, enum trouble trouble)
{
    struct sim_host *host = any_live(sim);
    struct sim_host *any = &sim->hosts[sim_random(sim, 0, SIM_NAMES - 1)];
    struct sim_host *twin = &sim->hosts[SIM_NAMES];
    switch (trouble) {
    case START: start_if_dead(sim, any); return;
    case TWIN_STARTS: start_if_dead(sim, twin); return;
    case CLOCK_JUMPS: jump(sim, any); return;
    case CUT: any->cut_until_ms = sim->now_ms + sim_random(sim, 200, 60000); return;
    case BROKER_CRASHES: crash(sim, 30000, true); return;
    default: break;
    }
    if (host == NULL)
        return;
    switch (trouble) {
    case KILL: sim_host_kill(sim, host); break;
    case POWER_FAILS: sim_host_fail(sim, host); break;
    case STOP: sim_host_stop(sim, host); break;
    case REPLACE:
        sim_host_fail(sim, host);
        sim_host_start(sim, host);
        break;
    case SIGSTOP: host->stopped_until_ms = sim->now_ms + sim_random(sim, 200, 60000); break;
    default: break;
    }
    if (!host->is_alive && sim_chance(sim, 60))
        start_if_dead(sim, host);
}

/* Everything works again. */
static void heal(struct sim *sim)
{
    for (int i = 0; i < SIM_HOSTS; i++) {
        sim->hosts[i].cut_until_ms = 0;
        sim->hosts[i].stopped_until_ms = 0;
    }
}

static bool is_all_online(const struct sim *sim)
{
    for (int i = 0; i < SIM_HOSTS; i++) {
        const struct sim_host *host = &sim->hosts[i];
        if (host->start_ms != INT64_MAX || (host->is_alive && !sim_host_is_online(sim, host)))
            return false;
    }
    return true;
}

/* Until the reconnects are over: the patience of the clients, then their attempts. */
static void await_online(struct sim *sim)
{
    const int64_t end_ms = sim->now_ms + SIM_CLIENT_PATIENCE_MS + 30000;
    while (!is_all_online(sim) && sim->now_ms < end_ms && sim->failure[0] == '\0')
        sim_run(sim, SIM_STEP_MS);
    if (!is_all_online(sim))
        sim_fail(sim, "not all nodes are online");
}

/* The live process of a name; a failure if there are two. */
static const struct sim_host *holder(struct sim *sim, int name)
{
    const struct sim_host *found = NULL;
    for (int i = 0; i < SIM_HOSTS; i++) {
        const struct sim_host *host = &sim->hosts[i];
        if (!host->is_alive || host->name != name)
            continue;
        if (found != NULL)
            sim_fail(sim, "neither %s nor %s gave way", found->instance, host->instance);
        found = host;
    }
    return found;
}

static void check_knowledge(struct sim *sim, const struct sim_host *observer, int name)
{
    const struct sim_host *host = holder(sim, name);
    const struct sim_view *view = &observer->views[name];
    const bool is_up = host != NULL;
    if (view->is_up != is_up)
        sim_fail(sim, "%s thinks that %s is %s", observer->instance,
                 is_up ? host->instance : sim_name(name), view->is_up ? "up" : "down");
    else if (is_up && strcmp(view->instance, host->instance) != 0)
        sim_fail(sim, "%s takes %s for %s", observer->instance, host->instance, view->instance);
}

static void check_agreement(struct sim *sim)
{
    for (int i = 0; i < SIM_HOSTS; i++)
        for (int name = 0; name < SIM_NAMES; name++)
            if (sim->hosts[i].is_alive && sim->hosts[i].name != name)
                check_knowledge(sim, &sim->hosts[i], name);
}

static void add_counts(struct sim_counts *to, const struct sim_counts *from)
{
    to->hellos += from->hellos;
    to->ups += from->ups;
    to->downs += from->downs;
    to->duplicates += from->duplicates;
    to->give_ways += from->give_ways;
    to->wills += from->wills;
    to->repeats += from->repeats;
    to->kept += from->kept;
}

/* Says which seed it was, so that the run can be repeated. */
static void finish(struct sim *sim, uint64_t seed, struct sim_counts *total)
{
    char failure[400] = "";
    if (sim->failure[0] != '\0')
        (void)snprintf(failure, sizeof failure, "seed %llu, %s", (unsigned long long)seed,
                       sim->failure);
    CHECK_TEXT(failure, "");
    add_counts(total, &sim->counts);
    sim_fini(sim);
}

static void settle_and_check(struct sim *sim)
{
    await_online(sim);
    sim_run(sim, BOUND_MS);
    check_agreement(sim);
    /* And nothing changes any more, whatever was still on its way. */
    const struct sim_counts before = sim->counts;
    sim_run(sim, 4 * (int64_t)SIM_LEASE_MS);
    check_agreement(sim);
    if (sim->counts.ups != before.ups || sim->counts.downs != before.downs)
        sim_fail(sim, "there was a change when nothing had happened");
}

static void run_chaos(uint64_t seed, struct sim_counts *total)
{
    struct sim sim;
    sim_init(&sim, seed);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 25; i++) {
            sim_run(&sim, sim_random(&sim, 10, 8000));
            if (sim_chance(&sim, 30))
                sim_broker_snapshot(&sim);
            cause(&sim, (enum trouble)sim_random(&sim, 0, TROUBLE_COUNT - 1));
        }
        heal(&sim);
        settle_and_check(&sim);
    }
    finish(&sim, seed, total);
}

/* MQC_TEST_SEEDS=5000 in the environment searches for longer. */
static unsigned seed_count(unsigned usual)
{
    const char *text = getenv("MQC_TEST_SEEDS");
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static void test_sim_all_agree_after_any_trouble(void)
{
    struct sim_counts total = {.ups = 0};
    for (unsigned seed = 0; seed < seed_count(150) && CU_get_number_of_failures() < 5; seed++)
        run_chaos(seed, &total);
    /* The trouble was real. */
    CHECK(total.hellos == total.ups);
    CHECK(total.ups > 1000);
    CHECK(total.downs > 1000);
    CHECK(total.duplicates > 10);
    CHECK(total.give_ways > 10);
    CHECK(total.wills > 100);
    CHECK(total.repeats > 100);
    CHECK(total.kept > 1000);
}

/* Breaks that all live nodes get over within a lease take nobody down: the broker is killed, with
 * what it kept or without; links are dead for a while; processes stand still. */
static void run_breaks(uint64_t seed, struct sim_counts *total)
{
    struct sim sim;
    sim_init(&sim, seed);
    await_online(&sim);
    for (int i = 0; i < 20; i++) {
        sim_run(&sim, sim_random(&sim, 20000, 25000));
        struct sim_host *host = &sim.hosts[sim_random(&sim, 0, SIM_NAMES - 1)];
        if (sim_chance(&sim, 30))
            sim_broker_snapshot(&sim);
        switch (sim_random(&sim, 0, 3)) {
        case 0: host->cut_until_ms = sim.now_ms + sim_random(&sim, 100, SIM_LEASE_MS / 2); break;
        case 1:
            host->stopped_until_ms = sim.now_ms + sim_random(&sim, 100, SIM_LEASE_MS / 2);
            break;
        case 2: jump(&sim, host); break;
        default: crash(&sim, SIM_LEASE_MS / 2, false); break;
        }
    }
    settle_and_check(&sim);
    if (sim.counts.downs != 0)
        sim_fail(&sim, "%u times a live node was taken for dead", sim.counts.downs);
    finish(&sim, seed, total);
}

static void test_sim_nobody_is_down_who_is_back_within_a_lease(void)
{
    struct sim_counts total = {.ups = 0};
    for (unsigned seed = 0; seed < seed_count(60) && CU_get_number_of_failures() < 5; seed++)
        run_breaks(seed, &total);
    CHECK(total.ups > 100);
    CHECK(total.kept > 1000);
}

/* The same with a broker that stays away for as long as it likes: nobody can be heard meanwhile. */
static void run_outages(uint64_t seed, struct sim_counts *total)
{
    struct sim sim;
    sim_init(&sim, seed);
    await_online(&sim);
    for (int i = 0; i < 5; i++) {
        sim_run(&sim, sim_random(&sim, 20000, 25000));
        crash(&sim, 600000, true);
        await_online(&sim);
    }
    settle_and_check(&sim);
    if (sim.counts.downs != 0)
        sim_fail(&sim, "%u times a live node was taken for dead", sim.counts.downs);
    finish(&sim, seed, total);
}

static void test_sim_nobody_is_down_while_the_broker_is(void)
{
    struct sim_counts total = {.ups = 0};
    for (unsigned seed = 0; seed < seed_count(15) && CU_get_number_of_failures() < 5; seed++)
        run_outages(seed, &total);
    CHECK(total.ups > 100);
}

/* Two processes of one name, with clocks that say anything, and with trouble on the way, but of a
 * kind that both survive. */
static void run_twins(uint64_t seed, struct sim_counts *total)
{
    struct sim sim;
    sim_init(&sim, seed);
    struct sim_host *twin = &sim.hosts[SIM_NAMES];
    struct sim_host *other = &sim.hosts[twin->name];
    if (sim_chance(&sim, 50))
        jump(&sim, sim_chance(&sim, 50) ? other : twin);
    /* Sometimes both start at the same time, to the millisecond. */
    twin->start_ms = sim_chance(&sim, 30) ? other->start_ms : sim_random(&sim, 0, 60000);
    static const enum trouble troubles[] = {SIGSTOP, CUT, BROKER_CRASHES};
    for (int i = 0; i < 5; i++) {
        sim_run(&sim, sim_random(&sim, 10, 20000));
        if (sim_chance(&sim, 50))
            cause(&sim, troubles[sim_random(&sim, 0, 2)]);
    }
    heal(&sim);
    settle_and_check(&sim);
    if (other->is_alive == twin->is_alive || sim.counts.give_ways != 1)
        sim_fail(&sim, "%u gave way", sim.counts.give_ways);
    if (sim.counts.duplicates == 0)
        sim_fail(&sim, "nobody has noticed");
    finish(&sim, seed, total);
}

static void test_sim_exactly_one_of_two_gives_way(void)
{
    struct sim_counts total = {.ups = 0};
    for (unsigned seed = 0; seed < seed_count(100) && CU_get_number_of_failures() < 5; seed++)
        run_twins(seed, &total);
    CHECK(total.duplicates > 100);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"all_agree_after_any_trouble", test_sim_all_agree_after_any_trouble},
        {"nobody_is_down_who_is_back_within_a_lease",
         test_sim_nobody_is_down_who_is_back_within_a_lease},
        {"nobody_is_down_while_the_broker_is", test_sim_nobody_is_down_while_the_broker_is},
        {"exactly_one_of_two_gives_way", test_sim_exactly_one_of_two_gives_way},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_sim", tests);
}
