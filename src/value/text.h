#ifndef MQC_VALUE_TEXT_H
#define MQC_VALUE_TEXT_H

#include "value/value.h"

/*
 * The text forms of scalar values, shared by the JSON codec, the command line and log lines. The
 * forms are those of Zeek's JSON v1 with these differences: writing loses nothing (as many fraction
 * digits as needed), and reading refuses what Zeek silently turns into something else (a port above
 * 65535 or without digits, a prefix length that is too long, an unknown trailing text, octal, a
 * time outside the range of 64-bit nanoseconds). Nothing here depends on the locale.
 */

/* Longest text that any mqc__*_format writes, with its NUL. */
#define MQC__TEXT_BYTES 64

/* Each writes its value as NUL-terminated text into text_out and returns the length. */
size_t mqc__address_format(const struct mqc_address *address, char text_out[MQC__TEXT_BYTES]);
size_t mqc__subnet_format(const struct mqc_subnet *subnet, char text_out[MQC__TEXT_BYTES]);
size_t mqc__port_format(const struct mqc_port *port, char text_out[MQC__TEXT_BYTES]);
/* YYYY-MM-DDTHH:MM:SS.mmm, with 6 or 9 fraction digits where 3 are not exact. */
size_t mqc__timestamp_format(int64_t ns, char text_out[MQC__TEXT_BYTES]);
/* The largest of s, ms, us, ns that is exact: 1500ms; zero is 0s. */
size_t mqc__timespan_format(int64_t ns, char text_out[MQC__TEXT_BYTES]);
/* The shortest decimal that reads back as the same binary64 (for a few powers of two one digit
 * more), always with a '.' or an exponent: 1.0, 0.1, 1e+100. Infinities are 1e999 and -1e999, which
 * every JSON reader turns into infinity; NaN is nan, which is not JSON. */
size_t mqc__real_format(double real, char text_out[MQC__TEXT_BYTES]);

/* Each reads the whole text; false leaves *out as it was. */
bool mqc__address_parse(struct mqc_view text, struct mqc_address *out);
/* ADDRESS/LENGTH; host bits are cleared. IPv4, also in its IPv6 form, takes lengths up to 32. */
bool mqc__subnet_parse(struct mqc_view text, struct mqc_subnet *out);
/* N/tcp, N/udp, N/icmp, N/? or N/unknown; a bare N is tcp, and any other protocol is unknown. */
bool mqc__port_parse(struct mqc_view text, struct mqc_port *out);
/* YYYY-MM-DDTHH:MM:SS, then up to nine fraction digits, then Z, +HH, +HHMM or +HH:MM (or -); UTC
 * without a zone. */
bool mqc__timestamp_parse(struct mqc_view text, int64_t *ns_out);
/* A decimal number and its unit: h, min, s, ms, us or ns. Exact; what is less than a nanosecond is
 * cut off. */
bool mqc__timespan_parse(struct mqc_view text, int64_t *ns_out);
/* A decimal number of seconds, as exact as a timespan. */
bool mqc__seconds_parse(struct mqc_view text, int64_t *ns_out);
bool mqc__count_parse(struct mqc_view text, uint64_t *out);
bool mqc__integer_parse(struct mqc_view text, int64_t *out);
/* A decimal number with or without fraction and exponent, or nan, inf, -inf. At most
 * MQC__REAL_TEXT_BYTES long. */
bool mqc__real_parse(struct mqc_view text, double *out);

/* Reads a value of a scalar type from its text form: true, false, T or F for a boolean, the text
 * itself, borrowed, for a string or an enum. false: the text is no such value, or the type no
 * scalar. */
bool mqc__scalar_parse(enum mqc_type type, struct mqc_view text, struct mqc_value *out);

/* Says for an error text what mqc__scalar_parse() reads: "an address like 10.0.0.1 or ::1". */
const char *mqc__scalar_expected(enum mqc_type type);

/* More digits than any binary64 written out in full has. */
#define MQC__REAL_TEXT_BYTES 1200

/* A decimal number at the start of a text. */
struct mqc__number_span {
    size_t size;     /* 0: there is none */
    bool is_integer; /* neither fraction nor exponent */
};

/* Finds the number that the text begins with, in JSON's syntax; a '.' with digits on one side only
 * (5. and .5) is a number too, as for Zeek. */
struct mqc__number_span mqc__number_span(struct mqc_view text);

#endif
