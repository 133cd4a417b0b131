#include "codec/presence.h"
#include "sim.h"

#include <stdio.h>

const char *sim_name(int name)
{
    static const char *const names[SIM_NAMES] = {"n0", "n1", "n2", "n3", "n4"};
    return names[name];
}

static int index_of(struct mqc_view name)
{
    for (int i = 0; i < SIM_NAMES; i++)
        if (mqc_view_equal(name, mqc_view_text(sim_name(i))))
            return i;
    return -1;
}

/* What a node has a sink for. */
struct context {
    struct sim *sim;
    struct sim_host *host;
};
static struct context contexts[SIM_HOSTS];

static bool is_instance(const struct sim_view *view, const struct mqc__membership_action *action)
{
    return mqc_view_equal(action->instance, mqc_view_text(view->instance));
}

/* Up and down take turns, each up right behind its hello, each down of the instance that was up. */
static void check_turn(struct sim *sim, struct sim_host *host,
                       const struct mqc__membership_action *action)
{
    const int name = index_of(action->name);
    if (name < 0 || name == host->name) {
        sim_fail(sim, "%s heard of itself or of a stranger", host->instance);
        return;
    }
    struct sim_view *view = &host->views[name];
    if (action->kind == MQC__MEMBERSHIP_HELLO) {
        if (view->is_up || view->has_hello)
            sim_fail(sim, "%s: hello of %s, which is up", host->instance, sim_name(name));
        view->has_hello = true;
        (void)snprintf(view->instance, sizeof view->instance, "%.*s", (int)action->instance.size,
                       action->instance.data);
        sim->counts.hellos++;
    } else if (action->kind == MQC__MEMBERSHIP_NODE_UP) {
        if (view->is_up || !view->has_hello || !is_instance(view, action))
            sim_fail(sim, "%s: up of %s without its hello", host->instance, sim_name(name));
        view->is_up = true;
        view->has_hello = false;
        sim->counts.ups++;
    } else {
        if (!view->is_up || !is_instance(view, action))
            sim_fail(sim, "%s: down of %s, which is not up", host->instance, sim_name(name));
        view->is_up = false;
        sim->counts.downs++;
    }
}

static void fill_message(const struct sim *sim, const struct sim_host *host,
                         const struct mqc__membership_action *action, struct sim_message *out)
{
    *out = (struct sim_message){.topic = host->name,
                                .size = action->payload.size,
                                .is_retained = action->is_retained,
                                .expire_ms = INT64_MAX};
    memcpy(out->payload, action->payload.data, action->payload.size);
    if (host->is_5)
        out->expire_ms = sim->now_ms + (int64_t)action->expiry_s * 1000;
}

static void act(void *context, const struct mqc__membership_action *action)
{
    const struct context *c = context;
    struct sim_message message;
    switch (action->kind) {
    case MQC__MEMBERSHIP_PUBLISH:
        fill_message(c->sim, c->host, action, &message);
        sim_send(c->sim, &c->sim->connections[c->host->connection].up, SIM_PUBLISH, &message);
        break;
    case MQC__MEMBERSHIP_ERROR:
        if (strcmp(action->tag, "duplicate_node") != 0)
            sim_fail(c->sim, "%s: %s", c->host->instance, action->text);
        c->sim->counts.duplicates++;
        break;
    case MQC__MEMBERSHIP_GIVE_WAY:
        c->sim->counts.give_ways++;
        c->host->has_given_way = true;
        break;
    default: check_turn(c->sim, c->host, action); break;
    }
}

