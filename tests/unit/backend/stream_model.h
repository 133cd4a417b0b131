#ifndef TESTS_UNIT_BACKEND_STREAM_MODEL_H
#define TESTS_UNIT_BACKEND_STREAM_MODEL_H

#include "backend/stream_in.h"
#include "mqtt/stream_out.h"

/*
 * The end-to-end protocol in a world that is small enough to be tried out completely: one sender
 * that publishes a few events on one topic, a broker, one or two receivers. The machines are those
 * of the product; around them is as little as possible of what they have to do with: what the
 * sender has on disk, what the receivers have on disk, and what is under way.
 *
 * A schedule is a row of actions. Among them are faults, of which there is a limited number: the
 * broker loses messages, sends them twice or in another order; connections break; the sender and
 * the receivers are killed; the sender gives up events. Every action keeps the world's rules or
 * notes a violation. A state must also be one from which everything comes right without any
 * further fault: model_settles() sees to that.
 */

#define MODEL_INSTANCES 3 /* of the sender, one after the other */
#define MODEL_RECEIVERS 2
#define MODEL_QUEUE 8

/* What may be wrong with the world, to see that it would be noticed. */
enum model_mutant {
    MODEL_SOUND,
    MODEL_REPEATED_NOT_SKIPPED,
    MODEL_DISCARDED_NOT_DROPPED,
    MODEL_REQUESTS_IGNORED,
    MODEL_NO_PROBES,
    MODEL_DONE_WHEN_SENT,    /* not when receipted */
    MODEL_NOTED_TOO_EARLY,   /* on the receiver's disk, before the handler has run */
    MODEL_MISSING_NOT_TAKEN, /* events that are given up go unreported */
    MODEL_AGE_NOT_SAID,      /* so that every receiver seems to have joined late */
    MODEL_EARLIER_NOT_SAID,  /* after which instance's events others come */
};

struct model_config {
    const char *name;
    enum mqc__receipt_kind kind;
    unsigned receivers;
    unsigned events;
    unsigned faults;     /* in one schedule, at most */
    unsigned ticks;      /* so often time passes before the faults end */
    bool sender_forgets; /* durability: memory */
    bool receivers_forget;
    bool gives_up; /* events, among the faults */
    enum model_mutant mutant;
};

/* Events, a probe, or a receipt. */
struct model_message {
    uint8_t instance;
    uint8_t first;     /* handled_to of a receipt */
    uint8_t count;     /* wants_repeat of a receipt */
    uint8_t kept_from; /* UINT8_MAX stands for UINT64_MAX */
    uint8_t receiver;  /* of a receipt */
    uint8_t after;     /* the instance whose events come before, plus 1; 0: none */
    uint8_t after_last;
    uint8_t after_kept_from;
};

struct model_queue {
    uint8_t count;
    struct model_message at[MODEL_QUEUE];
};

/* Sets of sequence numbers are bits. */
struct model_out {
    bool is_known;    /* to the sender that runs now */
    uint8_t accepted; /* the highest number */
    uint8_t next;     /* the next to be handed to the broker */
    uint8_t given_up; /* a set */
    struct mqc__stream_out machine;
};

struct model_in {
    bool is_on_disk;
    bool began_later; /* than the receiver's memory */
    uint8_t disk_last;
    uint8_t base;    /* the highest number before those that this memory begins with */
    uint8_t handled; /* sets */
    uint8_t missing;
    uint8_t ever_handled; /* also before the memory was lost */
    uint8_t uncertain;    /* it was in the handlers when they were killed */
    struct mqc__stream_in machine;
};

struct model_world {
    int64_t now_ms; /* 0 after every action: all times are moved with it */
    uint8_t published;
    uint8_t instance; /* that runs now */
    uint8_t faults;   /* left */
    uint8_t ticks;    /* left */
    struct model_out out[MODEL_INSTANCES];
    struct model_in in[MODEL_RECEIVERS][MODEL_INSTANCES];
    struct model_queue events[MODEL_RECEIVERS];
    struct model_queue repeats[MODEL_RECEIVERS];
    struct model_queue receipts;
};

