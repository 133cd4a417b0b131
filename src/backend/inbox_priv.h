#ifndef MQC_BACKEND_INBOX_PRIV_H
#define MQC_BACKEND_INBOX_PRIV_H

#include "backend/inbox.h"

#include <pthread.h>

struct mqc__inbox {
    pthread_mutex_t mutex; /* guards everything below */
    pthread_cond_t filled;
    pthread_cond_t emptied;
    struct mqc__inbox_item *first;
    struct mqc__inbox_item **last;
    size_t messages; /* those that room is kept for included */
    size_t messages_max;
    size_t bytes;
    size_t bytes_max;
    size_t notices; /* errors, changes of state, due receipts */
    size_t node_notices;
    size_t raised;
    size_t raised_bytes;
    bool is_awaited; /* who takes sleeps, and nobody has woken it yet */
    bool is_blocking;
    bool is_closed;
    int fd;
};

/* Makes an item with copies of these texts. NULL: out of memory. */
struct mqc__inbox_item *mqc__inbox_item_new(enum mqc__inbox_kind kind, struct mqc_view topic,
                                            struct mqc_view payload, struct mqc_view content_type);

/* With the mutex held. */

/* Says whether a message of this size fits. */
bool mqc__inbox_has_room_locked(const struct mqc__inbox *inbox, size_t bytes);
/* Take the room of an item, and give it back. */
void mqc__inbox_count_locked(struct mqc__inbox *inbox, const struct mqc__inbox_item *item);
void mqc__inbox_uncount_locked(struct mqc__inbox *inbox, const struct mqc__inbox_item *item);
/* Puts in an item that was counted. */
void mqc__inbox_append_locked(struct mqc__inbox *inbox, struct mqc__inbox_item *item);
/* Gives the mutex back, and only then wakes who waits for what was put in: it would run into the
 * mutex otherwise. */
void mqc__inbox_unlock_filled(struct mqc__inbox *inbox);

#endif