static void make_membership(struct sim *sim, struct sim_host *host)
{
    struct mqc__membership_node layout[SIM_NAMES];
    for (int i = 0; i < SIM_NAMES; i++)
        layout[i] = (struct mqc__membership_node){mqc_view_text(sim_name(i)), MQC__NODE_WORKER};
    const int64_t wall_ms = sim->now_ms + host->wall_offset_ms;
    const struct mqc__membership_options options = {
        .root = "r",
        .name = mqc_view_text(sim_name(host->name)),
        .type = MQC__NODE_WORKER,
        .instance = mqc_view_text(host->instance),
        .start_ms = (uint64_t)(wall_ms > 0 ? wall_ms : 0),
        .lease_ms = SIM_LEASE_MS,
        .types = MQC__TYPE_BIT(MQC__NODE_WORKER),
        .is_dynamic = sim->is_dynamic,
        .nodes = layout,
        .node_count = SIM_NAMES,
        .nodes_max = SIM_NAMES,
    };
    struct context *context = &contexts[host - sim->hosts];
    *context = (struct context){.sim = sim, .host = host};
    const struct mqc__membership_sink sink = {.context = context, .act = act};
    if (mqc__membership_new(&options, &sink, &host->membership, NULL) != MQC_OK)
        sim_fail(sim, "no membership for %s", host->instance);
}

void sim_host_start(struct sim *sim, struct sim_host *host)
{
    (void)snprintf(host->instance, sizeof host->instance, "%s-%u", sim_name(host->name),
                   sim->instance_count++);
    make_membership(sim, host);
    memset(host->views, 0, sizeof host->views);
    host->start_ms = INT64_MAX;
    host->is_alive = true;
    host->has_given_way = false;
    host->stopped_until_ms = 0;
    host->state = SIM_PAUSED;
    host->state_until_ms = sim->now_ms;
}

static void end_process(struct sim_host *host)
{
    mqc__membership_free(&host->membership);
    host->is_alive = false;
    host->state = SIM_PAUSED;
}

static struct sim_connection *connection_of(struct sim *sim, struct sim_host *host)
{
    return host->state == SIM_PAUSED ? NULL : &sim->connections[host->connection];
}

void sim_host_kill(struct sim *sim, struct sim_host *host)
{
    struct sim_connection *connection = connection_of(sim, host);
    if (connection != NULL) {
        sim_send(sim, &connection->up, SIM_END, NULL);
        connection->is_open_at_client = false;
    }
    end_process(host);
}

void sim_host_fail(struct sim *sim, struct sim_host *host)
{
    struct sim_connection *connection = connection_of(sim, host);
    if (connection != NULL) {
        connection->up.count = 0;
        connection->is_open_at_client = false;
    }
    end_process(host);
}

void sim_host_stop(struct sim *sim, struct sim_host *host)
{
    struct sim_connection *connection = connection_of(sim, host);
    mqc__membership_close(host->membership, mqc_view_text("stopped"), sim->now_ms);
    if (connection != NULL) {
        sim_send(sim, &connection->up, SIM_DISCONNECT, NULL);
        connection->is_open_at_client = false;
    }
    end_process(host);
}

static void lose_connection(struct sim *sim, struct sim_host *host)
{
    sim->connections[host->connection].is_open_at_client = false;
    if (host->state == SIM_ONLINE)
        mqc__membership_disconnected(host->membership, sim->now_ms);
    host->state = SIM_PAUSED;
    host->state_until_ms = sim->now_ms + sim_random(sim, 100, SIM_BACKOFF_MAX_MS);
}

static void attempt(struct sim *sim, struct sim_host *host)
{
    struct mqc__membership_action action;
    struct sim_message will;
    (void)mqc__membership_will(host->membership, &action);
    fill_message(sim, host, &action, &will);
    /* It expires from the time on when the broker publishes it; a little less will do. */
    will.expire_ms = INT64_MAX;
    host->connection = sim_open(sim, (int)(host - sim->hosts));
    sim_send(sim, &sim->connections[host->connection].up, SIM_CONNECT, &will);
    if (!sim->broker.is_running)
        sim->connections[host->connection].is_open_at_broker = false;
    host->state = SIM_WAITING;
    host->state_until_ms = sim->now_ms + (sim->broker.is_running ? 5000 : 50);
}

