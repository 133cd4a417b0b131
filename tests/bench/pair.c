#include "bench/pair.h"

#include <sys/mman.h>
#include <sys/resource.h>

struct pair *pair_new(unsigned count)
{
    /* Most of it is never touched, and what is not touched takes no memory. */
    struct pair *pairs = mmap(NULL, count * sizeof *pairs, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pairs == MAP_FAILED)
        return NULL;
    for (unsigned i = 0; i < count; i++) {
        if (!flow_init(&pairs[i].there) || !flow_init(&pairs[i].back) ||
            sem_init(&pairs[i].is_receiver_ready, 1, 0) != 0 ||
            sem_init(&pairs[i].receiver_work, 1, 0) != 0)
            return NULL;
    }
    return pairs;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void usage_read(struct usage *usage_out, const struct usage *before)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    *usage_out = (struct usage){
        .cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime) - before->cpu_s,
        .peak_rss_kb = usage.ru_maxrss,
    };
}
