#ifndef MQC_LINK_LOOPBACK_H
#define MQC_LINK_LOOPBACK_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

/* The port of 127.0.0.1 where a link waits for its client. */
struct mqc__loopback {
    int listener; /* -1: closed */
    uint16_t port;
    atomic_ullong stranger_count; /* connections of others, refused */
};

enum mqc__loopback_result {
    MQC__LOOPBACK_ACCEPTED, /* the listener is closed, the connection is the caller's */
    MQC__LOOPBACK_NOBODY,   /* nobody is there, or a stranger was: wait until there is more */
    MQC__LOOPBACK_FAILED,   /* this host is short of something */
};

/* Listens on a port that the system chooses. MQC_EIO. */
MQC_MUST_USE enum mqc_error mqc__loopback_open(struct mqc__loopback *loopback,
                                               struct mqc_error_info *info);

/*
 * Takes one waiting connection, if it is one of this process; others are reset. Does not block. The
 * client's end is prepared too: no Nagle; it writes whole messages, waiting for room for a second
 * at most; and a read that finds nothing ends at once, as before. *fd_out is non-blocking.
 */
enum mqc__loopback_result mqc__loopback_accept(struct mqc__loopback *loopback, int *fd_out);

/* Prepares a socket that an MQTT library uses, as above. */
void mqc__loopback_prepare_client(int fd);

/* Idempotent. */
void mqc__loopback_close(struct mqc__loopback *loopback);

#endif
