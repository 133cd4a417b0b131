#ifndef TESTS_UNIT_CLUSTER_SIM_H
#define TESTS_UNIT_CLUSTER_SIM_H

#include "cluster/membership.h"
#include "support/suite.h"

/*
 * A small world in steps of 10 ms: nodes, each with a membership; the connections between them and
 * a broker, which delay but keep the order, until they break; and the broker, with retained
 * messages, wills, expiry and sessions. Everything follows from the seed.
 */

#define SIM_STEP_MS 10
/* Each name has a host. The last host is a second one for a name, with a client id of its own. */
#define SIM_NAMES 5
#define SIM_HOSTS (SIM_NAMES + 1)
#define SIM_LEASE_MS 15000
#define SIM_LATENCY_MAX_MS 400
/* The broker and the client give a silent connection up after these. */
#define SIM_BROKER_PATIENCE_MS 24000
#define SIM_CLIENT_PATIENCE_MS 20000
#define SIM_BACKOFF_MAX_MS 3000

struct sim_message {
    int topic; /* the index of the name */
    size_t size;
    char payload[200];
    bool is_retained;
    int64_t expire_ms; /* INT64_MAX: never */
    uint64_t id;       /* of a delivery */
};

enum sim_packet_kind {
    SIM_CONNECT,
    SIM_CONNACK,
    SIM_SUBSCRIBE,
    SIM_PUBLISH,
    SIM_PUBACK,
    SIM_DISCONNECT, /* also what MQTT 5 says when another client takes over */
    SIM_END,        /* of the TCP connection */
};

struct sim_packet {
    enum sim_packet_kind kind;
    int64_t ready_ms; /* arrives then, or later */
    struct sim_message message;
};

/* Packets on their way in one direction. */
struct sim_queue {
    struct sim_packet *items;
    size_t count;
    size_t capacity;
    int64_t last_ready_ms;
};

struct sim_connection {
    bool is_used;
    int host;
    struct sim_queue up; /* to the broker */
    struct sim_queue down;
    bool is_open_at_client;
    bool is_open_at_broker;
    bool is_accepted; /* the broker has seen the CONNECT */
    struct sim_message will;
    int64_t broker_heard_ms;
    int64_t client_heard_ms;
};

#define SIM_CONNECTIONS 64

/* What the broker keeps for a client. */
struct sim_session {
    bool is_subscribed;
    int connection;               /* -1: none */
    struct sim_queue undelivered; /* not acknowledged; in order */
};

struct sim_broker {
    bool is_running;
    struct {
        bool is_set;
        struct sim_message message;
    } retained[SIM_NAMES];
    struct sim_session sessions[SIM_HOSTS];
    uint64_t next_id;
};

/* What a node was told about a name. */
struct sim_view {
    bool is_up;
    bool has_hello;
    char instance[24];
};

enum sim_client_state { SIM_PAUSED, SIM_WAITING, SIM_ONLINE };

/* A host, and the process that runs on it. */
struct sim_host {
    int name;  /* index */
    bool is_5; /* speaks MQTT 5 */
    bool keeps_session;
    int64_t wall_offset_ms;
    int64_t cut_until_ms; /* no packet comes through before */
    int64_t start_ms;     /* a process starts then; INT64_MAX: none */

    bool is_alive;
    int64_t stopped_until_ms;
    bool has_given_way;
    char instance[24];
    struct mqc__membership *membership;
    enum sim_client_state state;
    int connection;
    int64_t state_until_ms; /* PAUSED: the next attempt; WAITING: it has failed */
    struct sim_view views[SIM_NAMES];
};

/* How often things happened. */
struct sim_counts {
    unsigned hellos;
    unsigned ups;
    unsigned downs;
    unsigned duplicates;
    unsigned give_ways;
    unsigned wills;
    unsigned repeats; /* messages delivered again */
    unsigned kept;    /* retained messages delivered */
};

struct sim {
    struct test_random random;
    int64_t now_ms;
    bool is_dynamic;
    unsigned instance_count;
    struct sim_broker broker;
    struct sim_broker snapshot; /* what a restart finds on the disk */
    struct sim_host hosts[SIM_HOSTS];
    struct sim_connection connections[SIM_CONNECTIONS];
    struct sim_counts counts;
    char failure[300]; /* the first one */
};

/* The world. */

void sim_init(struct sim *sim, uint64_t seed);
void sim_fini(struct sim *sim);
/* Lets the time go on. */
void sim_run(struct sim *sim, int64_t duration_ms);
int64_t sim_random(struct sim *sim, int64_t from, int64_t to);
bool sim_chance(struct sim *sim, unsigned percent);
void sim_fail(struct sim *sim, const char *format, ...) MQC_PRINTF(2, 3);

/* sim_net.c */

/* Sends a packet; it is lost if the other side has closed. */
void sim_send(struct sim *sim, struct sim_queue *queue, enum sim_packet_kind kind,
              const struct sim_message *message);
/* Takes the next packet that has arrived; false: none. */
bool sim_take(struct sim *sim, struct sim_queue *queue, struct sim_packet *packet_out);
void sim_queue_put(struct sim_queue *queue, const struct sim_packet *packet);
void sim_queue_remove(struct sim_queue *queue, size_t index);
void sim_queue_copy(struct sim_queue *to, const struct sim_queue *from);
void sim_queue_fini(struct sim_queue *queue);
/* Opens a connection of a host and returns its index. */
int sim_open(struct sim *sim, int host);
/* Frees the connections that both sides have closed. */
void sim_collect(struct sim *sim);

/* sim_broker.c */

void sim_broker_step(struct sim *sim);
/* Stops it at once, without wills. The connections end, unless it is silent, as a host is whose
 * power fails. */
void sim_broker_crash(struct sim *sim, bool is_silent);
/* Starts it: with what it had, with what it had at the last snapshot, or with nothing. */
enum sim_persistence { SIM_KEEPS_ALL, SIM_KEEPS_SNAPSHOT, SIM_KEEPS_NOTHING };
void sim_broker_start(struct sim *sim, enum sim_persistence persistence);
void sim_broker_snapshot(struct sim *sim);
void sim_broker_fini(struct sim_broker *broker);

/* sim_host.c */

void sim_host_step(struct sim *sim, struct sim_host *host);
void sim_host_start(struct sim *sim, struct sim_host *host);
/* kill -9: what was sent still arrives, and then the end of the connection. */
void sim_host_kill(struct sim *sim, struct sim_host *host);
/* The power fails: nothing arrives any more. */
void sim_host_fail(struct sim *sim, struct sim_host *host);
/* A clean stop. */
void sim_host_stop(struct sim *sim, struct sim_host *host);
/* Says whether the host's process is connected, as both sides see it. */
bool sim_host_is_online(const struct sim *sim, const struct sim_host *host);
const char *sim_name(int name);

#endif
