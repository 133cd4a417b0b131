#ifndef MQC_CONFIG_SCALAR_H
#define MQC_CONFIG_SCALAR_H

#include "config/option.h"

/* Text to typed value. Each returns MQC_ECONFIG with *info (may be NULL) saying what came and what
 * is expected, and then leaves the output as it was. */

enum mqc_error mqc__scalar_bool(struct mqc_view text, bool *out, struct mqc_error_info *info);

/* The option is an INTEGER ("16"), SIZE ("64MiB", "1kB", "512") or DURATION ("10s", "500ms"; no
 * unit only for 0; "off" where it may be); checks its range and step. */
enum mqc_error mqc__scalar_number(const struct mqc__option *option, struct mqc_view text,
                                  uint64_t *out, struct mqc_error_info *info);

enum mqc_error mqc__scalar_choice(const struct mqc__choice *choices, struct mqc_view text, int *out,
                                  struct mqc_error_info *info);

/* Longest text that mqc__scalar_format writes, with its NUL. */
#define MQC__SCALAR_BYTES ((size_t)32)

/* Writes a number of that kind with the largest unit that is exact. Returns text_out. */
const char *mqc__scalar_format(enum mqc__option_kind kind, uint64_t number,
                               char text_out[MQC__SCALAR_BYTES]);

/* Writes the words of a choice, "broker or best_effort", cut to fit. */
void mqc__scalar_list_choices(const struct mqc__choice *choices, char *text_out, size_t size);

#endif
