#ifndef MQC_VALUE_SORT_H
#define MQC_VALUE_SORT_H

#include "value/value.h"

/* Compares as mqc_value_compare, in linear time, values whose own sets and tables are sorted at
 * every depth: what a decoder makes from the inside out. */
int mqc__value_compare_sorted(const struct mqc_value *a, const struct mqc_value *b);

/* Sorts in place by mqc__value_compare_sorted, with the same condition. Returns false when two
 * elements are equal. */
bool mqc__values_sort(struct mqc_value *items, size_t count);

/* Sorts in place by key. Returns false when two keys are equal. */
bool mqc__entries_sort(struct mqc_entry *entries, size_t count);

/* Says whether every set and table in a value is sorted, each element and key once, at every depth.
 */
bool mqc__value_is_sorted(const struct mqc_value *value);

/* Return a sorted copy of the elements (what they point to is shared), which the caller frees with
 * free(); NULL when they are sorted already, when there are none, or when memory ran out. */
struct mqc_value *mqc__values_sorted(struct mqc_list list);
struct mqc_entry *mqc__entries_sorted(struct mqc_entries entries);

#endif
