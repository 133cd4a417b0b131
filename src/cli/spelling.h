#ifndef MQC_CLI_SPELLING_H
#define MQC_CLI_SPELLING_H

#include <stddef.h>

/* Returns how many letters must be added, removed or changed to make one word of the other; words
 * over 32 bytes are as different as they are long. */
size_t mqc__spelling_distance(const char *a, const char *b);

/* Returns the name of the subcommand that was probably meant, or NULL. */
const char *mqc__spelling_nearest(const char *name);

#endif
