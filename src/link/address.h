#ifndef MQC_LINK_ADDRESS_H
#define MQC_LINK_ADDRESS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* More addresses of one name are not tried. */
#define MQC__ADDRESSES_MAX 16

/* Room for "[IPv6%interface]:port" with its NUL. */
#define MQC__ADDRESS_TEXT_BYTES 96

struct mqc__address {
    struct sockaddr_storage name;
    socklen_t size;
};

/* The addresses of a host in the order in which they should be tried, IPv4 and IPv6 in turn. */
struct mqc__address_list {
    struct mqc__address items[MQC__ADDRESSES_MAX];
    size_t count;
};

/*
 * Finds the addresses of a host, which is a name or an address, until deadline_ms
 * (mqc__clock_monotonic_ms). Blocks until then at the longest. Any thread. MQC_ECONNECT: there is
 * none; MQC_ETIMEOUT; MQC_ENOMEM; MQC_EINVAL: no host.
 */
MQC_MUST_USE enum mqc_error mqc__address_lookup(const char *host, uint16_t port,
                                                int64_t deadline_ms,
                                                struct mqc__address_list *list_out,
                                                struct mqc_error_info *info);

/* Writes "127.0.0.1:1883" or "[::1]:1883"; returns text_out. */
const char *mqc__address_text(const struct mqc__address *address,
                              char text_out[MQC__ADDRESS_TEXT_BYTES]);

#endif
