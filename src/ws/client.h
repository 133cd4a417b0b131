#ifndef MQC_WS_CLIENT_H
#define MQC_WS_CLIENT_H

#include "ws/frame.h"
#include "ws/protocol.h"
#include "ws/server_priv.h"
#include "ws/wire.h"

/*
 * One connection of a client, from the request on. All of it on the loop's thread. It frees itself
 * when its connection is gone.
 */

/* A message that could not be handled yet. */
struct mqc__ws_pending {
    struct mqc__ws_pending *next;
    size_t size;
    char bytes[];
};

/* How far the connection has come; within TALKING see the protocol's state. */
enum mqc__ws_stage {
    MQC__WS_STAGE_REQUEST,  /* the head of its request is read; then ANSWERED, TALKING or GONE */
    MQC__WS_STAGE_ANSWERED, /* it got an HTTP response, its end is awaited; then GONE */
    MQC__WS_STAGE_TALKING,  /* it speaks WebSocket; then GONE */
    MQC__WS_STAGE_GONE,     /* its handles are being closed */
};

struct mqc__ws_client {
    struct mqc__ws_client *previous;
    struct mqc__ws_client *next;
    struct mqc__ws_client *next_held;
    struct mqc__ws_server *server;
    struct mqc__ws_listener *listener;
    uint64_t number; /* from 1 on, in the order of the connections */
    enum mqc__ws_stage stage;
    enum mqc__ws_client_state state;
    struct mqc__ws_wire wire;
    uv_timer_t timer;
    struct mqc__http_request *request;
    struct mqc__ws_frames *frames;

    struct mqc__arena texts; /* what follows points there */
    struct mqc__ws_endpoint endpoint;
    struct mqc_view *prefixes;
    size_t prefix_count;
    struct mqc__ws_outlet outlet;

    struct mqc__ws_pending *first_pending;
    struct mqc__ws_pending **last_pending;
    size_t pending_bytes;

    const char *refusal; /* what is wrong with its subscriptions */
    uint64_t ping_count;
    unsigned open_handles;
    unsigned rejected; /* messages that were answered with an error */
    unsigned peer_code;
    unsigned code;
    char reason[MQC__WS_CONTROL_BYTES_MAX];

    bool is_held;    /* it waits for room for its first pending message */
    bool is_blocked; /* that message was counted as one that has to wait */
    bool is_subscribed;
    bool is_known; /* its loss is to be told */
    bool is_in_hub;
    bool awaits_pong;
    bool was_paused; /* for a while since the last ping, so that a pong may not have been read */
    bool is_stuck;   /* paused for what it does not read, and it has read nothing since then */
    bool has_peer_closed; /* it has said its last word, of its code above */
    bool has_code;        /* the end has a code and a reason */
    bool has_left;        /* the connection has ended; what is pending is still handled */
};

/* client.c: the life of a connection. */

/* Accepts a connection that waits at the listener. false: there is no memory, and it still waits.
 */
bool mqc__ws_client_accept(struct mqc__ws_listener *listener);

struct mqc__ws_client *mqc__ws_client_next(const struct mqc__ws_client *client);

/* Gives it what was taken for it from the hub. */
void mqc__ws_client_drain(struct mqc__ws_client *client);

/* Reads what it says next, or does not, as things stand: not while there is no room for its events,
 * nor while it does not read the answers that it got. */
void mqc__ws_client_steer(struct mqc__ws_client *client);

/* Says whether it has too many answers before it. */
bool mqc__ws_client_owes_reading(const struct mqc__ws_client *client);

/* Goes on with what is pending. */
void mqc__ws_client_go_on(struct mqc__ws_client *client);

/* The server closes. */
void mqc__ws_client_terminate(struct mqc__ws_client *client);

/* client_endpoint.c: who it is. */

/* Names it as the cluster knows it; its id needs the id of the node. */
const struct mqc__ws_endpoint *mqc__ws_client_endpoint(struct mqc__ws_client *client);

/* Log that it is there, and that it is gone. */
void mqc__ws_client_log_added(const struct mqc__ws_client *client);
void mqc__ws_client_log_lost(const struct mqc__ws_client *client);

/* client_close.c: the ways in which it ends. */

/* Sends a close and waits for the client's for its time of grace. */
void mqc__ws_client_close(struct mqc__ws_client *client, unsigned code, const char *reason);

/* Answers the client's close, at once or when what it said before has been handled. */
void mqc__ws_client_peer_closes(struct mqc__ws_client *client, const struct mqc__ws_input *input);

/* Does so if it was waiting for that and nothing is pending any more. */
void mqc__ws_client_answer_close(struct mqc__ws_client *client);

/* Notes with which code and reason it ends; the first ones count. */
void mqc__ws_client_note_end(struct mqc__ws_client *client, unsigned code, const char *reason);

/* Ends the connection at once. (client.c) */
void mqc__ws_client_drop(struct mqc__ws_client *client);

/* client_upgrade.c: the request. */

/* Takes bytes of the request's head; returns how many belonged to it. */
size_t mqc__ws_client_take_head(struct mqc__ws_client *client, struct mqc_view bytes);

/* client_ping.c */

/* Sends the first ping, and then one each interval; a client that has not answered the one before
 * is closed. */
void mqc__ws_client_begin_pings(struct mqc__ws_client *client);

/* client_messages.c: what it says. */

/* Takes bytes of frames. */
void mqc__ws_client_take_frames(struct mqc__ws_client *client, struct mqc_view bytes);

/* Acknowledges its subscriptions if they are active. */
void mqc__ws_client_acknowledge(struct mqc__ws_client *client);

/* Sends an error message. */
void mqc__ws_client_send_error(struct mqc__ws_client *client, const char *code,
                               struct mqc_view context);

/* client_events.c: the events that it publishes. */

/* Publishes one; false: there is no room for it now. */
bool mqc__ws_client_take_event(struct mqc__ws_client *client, struct mqc_view message);

/* Keeps a message for later; closes the client when it has too much pending. */
void mqc__ws_client_keep(struct mqc__ws_client *client, struct mqc_view message);

/* Handles what is pending, as far as there is room. */
void mqc__ws_client_take_pending(struct mqc__ws_client *client);

/* Lets the node's handlers begin with what was published since the last time. */
void mqc__ws_client_end_publishing(struct mqc__ws_client *client);

/* Forgets what is pending. */
void mqc__ws_client_forget_pending(struct mqc__ws_client *client);

#endif
