#ifndef MQC_LINK_TLS_STAMP_H
#define MQC_LINK_TLS_STAMP_H

#include "link/tls_config.h"

/* A number that is another one when a file that the options name was written or replaced, or came,
 * or went; a file in ca_path too. Reads no contents. Any thread. */
uint64_t mqc__tls_stamp(const struct mqc__tls_options *options);

#endif
