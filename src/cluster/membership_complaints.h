#ifndef MQC_CLUSTER_MEMBERSHIP_COMPLAINTS_H
#define MQC_CLUSTER_MEMBERSHIP_COMPLAINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Keeps errors of one kind from being told too often: each once an hour as long as it is
 * remembered, and ten in a minute. Zeroed memory is ready to use.
 */
struct mqc__complaints {
    struct {
        uint64_t key;
        int64_t told_ms;
    } told[64];
    size_t told_count;
    int64_t window_ms; /* when the present minute began */
    unsigned window_count;
    uint64_t withheld_count;
};

/* Says whether the error `key` is to be told now; if so, *withheld_out is how many others were not
 * since the last one that was. */
bool mqc__complaints_admit(struct mqc__complaints *complaints, uint64_t key, int64_t now_ms,
                           uint64_t *withheld_out);

#endif
