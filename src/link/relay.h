#ifndef MQC_LINK_RELAY_H
#define MQC_LINK_RELAY_H

#include "link/relay_wire.h"

/* Bytes on their way in one direction: read at `end`, written from `begin`. */
struct mqc__relay_pipe {
    struct mqc__wire *source;
    struct mqc__wire *target;
    unsigned char *bytes;
    size_t capacity;
    size_t begin;
    size_t end;
    bool is_source_ready; /* poll says so */
    bool has_source_ended;
    bool is_target_gone; /* what still comes is dropped */
    bool is_done;        /* the end was passed on */
    /* What is read goes through here, if `pass` is not NULL. */
    struct mqc__link_filter filter;
    unsigned char *unfiltered; /* where it is read to, then */
    bool wants_filter;         /* the filter may have more to give */
    bool has_failed;           /* it cannot go on */
};

/*
 * Carries bytes between two wires in both directions, as they come and with bounded memory: what
 * one side does not take is not read from the other. The end of one direction is passed on after
 * its last byte. When a wire fails, what had arrived on it before still reaches the other.
 */
struct mqc__relay {
    struct mqc__wire *client;
    struct mqc__wire *broker;
    struct mqc__relay_pipe up;   /* client to broker */
    struct mqc__relay_pipe down; /* broker to client */
    int stop_fd;
    int wake_fd; /* an eventfd: the filter has more to give; -1: there is none */
    bool is_stopping;
    int64_t deadline_ms; /* once stopping */
    /* The broker's side has ended, and not at the client's wish. Called once, before the client can
     * see it, on the thread of mqc__relay_run. */
    void (*broker_ended)(void *context, const struct mqc__link_failure *failure);
    void *context;
};

/* Prepares a relay with buffer_bytes in each direction, 128 KiB at least; borrows the wires,
 * stop_fd and wake_fd. MQC_ENOMEM.
 */
enum mqc_error mqc__relay_init(struct mqc__relay *relay, size_t buffer_bytes);

/* Lets what the client sends pass a filter. MQC_ENOMEM. */
enum mqc_error mqc__relay_set_filter(struct mqc__relay *relay,
                                     const struct mqc__link_filter *filter);

/*
 * Works until both directions have ended, or a while longer than stop_fd becomes readable: then
 * what the client has written is sent, its end is passed on, and the broker gets until linger_ms to
 * hang up.
 */
void mqc__relay_run(struct mqc__relay *relay, unsigned linger_ms);

void mqc__relay_fini(struct mqc__relay *relay);

#endif
