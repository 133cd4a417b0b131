#include "sim.h"

#include <stdarg.h>
#include <stdio.h>

int64_t sim_random(struct sim *sim, int64_t from, int64_t to)
{
    return from + (int64_t)test_random_below(&sim->random, (uint64_t)(to - from + 1));
}

bool sim_chance(struct sim *sim, unsigned percent)
{
    return test_random_below(&sim->random, 100) < percent;
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    if (sim->failure[0] != '\0')
        return;
    const int size =
        snprintf(sim->failure, sizeof sim->failure, "at %lld ms: ", (long long)sim->now_ms);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sim->failure + size, sizeof sim->failure - (size_t)size, format, arguments);
    va_end(arguments);
}

void sim_init(struct sim *sim, uint64_t seed)
{
    *sim = (struct sim){.random = {.state = seed}, .now_ms = 1000};
    sim->is_dynamic = sim_chance(sim, 50);
    sim->broker.is_running = true;
    for (int i = 0; i < SIM_HOSTS; i++) {
        sim->broker.sessions[i].connection = -1;
        sim->hosts[i] = (struct sim_host){
            .name = i < SIM_NAMES ? i : (int)sim_random(sim, 0, SIM_NAMES - 1),
            .is_5 = sim_chance(sim, 50),
            .keeps_session = sim_chance(sim, 50),
            .wall_offset_ms = 1000000000,
            .start_ms = i < SIM_NAMES ? sim_random(sim, 0, 3000) : INT64_MAX,
        };
    }
}

void sim_fini(struct sim *sim)
{
    for (int i = 0; i < SIM_HOSTS; i++)
        mqc__membership_free(&sim->hosts[i].membership);
    for (int i = 0; i < SIM_CONNECTIONS; i++) {
        sim->connections[i].is_open_at_client = false;
        sim->connections[i].is_open_at_broker = false;
    }
    sim_collect(sim);
    sim_broker_fini(&sim->broker);
    sim_broker_fini(&sim->snapshot);
}

void sim_run(struct sim *sim, int64_t duration_ms)
{
    const int64_t end_ms = sim->now_ms + duration_ms;
    while (sim->now_ms < end_ms && sim->failure[0] == '\0') {
        sim->now_ms += SIM_STEP_MS;
        sim_broker_step(sim);
        for (int i = 0; i < SIM_HOSTS; i++)
            sim_host_step(sim, &sim->hosts[i]);
        sim_collect(sim);
    }
}
