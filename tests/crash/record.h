#ifndef CRASH_RECORD_H
#define CRASH_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the programs of the crash test know after they were killed: a file of records, each of them
 * appended by one write(2). What write() took is in the kernel's hands, so kill -9 loses none of
 * it; and since 32 divides a page, no record is torn. checker.py reads the same layout.
 */
enum crash_kind {
    CRASH_KIND_START = 1,    /* the program began; only `start` counts */
    CRASH_KIND_INTENT = 2,   /* sender: is about to publish it */
    CRASH_KIND_ACCEPTED = 3, /* sender: publish returned true */
    CRASH_KIND_HANDLED = 4,  /* receiver: a handler had it */
    CRASH_KIND_KNOWN = 5,    /* receiver: came as uncertain, and was in the log already */
};

struct crash_record {
    uint32_t start;  /* of the sender, counted from 1; of the program itself with START */
    uint32_t number; /* counted from 1 for each start, thread and topic */
    uint16_t thread;
    uint16_t topic;
    uint16_t kind;         /* enum crash_kind */
    uint16_t is_uncertain; /* receiver: the library said so */
    uint32_t clock_ms;     /* monotonic, to bring the logs of the programs together */
    uint32_t mark;         /* CRASH_MARK */
    uint64_t sequence;     /* receiver: the library's number; 0 unknown */
};

_Static_assert(sizeof(struct crash_record) == 32, "checker.py knows this size");

#define CRASH_MARK 0x43524153U

/* Opens a log, made if missing, at whose end records are appended. -1: errno says why. */
int crash_log_open(const char *path);

/* Appends a record, to which it adds clock and mark. False: the disk is full, or worse. Any thread.
 */
bool crash_log_append(int log, struct crash_record record);

/* Finds the last event that a receiver has logged of the same sender's start, thread and topic.
 * False: there is none. */
bool crash_log_find_last(int log, const struct crash_record *like, struct crash_record *last_out);

#endif
