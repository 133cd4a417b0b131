#include "link/tls_priv.h"

#include "link/tls_error.h"

#include <stdlib.h>
#include <string.h>

/* A peer proves itself at least so often: a certificate that was revoked is not accepted for ever.
 */
#define LIFETIME_S INT64_C(86400)

bool mqc__tls_session_offer(struct mqc__tls *tls, const struct mqc__tls_session *session)
{
    const int64_t now_s = tls->config->clock();
    if (tls->config->is_server || session->config_id != tls->config->id ||
        strcmp(session->name, tls->name.text) != 0 || now_s < session->saved_s ||
        now_s >= session->expiry_s)
        return false;
    return mbedtls_ssl_set_session(&tls->ssl, &session->session) == 0;
}

/* A resumed session is no younger than the one it came from. */
static int64_t expiry_s(const struct mqc__tls *tls, int64_t now_s)
{
    if (mqc__tls_is_resumed(tls))
        return tls->session_expiry_s;
    const int64_t longest_s = now_s + LIFETIME_S;
    return tls->verify.chain_expiry_s < longest_s ? tls->verify.chain_expiry_s : longest_s;
}

/* A cut line ends a connection, not its session; an error of the protocol ends both (RFC
 * 5246 7.2.2).
 */
static bool may_be_resumed(const struct mqc__tls *tls)
{
    return tls->was_established &&
           (tls->status != MQC__TLS_FAILED || strcmp(tls->failure.tag, "tls_closed") == 0);
}

enum mqc_error mqc__tls_session_save(struct mqc__tls *tls, struct mqc__tls_session **session_out)
{
    if (tls->config->is_server || !may_be_resumed(tls))
        return MQC_ENOTFOUND;
    struct mqc__tls_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return MQC_ENOMEM;
    mbedtls_ssl_session_init(&session->session);
    const int result = mbedtls_ssl_get_session(&tls->ssl, &session->session);
    if (result != 0) {
        mqc__tls_session_free(&session);
        return mqc__tls_error_is_memory(result) ? MQC_ENOMEM : MQC_ENOTFOUND;
    }
    session->config_id = tls->config->id;
    memcpy(session->name, tls->name.text, sizeof session->name);
    session->saved_s = tls->config->clock();
    session->expiry_s = expiry_s(tls, session->saved_s);
    *session_out = session;
    return MQC_OK;
}

void mqc__tls_session_free(struct mqc__tls_session **session)
{
    if (*session == NULL)
        return;
    mbedtls_ssl_session_free(&(*session)->session);
    free(*session);
    *session = NULL;
}

bool mqc__tls_session_is_used(const struct mqc__tls *tls)
{
    /* A client resumes only what it offered; with a pre-shared key of its own TLS 1.3 shows no
     * certificate either. */
    return !tls->has_seen_proof && (tls->config->is_server || tls->session_expiry_s != 0);
}

bool mqc__tls_is_resumed(const struct mqc__tls *tls)
{
    return tls->was_established && mqc__tls_session_is_used(tls);
}
