#ifndef MQC_CLI_ACL_LIST_H
#define MQC_CLI_ACL_LIST_H

#include <mqcluster.h>

/* The access list for Mosquitto that `mqcluster acl` prints. */

#define MQC__ACL_ALLOWED_LIMIT 64

struct mqc__acl {
    const char *who; /* argv[0] */
    const struct mqc_config *config;
    bool is_strict; /* workers may publish to the topics of managers, loggers and proxies only, */
    const char *allowed[MQC__ACL_ALLOWED_LIMIT]; /* and to these event topics and those below */
    size_t allowed_count;
    char root[MQC_ROOT_BYTES]; /* filled in by mqc__acl_check() */
};

/* Says whether there are nodes and a list can express all names; reports what is wrong. */
bool mqc__acl_check(struct mqc__acl *acl);

/* Prints the list, after the check; the same for the same input. False when it could not, which is
 * reported. */
bool mqc__acl_print(const struct mqc__acl *acl);

#endif
