#ifndef TESTS_UNIT_CODEC_TEST_PROTOBUF_SAMPLES_H
#define TESTS_UNIT_CODEC_TEST_PROTOBUF_SAMPLES_H

#include "base/arena.h"
#include "base/buffer.h"
#include "support/suite.h"
#include "value/event.h"

/* Events for the tests of the wire form. Everything lives in the arena given, which must be large
 * enough: the functions have no failure result. */

/* A value of a random type with random contents, lists nested at most `depth` deep. */
struct mqc_value sample_value(struct mqc__arena *arena, struct test_random *random, unsigned depth);

/* An event with up to 5 arguments and sometimes metadata. */
struct mqc_event sample_event(struct mqc__arena *arena, struct test_random *random);

/* connection_seen(10.0.0.5, 54321/tcp, 93.184.216.34, 443/tcp, "ESTABLISHED"). */
struct mqc_event sample_connection_seen(struct mqc__arena *arena);

/* One argument of every type, with sets and tables inside each other, and two metadata values. */
struct mqc_event sample_every_type(struct mqc__arena *arena);

/* A vector in a vector and so on: `depth` values with the innermost. */
struct mqc_value sample_nested(struct mqc__arena *arena, unsigned depth,
                               struct mqc_value innermost);

/* Memory of exactly `size` bytes (at least 1) for the caller to free; ends the program when there
 * is none. */
char *sample_memory(size_t size);

/* The event alone in an Envelope of node "worker-1". */
void sample_encode(const struct mqc_event *event, struct mqc__buffer *buffer);

/* Says whether two events are the same, bit for bit, the order in sets and tables aside. */
bool sample_events_equal(const struct mqc_event *a, const struct mqc_event *b);

#endif
