#ifndef MQC_MQTT_HASH_H
#define MQC_MQTT_HASH_H

/* uthash, set up so that it reports a lack of memory instead of ending the process: after an
 * HASH_ADD the item is in the table only if its hh.tbl is not NULL. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#endif
