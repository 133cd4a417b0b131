#ifndef TESTS_BENCH_PAYLOAD_H
#define TESTS_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every payload begins with. */
struct payload_head {
    uint64_t sequence; /* from 0 in each phase */
    int64_t sent_ns;   /* clock_now_ns() just before it was given to the subject */
    uint32_t phase;
    uint32_t size; /* of the whole payload */
};

/* The smallest payload: a head, and the sequence number once more at the end. */
#define PAYLOAD_LEAST (sizeof(struct payload_head) + sizeof(uint64_t))

/* Fills a buffer with bytes that do not compress. */
void payload_fill(char *payload, size_t size);

/* Writes head and end of a payload of head->size bytes, at least PAYLOAD_LEAST. */
void payload_write(char *payload, const struct payload_head *head);

/* Reads the head; false when this is not, from end to end, what payload_write() wrote. */
bool payload_read(const void *payload, size_t size, struct payload_head *head_out);

#endif
