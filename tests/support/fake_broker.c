#include "support/fake_broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 32
#define HELD_MAX 1024
#define PACKET_BYTES_MAX ((size_t)4 << 20)

enum {
    PACKET_CONNECT = 1,
    PACKET_CONNACK = 2,
    PACKET_PUBLISH = 3,
    PACKET_PUBACK = 4,
    PACKET_SUBSCRIBE = 8,
    PACKET_SUBACK = 9,
    PACKET_UNSUBSCRIBE = 10,
    PACKET_UNSUBACK = 11,
    PACKET_PINGREQ = 12,
    PACKET_PINGRESP = 13,
    PACKET_DISCONNECT = 14,
};

struct connection {
    int fd; /* -1: free */
    struct fake_rule rule;
    bool has_rule;
    bool is_5;
    unsigned publish_count;
    bool knows_alias[64];
    uint16_t held[HELD_MAX];
    size_t held_count;
    uint8_t *bytes;
    size_t size;
};

struct fake_broker {
    char uri[64];
    struct fake_rule *rules;
    size_t rule_count;
    int listener;
    int wake[2];
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows; held while packets are handled */
    struct connection connections[CONNECTIONS_MAX];
    size_t next_rule;
    bool is_released;
    bool is_stopping;
    struct fake_totals totals;
};

/* A packet without its fixed header. */
struct packet {
    uint8_t type;
    uint8_t flags;
    const uint8_t *body;
    size_t size;
};

static void drop(struct connection *connection)
{
    if (connection->fd >= 0)
        (void)close(connection->fd);
    free(connection->bytes);
    *connection = (struct connection){.fd = -1};
}

static void send_bytes(struct connection *connection, const void *bytes, size_t size)
{
    if (connection->fd >= 0 && size != 0)
        (void)send(connection->fd, bytes, size, MSG_NOSIGNAL);
}

static void send_small(struct connection *connection, unsigned type, const uint8_t *body,
                       size_t size)
{
    uint8_t bytes[130] = {(uint8_t)(type << 4), (uint8_t)size};
    if (size != 0)
        memcpy(bytes + 2, body, size);
    send_bytes(connection, bytes, size + 2);
}

static void send_connack(struct connection *connection)
{
    const struct fake_rule *rule = &connection->rule;
    uint8_t body[120] = {0, rule->connack_code};
    size_t size = 2;
    if (connection->is_5 && !rule->is_connack_311) {
        body[size++] = (uint8_t)rule->connack_properties_size;
        if (rule->connack_properties_size != 0)
            memcpy(body + size, rule->connack_properties, rule->connack_properties_size);
        size += rule->connack_properties_size;
    }
    send_small(connection, PACKET_CONNACK, body, size);
}

static void handle_connect(struct fake_broker *broker, struct connection *connection,
                           const struct packet *packet)
{
    /* 2 bytes of length, "MQTT", level, flags, keep-alive (MQTT 3.1.2). */
    if (packet->size < 10) {
        drop(connection);
        return;
    }
    connection->is_5 = packet->body[6] == 5;
    broker->totals.connects++;
    broker->totals.connects_5 += connection->is_5 ? 1 : 0;
    broker->totals.last_keep_alive_s = (unsigned)(packet->body[8] << 8 | packet->body[9]);
    /* The receive maximum follows the session expiry, if there is one. */
    const size_t at = packet->size > 16 && packet->body[11] == 0x11 ? 16 : 11;
    const bool has_receive_max = connection->is_5 && packet->size > at + 2 &&
                                 packet->body[10] >= 3 && packet->body[at] == 0x21;
    broker->totals.last_receive_max =
        has_receive_max ? (unsigned)(packet->body[at + 1] << 8 | packet->body[at + 2]) : 0;
    const struct fake_rule *rule = &connection->rule;
    if (rule->on_connect == FAKE_CONNECT_SILENT)
        return;
    if (rule->on_connect == FAKE_CONNECT_ACCEPT)
        send_connack(connection);
    send_bytes(connection, rule->raw, rule->raw_size);
    if (rule->on_connect == FAKE_CONNECT_HANG_UP || rule->closes_after_raw ||
        rule->connack_code != 0)
        drop(connection);
}

