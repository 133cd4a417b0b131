#ifndef MQC_CLI_SPOOL_TALLY_H
#define MQC_CLI_SPOOL_TALLY_H

#include <mqcluster.h>

/* What waits of one sender instance on one topic with one guarantee. */
struct mqc__spool_line {
    struct mqc__spool_line *next;
    char *instance;
    size_t instance_size;
    char *topic; /* of MQTT where it is none of the cluster's */
    size_t topic_size;
    enum mqc_guarantee guarantee;
    bool is_foreign; /* the topic is of another root */
    uint64_t events;
    uint64_t bytes;
    uint64_t first_number;
    uint64_t last_number;
    uint64_t first_sequence;
    uint64_t last_sequence;
};

/* What waits in a spool, counted. Start with zeros. */
struct mqc__spool_tally {
    struct mqc__spool_line *first; /* in the order of their first events */
    struct mqc__spool_line *last;
    void *index; /* of tsearch() */
    uint64_t events;
    uint64_t bytes;
    bool has_failed; /* for lack of memory */
};

/* Count one event, with and without its line: for mqc_spool_walk(), with a tally as context. */
bool mqc__spool_tally_add(void *tally, const struct mqc_spool_record *record);
bool mqc__spool_tally_total(void *tally, const struct mqc_spool_record *record);

void mqc__spool_tally_fini(struct mqc__spool_tally *tally);

#endif
