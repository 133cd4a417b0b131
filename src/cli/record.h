#ifndef MQC_CLI_RECORD_H
#define MQC_CLI_RECORD_H

#include <mqcluster.h>

#include <stdio.h>

/*
 * One line of output, put together piece by piece: JSON, or text for people. What goes wrong on the
 * way shows when the line is printed.
 */
struct mqc__record {
    FILE *stream;
    char *text;
    size_t size;
    bool has_failed;
};

void mqc__record_begin(struct mqc__record *record);

/* Adds formatted text. */
void mqc__record_add(struct mqc__record *record, const char *format, ...) MQC_PRINTF(2, 3);

/* Adds a JSON string, for any bytes. */
void mqc__record_add_string(struct mqc__record *record, struct mqc_view text);

/* Adds a value as tagged JSON. */
void mqc__record_add_value(struct mqc__record *record, const struct mqc_value *value);

/* Room for what mqc__record_time() writes. */
#define MQC__RECORD_TIME_BYTES 40

/* Writes a time in nanoseconds since the Unix epoch as 2026-01-02T03:04:05.678Z, cut to ms. */
void mqc__record_time(int64_t ns, char text_out[MQC__RECORD_TIME_BYTES]);

/* Prints the line and frees it; false when that did not work, which is reported. */
bool mqc__record_print(struct mqc__record *record, const char *who);

#endif