static void send_puback(struct connection *connection, uint16_t id)
{
    const uint8_t body[] = {(uint8_t)(id >> 8), (uint8_t)id, connection->rule.puback_code, 0};
    send_small(connection, PACKET_PUBACK, body, connection->is_5 ? sizeof body : 2);
}

static void release_held(struct connection *connection)
{
    for (size_t i = 0; i < connection->held_count; i++)
        send_puback(connection, connection->held[i]);
    connection->held_count = 0;
}

static void acknowledge(struct fake_broker *broker, struct connection *connection, uint16_t id)
{
    const struct fake_rule *rule = &connection->rule;
    if (connection->held_count < HELD_MAX)
        connection->held[connection->held_count++] = id;
    if (connection->held_count > broker->totals.in_flight_max)
        broker->totals.in_flight_max = (unsigned)connection->held_count;
    if (rule->on_publish == FAKE_PUBLISH_SILENT ||
        (rule->on_publish == FAKE_PUBLISH_HOLD && !broker->is_released))
        return;
    release_held(connection);
    if (rule->on_publish == FAKE_PUBLISH_ACK_TWICE)
        send_puback(connection, id);
}

/* Counts what comes without a topic. Clients are expected to put the alias last. */
static void note_alias(struct fake_broker *broker, struct connection *connection,
                       const struct packet *packet, size_t topic_size)
{
    const size_t at = topic_size + 4;
    const size_t size = connection->is_5 && packet->size > at ? packet->body[at] : 0;
    broker->totals.aliased_publishes += topic_size == 0 ? 1 : 0;
    if (size < 3 || at + size >= packet->size || packet->body[at + size - 2] != 0x23)
        return;
    bool *knows = &connection->knows_alias[packet->body[at + size] % 64];
    broker->totals.unknown_aliases += topic_size == 0 && !*knows ? 1 : 0;
    *knows = true;
}

static void handle_publish(struct fake_broker *broker, struct connection *connection,
                           const struct packet *packet)
{
    const unsigned qos = packet->flags >> 1 & 3;
    broker->totals.publishes++;
    broker->totals.repeated_publishes += packet->flags >> 3 & 1;
    const size_t topic_size =
        packet->size >= 2 ? (size_t)(packet->body[0] << 8 | packet->body[1]) : 0;
    connection->publish_count++;
    if (qos != 0)
        note_alias(broker, connection, packet, topic_size);
    const struct fake_rule *rule = &connection->rule;
    if (rule->close_mid_publish != 0 && connection->publish_count == rule->close_mid_publish)
        send_bytes(connection, "\x40", 1);
    const bool is_end = connection->publish_count == rule->close_at_publish ||
                        connection->publish_count == rule->close_mid_publish;
    if (is_end && rule->close_code != 0)
        send_small(connection, PACKET_DISCONNECT, &rule->close_code, 1);
    if (is_end)
        drop(connection);
    else if (qos != 0 && packet->size >= topic_size + 4)
        acknowledge(broker, connection,
                    (uint16_t)(packet->body[topic_size + 2] << 8 | packet->body[topic_size + 3]));
}

/* Counts the filters of a SUBSCRIBE (option byte each) or an UNSUBSCRIBE. */
static size_t count_filters(const struct connection *connection, const struct packet *packet)
{
    size_t at = connection->is_5 ? (size_t)3 + packet->body[2] : 2;
    const size_t extra = packet->type == PACKET_SUBSCRIBE ? 1 : 0;
    size_t count = 0;
    while (at + 2 <= packet->size) {
        at += 2 + (size_t)(packet->body[at] << 8 | packet->body[at + 1]) + extra;
        count++;
    }
    return count;
}

