#ifndef MQC_CLUSTER_COMPARE_H
#define MQC_CLUSTER_COMPARE_H

#include "base/view.h"

/* Compares by bytes, as Zeek sorts names and topics: worker-10 comes before worker-2. Returns less
 * than, equal to or greater than 0. */
static inline int mqc__compare_bytes(struct mqc_view a, struct mqc_view b)
{
    const size_t common = a.size < b.size ? a.size : b.size;
    const int order = common != 0 ? memcmp(a.data, b.data, common) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

#endif
