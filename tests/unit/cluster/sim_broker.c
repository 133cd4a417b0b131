#include "cluster/presence_topic.h"
#include "sim.h"
#include "topic/subscriptions.h"

#include <stdio.h>

static bool wants(const struct sim_host *host, int topic)
{
    char text[40];
    size_t count = 0;
    /* A session outlives its process; then nobody has changed what it is subscribed to. */
    if (host->membership == NULL)
        return true;
    (void)snprintf(text, sizeof text, "r/node/worker/%s", sim_name(topic));
    const char *const *filters = mqc__membership_filters(host->membership, &count);
    for (size_t i = 0; i < count; i++)
        if (mqc__filter_match(filters[i], mqc_view_text(text)))
            return true;
    return false;
}

static void transmit(struct sim *sim, const struct sim_session *session,
                     const struct sim_message *message)
{
    if (message->expire_ms > sim->now_ms)
        sim_send(sim, &sim->connections[session->connection].down, SIM_PUBLISH, message);
}

static void forward(struct sim *sim, int to, const struct sim_message *message)
{
    struct sim_session *session = &sim->broker.sessions[to];
    struct sim_packet packet = {.kind = SIM_PUBLISH, .message = *message};
    packet.message.id = ++sim->broker.next_id;
    if (session->connection < 0 && session->undelivered.count >= 200)
        return;
    /* Also for a session that ends with its connection: it is removed then. */
    sim_queue_put(&session->undelivered, &packet);
    if (session->connection >= 0)
        transmit(sim, session, &packet.message);
}

static void publish(struct sim *sim, const struct sim_message *message, int from)
{
    struct sim_message forwarded = *message;
    if (message->is_retained) {
        sim->broker.retained[message->topic].is_set = true;
        sim->broker.retained[message->topic].message = *message;
    }
    forwarded.is_retained = false;
    for (int i = 0; i < SIM_HOSTS; i++) {
        const struct sim_host *host = &sim->hosts[i];
        const bool is_echo = i == from && host->is_5;
        if (sim->broker.sessions[i].is_subscribed && wants(host, message->topic) && !is_echo)
            forward(sim, i, &forwarded);
    }
}

static void close_connection(struct sim *sim, int index, bool publishes_will)
{
    struct sim_connection *connection = &sim->connections[index];
    struct sim_session *session = &sim->broker.sessions[connection->host];
    connection->is_open_at_broker = false;
    sim_send(sim, &connection->down, SIM_END, NULL);
    if (session->connection == index) {
        session->connection = -1;
        if (!sim->hosts[connection->host].keeps_session) {
            session->is_subscribed = false;
            session->undelivered.count = 0;
        }
    }
    if (!publishes_will || !connection->is_accepted || connection->will.size == 0)
        return;
    sim->counts.wills++;
    publish(sim, &connection->will, -1);
}

static void resend(struct sim *sim, const struct sim_session *session)
{
    for (size_t i = 0; i < session->undelivered.count; i++) {
        sim->counts.repeats++;
        transmit(sim, session, &session->undelivered.items[i].message);
    }
}

static void accept_client(struct sim *sim, int index, const struct sim_message *will)
{
    struct sim_connection *connection = &sim->connections[index];
    struct sim_session *session = &sim->broker.sessions[connection->host];
    if (session->connection >= 0) {
        struct sim_connection *taken = &sim->connections[session->connection];
        sim_send(sim, &taken->down, SIM_DISCONNECT, NULL);
        close_connection(sim, session->connection, true);
    }
    if (!sim->hosts[connection->host].keeps_session) {
        session->is_subscribed = false;
        session->undelivered.count = 0;
    }
    session->connection = index;
    connection->is_accepted = true;
    connection->will = *will;
    sim_send(sim, &connection->down, SIM_CONNACK, NULL);
    /* The others wait for the subscription, and then come behind what is retained. */
    if (sim_chance(sim, 50))
        resend(sim, session);
}

static void subscribe(struct sim *sim, int index)
{
    struct sim_connection *connection = &sim->connections[index];
    struct sim_session *session = &sim->broker.sessions[connection->host];
    session->is_subscribed = true;
    for (int topic = 0; topic < SIM_NAMES; topic++) {
        struct sim_message *kept = &sim->broker.retained[topic].message;
        if (!sim->broker.retained[topic].is_set || kept->expire_ms <= sim->now_ms ||
            !wants(&sim->hosts[connection->host], topic))
            continue;
        sim->counts.kept++;
        sim_send(sim, &connection->down, SIM_PUBLISH, kept);
    }
    if (sim_chance(sim, 50))
        resend(sim, session);
}

