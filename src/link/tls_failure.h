#ifndef MQC_LINK_TLS_FAILURE_H
#define MQC_LINK_TLS_FAILURE_H

#include "link/tls.h"

#include <stdint.h>

/* What is known about a connection when it fails. */
struct mqc__tls_trouble {
    int error;               /* of mbedTLS */
    int alert;               /* the number of the peer's alert, if the error says that one came */
    uint32_t verify_flags;   /* mbedTLS's judgement of the peer's certificate */
    const char *problem_tag; /* of our own judgement, NULL: no problem found */
    const char *problem_text;
    struct mqc_view first_bytes; /* the first that the peer sent */
    bool is_server;
    bool is_established;
    bool is_1_3; /* what the handshake has come to */
    bool has_psk;
    bool has_certificate; /* of our own */
};

/* Says whether bytes may be the start of a TLS record, as far as they go. */
bool mqc__tls_is_record(struct mqc_view bytes);

/* Finds the tag and the words for a failure. */
void mqc__tls_failure_word(const struct mqc__tls_trouble *trouble,
                           struct mqc__tls_failure *failure_out);

#endif
