#ifndef TESTS_UNIT_MQTT_ENVELOPE_DOUBLE_H
#define TESTS_UNIT_MQTT_ENVELOPE_DOUBLE_H

#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Stands in for the codec: an envelope is the text "instance/node/FIRST/STARTS|" (with
 * " receipt KIND kept FROM of TOPIC" before the bar if there is a receipt, behind that
 * " after INSTANCE LAST kept FROM" if it comes after another instance's, and " piece OFFSET of
 * TOTAL" with a piece) and the events, or that piece, which in these tests are texts that end with
 * ';'. So many bytes of events and more it compresses,
 * to the text "level LEVEL: SIZE bytes".
 */
#define ENVELOPE_DOUBLE_COMPRESSED_BYTES 100

struct envelope_double {
    char sender[100]; /* instance/node */
    uint64_t first_sequence;
    bool starts_count;
    struct mqc_view events;
};

/* Reads one; false when it is none. */
bool envelope_double_read(struct mqc_view payload, struct envelope_double *envelope_out);

#endif
