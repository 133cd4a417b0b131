#ifndef MQC_LINK_TLS_H
#define MQC_LINK_TLS_H

#include "base/error.h"
#include "base/view.h"
#include "link/tls_config.h"

#include <stddef.h>

/*
 * One TLS connection as a machine: ciphertext goes in and comes out, plaintext goes in and comes
 * out. It has no socket, no thread and no timer; its owner moves the bytes:
 *
 *     n = recv(...);           mqc__tls_input(tls, view), or mqc__tls_input_end(tls) at the end
 *     mqc__tls_step/read/write(tls, ...)
 *     n = send(output...);     mqc__tls_output_taken(tls, n)
 *
 * After each call of step, read, write and close there may be output to send. One thread at a time;
 * connections of one configuration may live in different threads.
 */
struct mqc__tls;

/* What can be resumed later: valid for the configuration and the server name it came from. */
struct mqc__tls_session;

enum mqc__tls_status {
    MQC__TLS_WANTS_INPUT,  /* goes on when there is more input; the output must be sent meanwhile */
    MQC__TLS_WANTS_OUTPUT, /* write goes on when output was taken: there is no room for more */
    MQC__TLS_ESTABLISHED,  /* the handshake is done and checked; read and write do their work */
    MQC__TLS_CLOSED,       /* the peer said good-bye; nothing more can be read or written */
    MQC__TLS_FAILED,       /* for good: mqc__tls_failure() says why; an alert may wait as output */
};

/* Why a connection failed. */
struct mqc__tls_failure {
    const char *tag; /* a constant, one of the list at mqc__tls_failure(); NULL: it did not fail */
    struct mqc_error_info info;
};

/*
 * Makes a connection that has sent nothing yet. `server_name` is the host name or IP address
 * (without brackets) that the peer must prove to own: required for a client, NULL for a server. A
 * `session` that fits is offered for resumption, one that does not is ignored; NULL: none. It stays
 * the caller's. The configuration is referenced. MQC_EINVAL: no server name, or one that cannot be;
 * MQC_ENOMEM.
 */
MQC_MUST_USE enum mqc_error mqc__tls_new(struct mqc__tls_config *config, const char *server_name,
                                         const struct mqc__tls_session *session,
                                         struct mqc__tls **tls_out, struct mqc_error_info *info);

/* Frees the connection and clears the pointer; says nothing to the peer. */
void mqc__tls_free(struct mqc__tls **tls);

/* Takes ciphertext from the peer and returns how many bytes were taken: all, or as many as there is
 * room for until step or read have worked. A failed or closed connection takes and drops
 * everything. */
size_t mqc__tls_input(struct mqc__tls *tls, struct mqc_view ciphertext);

/* Says that the transport ended: there will be no more input. */
void mqc__tls_input_end(struct mqc__tls *tls);

/* The ciphertext that waits to be sent; valid until the next call for this connection. */
struct mqc_view mqc__tls_output(const struct mqc__tls *tls);

/* Drops the first `size` bytes of the output: they were sent. */
void mqc__tls_output_taken(struct mqc__tls *tls, size_t size);

/* Advances the handshake as far as the input allows; afterwards only tells the status. */
enum mqc__tls_status mqc__tls_step(struct mqc__tls *tls);

/*
 * Reads at most `size` bytes of plaintext. ESTABLISHED: *size_out bytes, at least one, and there
 * may be more. Other statuses: *size_out is 0. Advances the handshake when that is not done.
 */
enum mqc__tls_status mqc__tls_read(struct mqc__tls *tls, void *buffer, size_t size,
                                   size_t *size_out);

/*
 * Encrypts plaintext into the output. *taken_out bytes were taken, which the caller must not give
 * again. ESTABLISHED: everything was taken. WANTS_OUTPUT: a part, maybe none. Other statuses: none.
 */
enum mqc__tls_status mqc__tls_write(struct mqc__tls *tls, struct mqc_view plaintext,
                                    size_t *taken_out);

/* Queues the good-bye (close_notify), if one can still be said; nothing can be written any more. */
void mqc__tls_close(struct mqc__tls *tls);

/*
 * Why the connection failed; never NULL, valid as long as the connection. The tags:
 *   tls_untrusted            no CA of ours signed the peer's certificate
 *   tls_expired              a certificate of the peer's chain has expired
 *   tls_not_yet_valid        a certificate of the peer's chain is not valid yet
 *   tls_clock                the same, but it is this host's clock that is wrong
 *   tls_wrong_name           the certificate belongs to another name or address
 *   tls_revoked              a certificate was revoked
 *   tls_crl                  the revocation list itself is expired or not to be trusted
 *   tls_certificate          the certificate is not fit for this: weak, of another use, missing
 *   tls_client_certificate   the server demands a certificate or refuses ours
 *   tls_refused              the client refuses our certificate
 *   tls_version              no TLS version in common
 *   tls_ciphers              no cipher suite in common
 *   tls_alpn                 no application protocol in common
 *   tls_psk                  the peer does not know the identity or has another pre-shared key
 *   tls_not_tls              the peer does not speak TLS
 *   tls_closed               the peer closed without a good-bye
 *   tls_protocol             the peer breaks the protocol, or bytes were changed on the way
 *   tls_memory               memory ran out
 */
const struct mqc__tls_failure *mqc__tls_failure(const struct mqc__tls *tls);

/*
 * Copies what is needed to resume, to be freed with mqc__tls_session_free. Ask when the connection
 * is about to end: with TLS 1.3 the peer hands it out after the handshake. MQC_ENOTFOUND: there is
 * nothing to resume. MQC_ENOMEM.
 */
enum mqc_error mqc__tls_session_save(struct mqc__tls *tls, struct mqc__tls_session **session_out);

/* Frees a session and clears the pointer. */
void mqc__tls_session_free(struct mqc__tls_session **session);

/* Says whether the connection resumed an earlier session. */
bool mqc__tls_is_resumed(const struct mqc__tls *tls);

/* The application protocol that was agreed by ALPN, NULL when none was. */
const char *mqc__tls_alpn(const struct mqc__tls *tls);

/* Writes one line on an established connection: version, suite, the peer's name, its issuer and
 * expiry. Cut to `size`; returns text_out. */
const char *mqc__tls_peer_description(const struct mqc__tls *tls, char *text_out, size_t size);

#endif