static void online(struct sim *sim, struct sim_host *host)
{
    struct sim_queue *up = &sim->connections[host->connection].up;
    const bool subscribes_first = sim_chance(sim, 50);
    host->state = SIM_ONLINE;
    if (subscribes_first)
        sim_send(sim, up, SIM_SUBSCRIBE, NULL);
    mqc__membership_connected(host->membership, sim->now_ms);
    if (!subscribes_first)
        sim_send(sim, up, SIM_SUBSCRIBE, NULL);
}

static void receive(struct sim *sim, struct sim_host *host, const struct sim_message *in)
{
    char topic[40];
    (void)snprintf(topic, sizeof topic, "r/node/worker/%s", sim_name(in->topic));
    struct mqc__membership_message message = {
        .topic = mqc_view_text(topic),
        .payload = mqc_view_bytes(in->payload, in->size),
        .is_retained = in->is_retained,
        .expiry_ms = -1,
    };
    /* In whole seconds, and it was told when it left. */
    if (host->is_5 && in->expire_ms != INT64_MAX)
        message.expiry_ms = (in->expire_ms - sim->now_ms + SIM_LATENCY_MAX_MS) / 1000 * 1000;
    if (message.expiry_ms < -1)
        message.expiry_ms = 0;
    if (mqc__membership_received(host->membership, &message, sim->now_ms) != MQC_OK)
        sim_fail(sim, "%s: no memory", host->instance);
    struct sim_queue *up = &sim->connections[host->connection].up;
    if (in->id != 0)
        sim_send(sim, up, SIM_PUBACK, in);
}

static void handle(struct sim *sim, struct sim_host *host, const struct sim_packet *packet)
{
    sim->connections[host->connection].client_heard_ms = sim->now_ms;
    switch (packet->kind) {
    case SIM_CONNACK: online(sim, host); break;
    case SIM_PUBLISH: receive(sim, host, &packet->message); break;
    case SIM_PUBACK: mqc__membership_acknowledged(host->membership, sim->now_ms); break;
    case SIM_END: lose_connection(sim, host); break;
    default: break;
    }
}

static void read_packets(struct sim *sim, struct sim_host *host)
{
    struct sim_packet packet;
    while (host->is_alive && host->state != SIM_PAUSED && host->cut_until_ms <= sim->now_ms &&
           sim_take(sim, &sim->connections[host->connection].down, &packet))
        handle(sim, host, &packet);
}

/* The attempt takes too long, or the connection is silent for too long. */
static bool is_out_of_patience(const struct sim *sim, const struct sim_host *host)
{
    if (host->state == SIM_WAITING)
        return sim->now_ms >= host->state_until_ms;
    return sim->now_ms - sim->connections[host->connection].client_heard_ms >
           SIM_CLIENT_PATIENCE_MS;
}

static void keep_connection(struct sim *sim, struct sim_host *host)
{
    if (host->state != SIM_PAUSED && is_out_of_patience(sim, host))
        lose_connection(sim, host);
    else if (host->state == SIM_PAUSED && sim->now_ms >= host->state_until_ms)
        attempt(sim, host);
}

void sim_host_step(struct sim *sim, struct sim_host *host)
{
    if (!host->is_alive && host->start_ms <= sim->now_ms)
        sim_host_start(sim, host);
    if (!host->is_alive || host->stopped_until_ms > sim->now_ms)
        return;
    /* Both orders occur: the timer first, or what has arrived. */
    const bool reads_first = sim_chance(sim, 50);
    if (reads_first)
        read_packets(sim, host);
    if (host->state == SIM_ONLINE && mqc__membership_next_tick_ms(host->membership) <= sim->now_ms)
        mqc__membership_tick(host->membership, sim->now_ms);
    if (!reads_first)
        read_packets(sim, host);
    keep_connection(sim, host);
    if (host->has_given_way)
        sim_host_stop(sim, host);
}

bool sim_host_is_online(const struct sim *sim, const struct sim_host *host)
{
    if (!host->is_alive || host->state != SIM_ONLINE)
        return false;
    const struct sim_connection *connection = &sim->connections[host->connection];
    return connection->is_open_at_broker && connection->is_accepted;
}
