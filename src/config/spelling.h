#ifndef MQC_CONFIG_SPELLING_H
#define MQC_CONFIG_SPELLING_H

#include "base/view.h"

/* Words longer than this are like no other. */
#define MQC__SPELLING_BYTES_MAX ((size_t)40)

/* Counts the letters to insert, delete, replace or swap with a neighbour that turn one word into
 * the other; greater than any tolerance when a word is too long. */
size_t mqc__spelling_distance(struct mqc_view a, struct mqc_view b);

/* The greatest distance at which a word of this length still looks like a slip. */
size_t mqc__spelling_tolerance(struct mqc_view word);

/* Returns the name of the list, which ends with NULL, that is nearest to the word, or NULL. */
const char *mqc__spelling_nearest(struct mqc_view word, const char *const *names);

#endif
