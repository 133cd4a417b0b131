#ifndef MQC_MQTT_TOPIC_TABLE_H
#define MQC_MQTT_TOPIC_TABLE_H

#include "base/view.h"
#include "mqtt/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqc__batch;
struct mqc__kept_stream;

/* One MQTT topic: its text, held once for all its batches, and its sequence counter. */
struct mqc__topic {
    UT_hash_handle hh;
    struct mqc__topic *prev; /* in the table's idle list */
    struct mqc__topic *next;
    struct mqc__batch *waiting; /* the outbox's batches that wait, in order; not the table's */
    struct mqc__kept_stream *streams; /* what is kept of it, of each instance; not the table's */
    uint64_t next_sequence;
    uint64_t count_first;   /* where the count started, 0: that was not sent yet; not the table's */
    int64_t count_began_ms; /* and when; likewise */
    bool starts_count;      /* the next batch must say that the count starts with it */
    bool is_urgent;         /* set with the first of its users; not the table's */
    size_t user_count;
    size_t size;
    char text[]; /* NUL-terminated */
};

/*
 * The topics that were published lately. It remembers the counters of at most idle_max topics that
 * nothing refers to, the least recently used forgotten first. A topic that was forgotten starts
 * above every number that was ever forgotten, so that the numbers of a topic never go back. Not
 * thread-safe; zeroed memory with idle_max set is ready to use.
 */
struct mqc__topic_table {
    struct mqc__topic *topics;
    struct mqc__topic *idle; /* least recently used first */
    size_t idle_count;
    size_t idle_max;
    uint64_t seed;               /* of the hash; 0 until there was a topic */
    uint64_t forgotten_sequence; /* the highest number of a forgotten topic */
};

/* Returns the topic if it is known, else NULL; valid until the table is changed. */
struct mqc__topic *mqc__topic_table_find(const struct mqc__topic_table *table,
                                         struct mqc_view text);

/* Finds or makes the topic and adds a user; NULL when memory runs out. The topic stays until its
 * last user leaves. */
struct mqc__topic *mqc__topic_table_use(struct mqc__topic_table *table, struct mqc_view text);

/* One user leaves; the counter may be forgotten some time after the last one did. */
void mqc__topic_table_leave(struct mqc__topic_table *table, struct mqc__topic *topic);

/* Frees all topics; none may have users. */
void mqc__topic_table_fini(struct mqc__topic_table *table);

#endif
