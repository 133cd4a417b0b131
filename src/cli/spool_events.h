#ifndef MQC_CLI_SPOOL_EVENTS_H
#define MQC_CLI_SPOOL_EVENTS_H

#include <mqcluster.h>

/* Prints the events of a spool as `subscribe` would print them, with what is known of them there.
 */
struct mqc__spool_events {
    const char *who;
    const char *node;                      /* NULL: not known */
    const struct mqc_spool_record *record; /* the one being printed */
    bool has_failed;                       /* which was reported */
};

/* Prints one, for mqc_spool_walk(), with the above as context. */
bool mqc__spool_events_print(void *events, const struct mqc_spool_record *record);

#endif
