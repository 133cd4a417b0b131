#include "spool/latch.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    LATCH_CLOSED = 0,
    LATCH_AWAITED = 1, /* closed, and somebody sleeps */
};

void mqc__latch_init(struct mqc__latch *latch)
{
    atomic_init(&latch->word, LATCH_CLOSED);
}

void mqc__latch_open(struct mqc__latch *latch, unsigned value)
{
    if (atomic_exchange(&latch->word, value) == LATCH_AWAITED)
        (void)syscall(SYS_futex, &latch->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

unsigned mqc__latch_wait(struct mqc__latch *latch)
{
    unsigned word = atomic_load(&latch->word);
    while (word <= LATCH_AWAITED) {
        if (word == LATCH_AWAITED ||
            atomic_compare_exchange_strong(&latch->word, &word, LATCH_AWAITED)) {
            /* Returns at once when the word has changed meanwhile. */
            (void)syscall(SYS_futex, &latch->word, FUTEX_WAIT_PRIVATE, LATCH_AWAITED, NULL, NULL,
                          0);
            word = atomic_load(&latch->word);
        }
    }
    return word;
}
