#include "bench/bench.h"

#include <string.h>

static const struct bench *const benches[] = {&bench_latency, &bench_throughput};

const struct bench *bench_find(const char *name)
{
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
        if (strcmp(benches[i]->name, name) == 0)
            return benches[i];
    }
    return NULL;
}
