#ifndef MQC_CONFIG_DOCUMENT_PRIV_H
#define MQC_CONFIG_DOCUMENT_PRIV_H

#include "base/buffer.h"
#include "config/option.h"

#define MQC__DESCRIPTION_BYTES ((size_t)240)

/* The smallest configuration, two lines. */
extern const char mqc__document_smallest[];

/* Writes what an option takes and what it is by default: "A duration, 5s to 18h; default 60s."
 * Returns text_out. */
const char *mqc__document_describe(const struct mqc__option *option,
                                   char text_out[MQC__DESCRIPTION_BYTES]);

/* Says whether the option's value is made of the options below it. */
bool mqc__document_is_section(const struct mqc__option *option);

/* Says whether the option's value takes lines of its own below the key. */
bool mqc__document_is_block(const struct mqc__option *option);

/* Returns the value that an example shows. */
const char *mqc__document_example(const struct mqc__option *option);

#endif
