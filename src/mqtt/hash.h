#ifndef MQC_MQTT_HASH_H
#define MQC_MQTT_HASH_H

/* uthash, set up so that it reports a lack of memory instead of ending the process: after a
 * HASH_ADD the item is in the table only if its hh.tbl is not NULL. Its macros and those of utlist
 * expand to what clang-tidy takes for long functions and, not knowing their invariants, for misused
 * pointers; so they stand in functions of one line that are excluded from those checks. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#endif
