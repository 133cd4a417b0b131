#ifndef MQC_MQTT_URI_H
#define MQC_MQTT_URI_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define MQC__URI_HOST_BYTES_MAX 255

/* Where a broker listens. */
struct mqc__uri {
    char host[MQC__URI_HOST_BYTES_MAX + 1]; /* a name or an address, without brackets */
    uint16_t port;
    bool is_ipv6; /* the host was written in brackets */
};

/* Reads mqtt://host[:port], mqtt://[ipv6][:port]; the port is 1883 unless given. MQC_EINVAL: it is
 * none, *info says why. */
enum mqc_error mqc__uri_parse(const char *text, struct mqc__uri *uri_out,
                              struct mqc_error_info *info);

#endif