static void handle_subscription(struct fake_broker *broker, struct connection *connection,
                                const struct packet *packet)
{
    const bool is_subscribe = packet->type == PACKET_SUBSCRIBE;
    broker->totals.subscribes += is_subscribe ? 1 : 0;
    if (packet->size < 3 || (is_subscribe && connection->rule.drops_suback)) {
        drop(connection);
        return;
    }
    uint8_t body[120] = {packet->body[0], packet->body[1]};
    size_t size = connection->is_5 ? 3 : 2;
    if (connection->is_5 || is_subscribe) {
        const uint8_t granted =
            connection->rule.suback_code != 0 ? connection->rule.suback_code : 1;
        for (size_t left = count_filters(connection, packet); left > 0 && size < 110; left--)
            body[size++] = is_subscribe ? granted : 0;
    }
    send_small(connection, is_subscribe ? PACKET_SUBACK : PACKET_UNSUBACK, body, size);
}

static void handle_packet(struct fake_broker *broker, struct connection *connection,
                          const struct packet *packet)
{
    switch (packet->type) {
    case PACKET_CONNECT: handle_connect(broker, connection, packet); break;
    case PACKET_PUBLISH: handle_publish(broker, connection, packet); break;
    case PACKET_SUBSCRIBE:
    case PACKET_UNSUBSCRIBE: handle_subscription(broker, connection, packet); break;
    case PACKET_PUBACK:
        broker->totals.pubacks++;
        broker->totals.last_puback_id =
            packet->size >= 2 ? (unsigned)(packet->body[0] << 8 | packet->body[1]) : 0;
        break;
    case PACKET_PINGREQ:
        broker->totals.pings++;
        send_small(connection, PACKET_PINGRESP, NULL, 0);
        break;
    case PACKET_DISCONNECT:
        broker->totals.disconnects++;
        drop(connection);
        break;
    default: break;
    }
}

/* Finds the first packet; returns its size with the fixed header, 0 while it is not complete. */
static size_t parse(const struct connection *connection, struct packet *packet_out)
{
    size_t length = 0;
    size_t at = 1;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        if (at >= connection->size)
            return 0;
        const uint8_t byte = connection->bytes[at++];
        length |= (size_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            break;
    }
    if (connection->size < at + length)
        return 0;
    *packet_out = (struct packet){.type = connection->bytes[0] >> 4,
                                  .flags = connection->bytes[0] & 15,
                                  .body = connection->bytes + at,
                                  .size = length};
    return at + length;
}

static void give_rule(struct fake_broker *broker, struct connection *connection)
{
    if (connection->has_rule)
        return;
    const size_t last = broker->rule_count - 1;
    connection->rule = broker->rules[broker->next_rule < last ? broker->next_rule : last];
    connection->has_rule = true;
    broker->next_rule++;
}

static void handle_bytes(struct fake_broker *broker, struct connection *connection)
{
    struct packet packet;
    size_t used = 0;
    give_rule(broker, connection);
    while (connection->fd >= 0 && (used = parse(connection, &packet)) != 0) {
        if (used > broker->totals.largest_packet_bytes)
            broker->totals.largest_packet_bytes = (unsigned)used;
        handle_packet(broker, connection, &packet);
        if (connection->fd < 0)
            return;
        connection->size -= used;
        memmove(connection->bytes, connection->bytes + used, connection->size);
    }
}

static void receive(struct fake_broker *broker, struct connection *connection)
{
    if (connection->bytes == NULL)
        connection->bytes = malloc(PACKET_BYTES_MAX);
    ssize_t got = -1;
    if (connection->bytes != NULL)
        got = recv(connection->fd, connection->bytes + connection->size,
                   PACKET_BYTES_MAX - connection->size, MSG_DONTWAIT);
    if (got <= 0) {
        drop(connection);
        return;
    }
    connection->size += (size_t)got;
    handle_bytes(broker, connection);
}

static void accept_one(struct fake_broker *broker)
{
    const int fd = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC);
    const int one = 1;
    for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
        if (broker->connections[i].fd >= 0)
            continue;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        broker->connections[i].fd = fd;
        return;
    }
    if (fd >= 0)
        (void)close(fd);
}