enum model_action_kind {
    MODEL_PUBLISH,
    MODEL_SEND,        /* a: how many */
    MODEL_TAKE_EVENTS, /* a: receiver */
    MODEL_TAKE_REPEAT, /* a: receiver */
    MODEL_TAKE_RECEIPT,
    MODEL_PROBE,               /* a: instance; when its time comes */
    MODEL_TELL,                /* a: receiver, b: instance; likewise */
    MODEL_FAULTS,              /* the kinds above are none */
    MODEL_LOSE = MODEL_FAULTS, /* a: queue, b: place */
    MODEL_LOSE_ALL,
    MODEL_REDELIVER,     /* a: queue, b: place; at the end once more */
    MODEL_SWAP,          /* a: queue, b: place; with the next one */
    MODEL_SEND_AGAIN,    /* a: instance, b: how many */
    MODEL_KILL_SENDER,   /* a: 1: what was done with comes back, too */
    MODEL_KILL_RECEIVER, /* a: receiver */
    MODEL_KILL_HANDLER,  /* a: receiver, b: from repeats, c: after 2n events; 2n + 1: in the next */
    MODEL_GIVE_UP,       /* a: instance, b: up to this number */
};

struct model_action {
    uint8_t kind;
    uint8_t a;
    uint8_t b;
    uint8_t c;
};

#define MODEL_ACTIONS_MAX 128
#define MODEL_LENGTH_MAX 256

struct model {
    struct model_config config;
    const char *violation;                          /* the first one, or NULL */
    struct model_action schedule[MODEL_LENGTH_MAX]; /* that leads to it */
    unsigned length;
    unsigned long states; /* different ones */
    unsigned long transitions;
    unsigned long settled; /* runs to the end without faults */
    int64_t settled_ms;    /* the longest of them */
};

/* stream_model.c: the world. */
void model_begin(const struct model *model, struct model_world *world);

/* Fills actions[MODEL_ACTIONS_MAX] with what may happen next; returns how many. */
unsigned model_actions(const struct model *model, const struct model_world *world,
                       struct model_action *actions);

/* Notes a violation, when there is none yet. */
void model_require(struct model *model, bool holds, const char *rule);

void model_apply(struct model *model, struct model_world *world, struct model_action action);

/* stream_model_sender.c */
void model_publish(struct model *model, struct model_world *world);
bool model_has_unsent(const struct model_world *world);
void model_send(struct model *model, struct model_world *world, unsigned count);
void model_probe(struct model *model, struct model_world *world, unsigned instance);
void model_hear(struct model *model, struct model_world *world,
                const struct model_message *receipt);
void model_send_again(struct model_world *world, unsigned instance, unsigned count);
void model_kill_sender(struct model *model, struct model_world *world, bool brings_back);
void model_give_up(struct model_world *world, unsigned instance, unsigned to);

/* stream_model_receiver.c. steps: as in MODEL_KILL_HANDLER, UINT_MAX: nobody is killed. */
void model_receive(struct model *model, struct model_world *world, unsigned receiver,
                   const struct model_message *message, unsigned steps);
void model_tell(struct model_world *world, unsigned receiver, unsigned instance);
void model_kill_receiver(const struct model *model, struct model_world *world, unsigned receiver);

/* Appends, if there is room; the broker drops what it has no room for. */
void model_push(struct model_queue *queue, struct model_message message);
struct model_message model_take(struct model_queue *queue, unsigned place);

/* stream_model_settle.c: lets all run without faults until everything has arrived; notes a
 * violation when it does not. */
void model_settles(struct model *model, const struct model_world *world);

/* stream_model_explore.c: tries out every schedule. Stops at the first violation. */
void model_explore(struct model *model);

/* Prints the schedule that led to the violation. */
void model_print_schedule(const struct model *model);

#endif
