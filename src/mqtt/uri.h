#ifndef MQC_MQTT_URI_H
#define MQC_MQTT_URI_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 1035 2.3.4, written with dots */
#define MQC__URI_HOST_BYTES_MAX 253

/* Where a broker listens. */
struct mqc__uri {
    char host[MQC__URI_HOST_BYTES_MAX + 1]; /* a name or an address, without brackets */
    uint16_t port;
    bool is_ipv6; /* the host was written in brackets */
    bool is_tls;  /* mqtts:// */
};

/* Reads mqtt://HOST[:PORT] or mqtts://HOST[:PORT], an IPv6 address in brackets; without a port it
 * is 1883, with TLS 8883. MQC_EINVAL: it is none; *info says what came and why, but never repeats a
 * password. */
enum mqc_error mqc__uri_parse(const char *text, struct mqc__uri *uri_out,
                              struct mqc_error_info *info);

#endif