static void serve_ready(struct fake_broker *broker, const struct pollfd *ready)
{
    char wakes[64];
    if (ready[0].revents != 0 && read(broker->wake[0], wakes, sizeof wakes) < 0)
        perror("fake broker");
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &broker->connections[i];
        if (ready[i + 2].revents != 0 && connection->fd == ready[i + 2].fd)
            receive(broker, connection);
    }
    if (ready[1].revents != 0)
        accept_one(broker);
}

static void *serve(void *argument)
{
    struct fake_broker *broker = argument;
    struct pollfd ready[CONNECTIONS_MAX + 2];
    bool is_stopping = false;
    while (!is_stopping) {
        ready[0] = (struct pollfd){.fd = broker->wake[0], .events = POLLIN};
        ready[1] = (struct pollfd){.fd = broker->listener, .events = POLLIN};
        pthread_mutex_lock(&broker->mutex);
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            ready[i + 2] = (struct pollfd){.fd = broker->connections[i].fd, .events = POLLIN};
        pthread_mutex_unlock(&broker->mutex);
        (void)poll(ready, CONNECTIONS_MAX + 2, -1);
        pthread_mutex_lock(&broker->mutex);
        serve_ready(broker, ready);
        is_stopping = broker->is_stopping;
        pthread_mutex_unlock(&broker->mutex);
    }
    return NULL;
}

static bool listen_on_loopback(struct fake_broker *broker)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    broker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (broker->listener < 0 || bind(broker->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(broker->listener, CONNECTIONS_MAX) != 0 ||
        getsockname(broker->listener, (struct sockaddr *)&address, &size) != 0)
        return false;
    (void)snprintf(broker->uri, sizeof broker->uri, "mqtt://127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
    return true;
}

struct fake_broker *fake_broker_start(const struct fake_rule *rules, size_t rule_count)
{
    struct fake_broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL)
        return NULL;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        broker->connections[i].fd = -1;
    broker->rules = calloc(rule_count, sizeof *rules);
    broker->rule_count = rule_count;
    (void)pthread_mutex_init(&broker->mutex, NULL);
    if (broker->rules != NULL)
        memcpy(broker->rules, rules, rule_count * sizeof *rules);
    if (broker->rules == NULL || pipe(broker->wake) != 0 || !listen_on_loopback(broker) ||
        pthread_create(&broker->thread, NULL, serve, broker) != 0) {
        free(broker->rules);
        free(broker);
        return NULL;
    }
    return broker;
}

const char *fake_broker_uri(const struct fake_broker *broker)
{
    return broker->uri;
}

struct fake_totals fake_broker_totals(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->mutex);
    const struct fake_totals totals = broker->totals;
    pthread_mutex_unlock(&broker->mutex);
    return totals;
}

void fake_broker_release(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->mutex);
    broker->is_released = true;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        release_held(&broker->connections[i]);
    pthread_mutex_unlock(&broker->mutex);
}

void fake_broker_send(struct fake_broker *broker, const void *bytes, size_t size)
{
    pthread_mutex_lock(&broker->mutex);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        send_bytes(&broker->connections[i], bytes, size);
    pthread_mutex_unlock(&broker->mutex);
}

static void wake(struct fake_broker *broker)
{
    if (write(broker->wake[1], "", 1) < 0)
        perror("fake broker");
}

void fake_broker_close_all(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->mutex);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        drop(&broker->connections[i]);
    pthread_mutex_unlock(&broker->mutex);
    wake(broker);
}

void fake_broker_free(struct fake_broker **broker)
{
    struct fake_broker *b = *broker;
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->mutex);
    b->is_stopping = true;
    pthread_mutex_unlock(&b->mutex);
    wake(b);
    (void)pthread_join(b->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        drop(&b->connections[i]);
    (void)close(b->listener);
    (void)close(b->wake[0]);
    (void)close(b->wake[1]);
    (void)pthread_mutex_destroy(&b->mutex);
    free(b->rules);
    free(b);
    *broker = NULL;
}
