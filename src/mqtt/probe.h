#ifndef MQC_MQTT_PROBE_H
#define MQC_MQTT_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* As struct mqc__client_ops.probe: tries a TCP connection to mqtt://host[:port]. */
bool mqc__probe(const char *uri, unsigned timeout_ms, char *words_out, size_t words_size);

#endif
