#ifndef MQC_CLI_ROSTER_H
#define MQC_CLI_ROSTER_H

#include "cli/client.h"

/*
 * Who is up, for commands that are no nodes. What the broker keeps of the nodes' presence comes
 * after it has acknowledged the subscription, and no message says which is the last: it counts as
 * complete when all nodes of a static layout are up, or when nothing new came for a while. One
 * thread.
 */
struct mqc__roster {
    struct mqc__client *client;
    size_t layout_count; /* nodes of a static layout; 0: nobody knows how many there are */
    int64_t started_ms;
    int64_t ready_ms;   /* when the subscription was acknowledged; -1: not yet */
    int64_t changed_ms; /* when something was heard of a node */
};

/* How long to wait for the broker, without --timeout, and then for somebody to come up. */
#define MQC__ROSTER_CONNECT_MS 10000
#define MQC__ROSTER_NOBODY_MS 3000

/* Between two looks. */
#define MQC__ROSTER_STEP_MS 20

/* Asks for the presence of all nodes; between mqc__client_open() and mqc__client_start(). Reports
 * what goes wrong and returns the exit status. */
int mqc__roster_watch(struct mqc__roster *roster, struct mqc__client *client);

/* Says whether the roster is complete by now. MQC_ETIMEOUT: not yet; other errors: it never will
 * be. */
enum mqc_error mqc__roster_look(struct mqc__roster *roster);

/* Waits for at most timeout_ms until the roster is complete. False: it is not, which is reported,
 * unless a signal to stop came. */
bool mqc__roster_wait(struct mqc__roster *roster, int64_t timeout_ms);

/* Says whether the configuration lists all nodes that there are. */
bool mqc__roster_is_static(const struct mqc_config *config);

/* What there is to say when the broker was not reached in time. */
extern const char mqc__roster_unreached[];

#endif
