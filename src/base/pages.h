#ifndef MQC_BASE_PAGES_H
#define MQC_BASE_PAGES_H

#include <stddef.h>

/* Asks the system for huge pages where memory that is about to be filled covers them: the small
 * pages of ten megabytes take it longer than the copy into them. It is no matter if there are none.
 * Any thread. */
void mqc__pages_prefer_huge(char *memory, size_t size);

#endif
