#ifndef TESTS_SUPPORT_FAILING_MALLOC_H
#define TESTS_SUPPORT_FAILING_MALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* For programs built with mqc_test_failing_malloc() of tests/CMakeLists.txt: every malloc(),
 * calloc() and realloc() of their own code and of the static modules is counted. Not for several
 * threads. */

/* Counts from 1 again, and makes the allocation with that number fail; none for 0. */
void fail_allocation(size_t number);

/* How many allocations were tried since fail_allocation(). */
size_t allocation_count(void);

/* Whether the one that shall fail was among them. */
bool allocation_has_failed(void);

#endif
