#ifndef MQC_LINK_TLS_TIME_H
#define MQC_LINK_TLS_TIME_H

#include <mbedtls/x509.h>
#include <stdint.h>

#define MQC__TLS_TIME_BYTES ((size_t)24)

/* Seconds since the Unix epoch of a certificate's time, which is UTC. */
int64_t mqc__tls_time_s(const mbedtls_x509_time *time);

/* Writes "2031-01-02 03:04 UTC"; returns text_out. */
const char *mqc__tls_time_text(int64_t time_s, char text_out[MQC__TLS_TIME_BYTES]);

/* When this program was built: no honest clock shows less. */
int64_t mqc__tls_time_built_s(void);

/* The system's clock. */
int64_t mqc__tls_time_now_s(void);

#endif
