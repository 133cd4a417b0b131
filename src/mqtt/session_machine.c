#include "mqtt/session_machine.h"

#include "mqtt/backoff.h"

void mqc__machine_init(struct mqc__machine *machine, const struct mqc__session_options *options)
{
    *machine = (struct mqc__machine){
        .state = MQC__MACHINE_IDLE,
        .version = options->version,
        .uri_count = options->uri_count,
        .backoff_min_ms = options->backoff_min_ms,
        .backoff_max_ms = options->backoff_max_ms,
        .untried_count = options->uri_count,
    };
}

static void connect_with_best_version(struct mqc__machine *machine)
{
    const bool is_known_311 = (machine->only_311 >> machine->uri_index & 1) != 0;
    machine->is_311 =
        machine->version == MQC__MQTT_311 || (machine->version == MQC__MQTT_AUTO && is_known_311);
    machine->has_hung_up = false;
    machine->state = MQC__MACHINE_CONNECTING;
}

static void pause(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    const unsigned pause_ms = mqc__backoff_ms(machine->backoff_min_ms, machine->backoff_max_ms,
                                              machine->failure_count, event->random);
    machine->failure_count++;
    machine->untried_count = machine->uri_count;
    machine->resume_at_ms = event->now_ms + (int64_t)pause_ms;
    machine->state = MQC__MACHINE_PAUSE;
}

static void attempt_failed(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    machine->brief_count = 0;
    machine->uri_index = (machine->uri_index + 1) % machine->uri_count;
    machine->untried_count--;
    if (machine->untried_count == 0)
        pause(machine, event);
    else
        connect_with_best_version(machine);
}

static bool can_fall_back(const struct mqc__machine *machine)
{
    return machine->version == MQC__MQTT_AUTO && !machine->is_311;
}

static void version_refused(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    if (!can_fall_back(machine)) {
        attempt_failed(machine, event);
        return;
    }
    machine->only_311 |= UINT32_C(1) << machine->uri_index;
    machine->is_311 = true;
}

/* Some brokers that do not know MQTT 5 answer it so. Other causes are more frequent, such as a
 * broker that is just starting: 5 gets a second chance, and comes first again the next time. */
static void hung_up(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    if (!can_fall_back(machine))
        attempt_failed(machine, event);
    else if (!machine->has_hung_up)
        machine->has_hung_up = true;
    else
        machine->is_311 = true;
}

static void connected(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    machine->online_since_ms = event->now_ms;
    machine->quiet_until_ms = machine->brief_count == MQC__MACHINE_BRIEF_MAX - 1
                                  ? event->now_ms + MQC__MACHINE_BRIEF_MS
                                  : event->now_ms;
    machine->state = MQC__MACHINE_ONLINE;
}

bool mqc__machine_suspects_takeover(const struct mqc__machine *machine, int64_t now_ms)
{
    return machine->state == MQC__MACHINE_ONLINE &&
           now_ms - machine->online_since_ms < MQC__MACHINE_BRIEF_MS;
}

static void connection_ended(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    const bool is_suspect = event->kind == MQC__MACHINE_LOST && !event->is_explained &&
                            mqc__machine_suspects_takeover(machine, event->now_ms);
    machine->brief_count = is_suspect ? machine->brief_count + 1 : 0;
    if (machine->brief_count == MQC__MACHINE_BRIEF_MAX) {
        machine->state = MQC__MACHINE_TAKEN;
        return;
    }
    if (event->now_ms - machine->online_since_ms >= MQC__MACHINE_LASTING_MS)
        machine->failure_count = 0;
    const unsigned failure_count = machine->failure_count;
    pause(machine, event);
    if (!is_suspect)
        return;
    machine->failure_count = failure_count;
    const unsigned longest_ms = machine->backoff_min_ms < MQC__MACHINE_BRIEF_PAUSE_MS
                                    ? machine->backoff_min_ms
                                    : MQC__MACHINE_BRIEF_PAUSE_MS;
    machine->resume_at_ms =
        event->now_ms + (int64_t)mqc__backoff_ms(longest_ms, longest_ms, 0, event->random);
}

static void step_connecting(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    switch (event->kind) {
    case MQC__MACHINE_CONNECTED: connected(machine, event); break;
    case MQC__MACHINE_REFUSED_5: version_refused(machine, event); break;
    case MQC__MACHINE_HUNG_UP: hung_up(machine, event); break;
    case MQC__MACHINE_FAILED: attempt_failed(machine, event); break;
    case MQC__MACHINE_TAKEN_OVER: machine->state = MQC__MACHINE_TAKEN; break;
    case MQC__MACHINE_CLOSE: machine->state = MQC__MACHINE_CLOSED; break;
    default: break; /* OTHER_TERMS: once more, as it stands */
    }
}

static void step_online(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    switch (event->kind) {
    case MQC__MACHINE_LOST:
    case MQC__MACHINE_LEFT: connection_ended(machine, event); break;
    case MQC__MACHINE_TAKEN_OVER: machine->state = MQC__MACHINE_TAKEN; break;
    case MQC__MACHINE_CLOSE: machine->state = MQC__MACHINE_CLOSING; break;
    default: break;
    }
}

static void step_waiting(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    const enum mqc__machine_event_kind goes_on =
        machine->state == MQC__MACHINE_IDLE ? MQC__MACHINE_OPEN : MQC__MACHINE_RESUME;
    if (event->kind == MQC__MACHINE_CLOSE)
        machine->state = MQC__MACHINE_CLOSED;
    else if (event->kind == MQC__MACHINE_TAKEN_OVER && machine->state == MQC__MACHINE_PAUSE)
        machine->state = MQC__MACHINE_TAKEN;
    else if (event->kind == goes_on && machine->state != MQC__MACHINE_TAKEN)
        connect_with_best_version(machine);
}

void mqc__machine_step(struct mqc__machine *machine, const struct mqc__machine_event *event)
{
    switch (machine->state) {
    case MQC__MACHINE_IDLE:
    case MQC__MACHINE_PAUSE:
    case MQC__MACHINE_TAKEN: step_waiting(machine, event); break;
    case MQC__MACHINE_CONNECTING: step_connecting(machine, event); break;
    case MQC__MACHINE_ONLINE: step_online(machine, event); break;
    case MQC__MACHINE_CLOSING:
        if (event->kind == MQC__MACHINE_DISCONNECTED)
            machine->state = MQC__MACHINE_CLOSED;
        break;
    case MQC__MACHINE_CLOSED: break;
    }
}

const char *mqc__machine_state_name(enum mqc__machine_state state)
{
    switch (state) {
    case MQC__MACHINE_IDLE: return "IDLE";
    case MQC__MACHINE_CONNECTING: return "CONNECTING";
    case MQC__MACHINE_ONLINE: return "ONLINE";
    case MQC__MACHINE_PAUSE: return "PAUSE";
    case MQC__MACHINE_TAKEN: return "TAKEN";
    case MQC__MACHINE_CLOSING: return "CLOSING";
    case MQC__MACHINE_CLOSED: return "CLOSED";
    }
    return "UNKNOWN";
}
