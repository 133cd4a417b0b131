#ifndef MQC_SPOOL_RECORD_H
#define MQC_SPOOL_RECORD_H

#include "spool/spool.h"

/*
 * How records lie in the store, one behind the other: sizes, numbers in little endian, topic, a
 * NUL, event. The number is not there: those of a group follow one another. Pure.
 */

/* What an event takes; the topic's size must be right. */
size_t mqc__record_bytes(const struct mqc__spool_offer *offer);

/* Writes mqc__record_bytes() bytes, with a sequence of 0. */
void mqc__record_write(char *at, const struct mqc__spool_offer *offer);

/* Writes the record's sequence and starts_count to where it was read from. */
void mqc__record_amend(const struct mqc__spool_record *record);

/* Reads the record at *at, but for its number and instance, and moves *at behind it. false: there
 * is none, or it is cut or senseless. Takes any bytes. */
bool mqc__record_read(struct mqc_view bytes, size_t *at, struct mqc__spool_record *record_out);

/* A sum over a group that shows whether it is still what was written; the same on every machine. */
uint64_t mqc__record_sum(uint64_t first_number, size_t count, struct mqc_view instance,
                         struct mqc_view records);

#endif
