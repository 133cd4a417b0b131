#ifndef MQC_API_REQUIRE_H
#define MQC_API_REQUIRE_H

#include "base/fail.h"

/* Arguments that only a bug can get wrong. */
#define REQUIRE_ARGUMENT(condition, info)                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return mqc__fail((info), MQC_EINVAL, "%s: argument breaks the rule: %s", __func__,     \
                             #condition);                                                          \
    } while (0)

#endif
