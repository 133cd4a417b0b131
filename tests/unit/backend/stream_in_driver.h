#ifndef TESTS_UNIT_BACKEND_STREAM_IN_DRIVER_H
#define TESTS_UNIT_BACKEND_STREAM_IN_DRIVER_H

#include "backend/stream_in.h"

#include "support/suite.h"

/* What the tests of mqc__stream_in share. */

#define NEVER MQC__STREAM_IN_NEVER
#define ONE MQC__RECEIPT_ONE
#define MANY MQC__RECEIPT_MANY

static inline struct mqc__stream_in stream_at(uint64_t last)
{
    struct mqc__stream_in stream;
    mqc__stream_in_restore(&stream, last, 0);
    return stream;
}

static inline struct mqc__stream_in_batch batch_of(uint64_t first, uint64_t count,
                                                   enum mqc__receipt_kind kind)
{
    return (struct mqc__stream_in_batch){.first = first, .count = count, .receipt = (uint8_t)kind};
}

/* Judges a batch and, when it is let through, handles it. */
static inline struct mqc__stream_in_verdict take_batch(struct mqc__stream_in *stream,
                                                       struct mqc__stream_in_batch batch,
                                                       int64_t now_ms)
{
    CHECK(mqc__stream_in_is_possible(&batch));
    const struct mqc__stream_in_verdict verdict = mqc__stream_in_arrive(stream, &batch, now_ms);
    if (!verdict.is_discarded && batch.count != 0)
        mqc__stream_in_handled(stream, batch.first + batch.count - 1, now_ms);
    return verdict;
}

static inline struct mqc__stream_in_verdict take(struct mqc__stream_in *stream, uint64_t first,
                                                 uint64_t count, enum mqc__receipt_kind kind,
                                                 int64_t now_ms)
{
    return take_batch(stream, batch_of(first, count, kind), now_ms);
}

#define CHECK_VERDICT(verdict, repeats, misses, discards)                                          \
    do {                                                                                           \
        const struct mqc__stream_in_verdict got = (verdict);                                       \
        CHECK_UNSIGNED(got.repeated, (repeats));                                                   \
        CHECK_UNSIGNED(got.missing, (misses));                                                     \
        CHECK_INT(got.is_discarded, (discards));                                                   \
    } while (0)

/* Checks what the sender is told now. */
static inline void check_told(struct mqc__stream_in *stream, int64_t now_ms, uint64_t handled_to,
                              bool wants_repeat)
{
    struct mqc__stream_in_receipt receipt = {0, false};
    CHECK(mqc__stream_in_receipt(stream, now_ms, &receipt));
    CHECK_UNSIGNED(receipt.handled_to, handled_to);
    CHECK_INT(receipt.wants_repeat, wants_repeat);
    CHECK(!mqc__stream_in_receipt(stream, now_ms, &receipt));
}

static inline void check_told_nothing(struct mqc__stream_in *stream, int64_t now_ms)
{
    struct mqc__stream_in_receipt receipt;
    CHECK(!mqc__stream_in_receipt(stream, now_ms, &receipt));
}

#endif
