#ifndef MQC_LINK_OWNER_H
#define MQC_LINK_OWNER_H

/*
 * Finds the other end of a connection that was accepted on an address of this host, if this very
 * process holds it, and returns a duplicate of its descriptor, which the caller closes. -1:
 * somebody else holds it, or it is no longer connected. Any thread.
 */
int mqc__owner_find(int accepted_fd);

#endif
