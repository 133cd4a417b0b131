#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>

/* As most machines have them. */
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* Less is not worth the question. */
#define LEAST_BYTES ((size_t)4 << 20)

void mqc__pages_prefer_huge(char *memory, size_t size)
{
    if (size < LEAST_BYTES)
        return;
    /* Inside the memory, so that nothing is taken that will not be filled. */
    const size_t into_page = (uintptr_t)memory % HUGE_PAGE_BYTES;
    const size_t skipped = into_page != 0 ? HUGE_PAGE_BYTES - into_page : 0;
    (void)madvise(memory + skipped, (size - skipped) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES,
                  MADV_HUGEPAGE);
}
