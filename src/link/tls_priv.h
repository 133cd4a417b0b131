#ifndef MQC_LINK_TLS_PRIV_H
#define MQC_LINK_TLS_PRIV_H

#include "link/tls.h"
#include "link/tls_config_priv.h"
#include "link/tls_name.h"
#include "link/tls_queue.h"
#include "link/tls_verify.h"

/* Of what a peer says first; enough to tell what it speaks. */
#define MQC__TLS_FIRST_BYTES ((size_t)48)

struct mqc__tls {
    struct mqc__tls_config *config;
    mbedtls_ssl_context ssl;
    struct mqc__tls_name name; /* clients */
    struct mqc__tls_verify verify;
    struct mqc__tls_queue input;  /* ciphertext that mbedTLS has not read */
    struct mqc__tls_queue output; /* ciphertext that nobody has sent */
    char first[MQC__TLS_FIRST_BYTES];
    size_t first_size;
    enum mqc__tls_status
        status; /* WANTS_INPUT: in the handshake, then ESTABLISHED, CLOSED, FAILED */
    bool is_input_ended;
    bool was_established;     /* the handshake was done and checked, whatever came later */
    bool is_closing;          /* we have said good-bye */
    bool has_seen_proof;      /* the handshake came to the server's certificate: a full one */
    int64_t session_expiry_s; /* of the session that was offered, 0: none was */
    struct mqc__tls_failure failure;
};

struct mqc__tls_session {
    uint64_t config_id;
    char name[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1];
    int64_t saved_s;
    int64_t expiry_s; /* from then on the peer has to prove itself again */
    mbedtls_ssl_session session;
};

/* Offers the session to the peer when it fits the connection; true when it was offered. */
bool mqc__tls_session_offer(struct mqc__tls *tls, const struct mqc__tls_session *session);

/* Says whether the handshake, which is over, resumed a session. */
bool mqc__tls_session_is_used(const struct mqc__tls *tls);

#endif
