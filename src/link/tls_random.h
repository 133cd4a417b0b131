#ifndef MQC_LINK_TLS_RANDOM_H
#define MQC_LINK_TLS_RANDOM_H

#include <stddef.h>

/* Fills `output` with random bytes of the kernel, which need no seed and do not repeat after a
 * fork. The form that mbedTLS asks for: returns 0, or an error of mbedTLS. Any thread. */
int mqc__tls_random(void *unused, unsigned char *output, size_t size);

#endif