static void acknowledged(struct sim_session *session, uint64_t id)
{
    for (size_t i = 0; i < session->undelivered.count; i++)
        if (session->undelivered.items[i].message.id == id) {
            sim_queue_remove(&session->undelivered, i);
            return;
        }
}

static void handle(struct sim *sim, int index, const struct sim_packet *packet)
{
    struct sim_connection *connection = &sim->connections[index];
    connection->broker_heard_ms = sim->now_ms;
    switch (packet->kind) {
    case SIM_CONNECT: accept_client(sim, index, &packet->message); break;
    case SIM_SUBSCRIBE: subscribe(sim, index); break;
    case SIM_PUBLISH:
        publish(sim, &packet->message, connection->host);
        sim_send(sim, &connection->down, SIM_PUBACK, NULL);
        break;
    case SIM_PUBACK:
        acknowledged(&sim->broker.sessions[connection->host], packet->message.id);
        break;
    case SIM_DISCONNECT: close_connection(sim, index, false); break;
    case SIM_END: close_connection(sim, index, true); break;
    case SIM_CONNACK: break;
    }
}

void sim_broker_step(struct sim *sim)
{
    for (int i = 0; i < SIM_CONNECTIONS; i++) {
        struct sim_connection *connection = &sim->connections[i];
        struct sim_packet packet;
        const bool is_cut = sim->hosts[connection->host].cut_until_ms > sim->now_ms;
        while (connection->is_used && connection->is_open_at_broker && sim->broker.is_running &&
               !is_cut && sim_take(sim, &connection->up, &packet))
            handle(sim, i, &packet);
        if (connection->is_used && connection->is_open_at_broker &&
            sim->now_ms - connection->broker_heard_ms > SIM_BROKER_PATIENCE_MS)
            close_connection(sim, i, sim->broker.is_running);
    }
}

static void copy(struct sim_broker *to, const struct sim_broker *from)
{
    memcpy(to->retained, from->retained, sizeof to->retained);
    to->next_id = from->next_id;
    for (int i = 0; i < SIM_HOSTS; i++) {
        to->sessions[i].is_subscribed = from->sessions[i].is_subscribed;
        sim_queue_copy(&to->sessions[i].undelivered, &from->sessions[i].undelivered);
    }
}

static void forget(struct sim_broker *broker)
{
    memset(broker->retained, 0, sizeof broker->retained);
    for (int i = 0; i < SIM_HOSTS; i++) {
        broker->sessions[i].is_subscribed = false;
        broker->sessions[i].undelivered.count = 0;
    }
}

void sim_broker_snapshot(struct sim *sim)
{
    copy(&sim->snapshot, &sim->broker);
}

void sim_broker_crash(struct sim *sim, bool is_silent)
{
    sim->broker.is_running = false;
    for (int i = 0; i < SIM_CONNECTIONS; i++) {
        struct sim_connection *connection = &sim->connections[i];
        if (!connection->is_used || !connection->is_open_at_broker)
            continue;
        connection->is_open_at_broker = false;
        if (sim_chance(sim, 50))
            connection->down.count = 0;
        if (!is_silent)
            sim_send(sim, &connection->down, SIM_END, NULL);
    }
    for (int i = 0; i < SIM_HOSTS; i++) {
        sim->broker.sessions[i].connection = -1;
        if (!sim->hosts[i].keeps_session) {
            sim->broker.sessions[i].is_subscribed = false;
            sim->broker.sessions[i].undelivered.count = 0;
        }
    }
}

void sim_broker_start(struct sim *sim, enum sim_persistence persistence)
{
    sim->broker.is_running = true;
    if (persistence == SIM_KEEPS_NOTHING)
        forget(&sim->broker);
    if (persistence == SIM_KEEPS_SNAPSHOT)
        copy(&sim->broker, &sim->snapshot);
}

void sim_broker_fini(struct sim_broker *broker)
{
    for (int i = 0; i < SIM_HOSTS; i++)
        sim_queue_fini(&broker->sessions[i].undelivered);
}
