#ifndef MQC_LINK_OWNER_H
#define MQC_LINK_OWNER_H

#include <stdbool.h>

/*
 * Finds the other end of a connection that was accepted on an address of this host, if this very
 * process holds it, and returns a duplicate of its descriptor, which the caller closes. -1:
 * somebody else holds it, or it is no longer connected. Any thread.
 */
int mqc__owner_find(int accepted_fd);

/*
 * Puts another socket in the place of that other end: whoever uses the descriptor uses the other
 * socket from then on. Only for a descriptor whose user can be relied on not to close it meanwhile,
 * since its number could come to name something else. The caller keeps other_fd. False: there is no
 * such descriptor in this process.
 */
bool mqc__owner_replace(int accepted_fd, int other_fd);

#endif
