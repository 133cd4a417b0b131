#include "link/tls.h"

#include "base/fail.h"
#include "base/log.h"
#include "link/tls_failure.h"
#include "link/tls_priv.h"

#include <stdlib.h>
#include <string.h>

/* Two of the largest records: one that is being read and one that arrives. */
#define INPUT_BYTES_MAX ((size_t)36 << 10)

/* Plaintext is encrypted while the output holds less than OUTPUT_BYTES. What the protocol itself
 * says (a flight of the handshake, alerts) always finds room, since mbedTLS may only be asked to
 * write data when nothing of its own is left over: it would take the one for the other. */
#define OUTPUT_BYTES ((size_t)64 << 10)
#define OUTPUT_BYTES_MAX ((size_t)192 << 10)

static int send_output(void *context, const unsigned char *bytes, size_t size)
{
    struct mqc__tls *tls = context;
    if (size > mqc__tls_queue_room(&tls->output))
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    if (!mqc__tls_queue_append(&tls->output, bytes, size))
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    return (int)size;
}

static int receive_input(void *context, unsigned char *buffer, size_t size)
{
    struct mqc__tls *tls = context;
    const struct mqc_view input = mqc__tls_queue_view(&tls->input);
    if (input.size == 0)
        return tls->is_input_ended ? MBEDTLS_ERR_SSL_CONN_EOF : MBEDTLS_ERR_SSL_WANT_READ;
    const size_t taken = input.size < size ? input.size : size;
    memcpy(buffer, input.data, taken);
    mqc__tls_queue_take(&tls->input, taken);
    return (int)taken;
}

static enum mqc_error fail_memory(struct mqc_error_info *info)
{
    return mqc__fail(info, MQC_ENOMEM, "out of memory");
}

/* Names the peer that is wanted; the name is also what SNI sends (RFC 6066 3: no addresses there).
 */
static enum mqc_error set_name(struct mqc__tls *tls, struct mqc_error_info *info)
{
    if (tls->config->is_server)
        return MQC_OK;
    const bool is_address = tls->name.address_size != 0;
    const int result = mbedtls_ssl_set_hostname(&tls->ssl, is_address ? NULL : tls->name.text);
    return result == 0 ? MQC_OK : fail_memory(info);
}

static enum mqc_error set_up(struct mqc__tls *tls, const struct mqc__tls_session *session,
                             struct mqc_error_info *info)
{
    if (mbedtls_ssl_setup(&tls->ssl, &tls->config->ssl) != 0)
        return fail_memory(info);
    mbedtls_ssl_set_bio(&tls->ssl, tls, send_output, receive_input, NULL);
    mqc__tls_verify_init(&tls->verify, tls->config, tls->config->is_server ? NULL : &tls->name);
    mbedtls_ssl_set_verify(&tls->ssl, mqc__tls_verify_certificate, &tls->verify);
    const enum mqc_error error = set_name(tls, info);
    if (error == MQC_OK && session != NULL && mqc__tls_session_offer(tls, session))
        tls->session_expiry_s = session->expiry_s;
    return error;
}

static struct mqc__tls *new_tls(struct mqc__tls_config *config, const struct mqc__tls_name *name)
{
    struct mqc__tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return NULL;
    tls->config = mqc__tls_config_ref(config);
    tls->name = *name;
    tls->status = MQC__TLS_WANTS_INPUT;
    mbedtls_ssl_init(&tls->ssl);
    mqc__tls_queue_init(&tls->input, INPUT_BYTES_MAX);
    mqc__tls_queue_init(&tls->output, OUTPUT_BYTES_MAX);
    return tls;
}

enum mqc_error mqc__tls_new(struct mqc__tls_config *config, const char *server_name,
                            const struct mqc__tls_session *session, struct mqc__tls **tls_out,
                            struct mqc_error_info *info)
{
    struct mqc__tls_name name = {.address_size = 0};
    if (!config->is_server && !mqc__tls_name_parse(server_name, &name))
        return mqc__fail(info, MQC_EINVAL,
                         "a TLS client must know the name of its server: a host name or an IP "
                         "address");
    struct mqc__tls *tls = new_tls(config, &name);
    if (tls == NULL)
        return fail_memory(info);
    const enum mqc_error error = set_up(tls, session, info);
    if (error != MQC_OK) {
        mqc__tls_free(&tls);
        return error;
    }
    if (config->is_insecure)
        mqc__log(MQC_LOG_WARNING,
                 "TLS is insecure: anybody is accepted as %s, and can read and "
                 "change everything",
                 config->is_server ? "client" : name.text);
    *tls_out = tls;
    return MQC_OK;
}

void mqc__tls_free(struct mqc__tls **tls)
{
    if (*tls == NULL)
        return;
    mbedtls_ssl_free(&(*tls)->ssl);
    mqc__tls_queue_fini(&(*tls)->input);
    mqc__tls_queue_fini(&(*tls)->output);
    mqc__tls_config_unref(&(*tls)->config);
    free(*tls);
    *tls = NULL;
}

static bool is_at_end(const struct mqc__tls *tls)
{
    return tls->status == MQC__TLS_FAILED || tls->status == MQC__TLS_CLOSED;
}

static enum mqc__tls_status fail(struct mqc__tls *tls, int error)
{
    const struct mqc__tls_trouble trouble = {
        .error = error,
        .alert = error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? mqc__compat_alert(&tls->ssl) : -1,
        .verify_flags = mbedtls_ssl_get_verify_result(&tls->ssl),
        .problem_tag = tls->verify.tag,
        .problem_text = tls->verify.text,
        .first_bytes = mqc_view_bytes(tls->first, tls->first_size),
        .is_server = tls->config->is_server,
        .is_established = tls->was_established,
        .is_1_3 = strcmp(mbedtls_ssl_get_version(&tls->ssl), "TLSv1.3") == 0,
        .has_psk = tls->config->has_psk,
        .has_certificate = tls->config->certificate.raw.p != NULL,
    };
    mqc__tls_failure_word(&trouble, &tls->failure);
    mqc__fail_place(&tls->failure.info, "%s", tls->name.text);
    tls->status = MQC__TLS_FAILED;
    return tls->status;
}

size_t mqc__tls_input(struct mqc__tls *tls, struct mqc_view ciphertext)
{
    if (is_at_end(tls))
        return ciphertext.size;
    const size_t room = mqc__tls_queue_room(&tls->input);
    const size_t taken = ciphertext.size < room ? ciphertext.size : room;
    if (!mqc__tls_queue_append(&tls->input, ciphertext.data, taken)) {
        (void)fail(tls, MBEDTLS_ERR_SSL_ALLOC_FAILED);
        return ciphertext.size;
    }
    for (size_t i = 0; i < taken && tls->first_size < sizeof tls->first; i++)
        tls->first[tls->first_size++] = ciphertext.data[i];
    return taken;
}

void mqc__tls_input_end(struct mqc__tls *tls)
{
    tls->is_input_ended = true;
}

struct mqc_view mqc__tls_output(const struct mqc__tls *tls)
{
    return mqc__tls_queue_view(&tls->output);
}

void mqc__tls_output_taken(struct mqc__tls *tls, size_t size)
{
    mqc__tls_queue_take(&tls->output, size);
}

/* mbedTLS has ended the handshake as its configuration says; this holds whatever that says. */
static bool is_peer_accepted(const struct mqc__tls *tls)
{
    const struct mqc__tls_config *config = tls->config;
    const uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);
    if (config->is_insecure || config->has_psk)
        return true;
    if (!config->is_server)
        return flags == 0 && (tls->verify.has_judged || mqc__tls_session_is_used(tls));
    switch (config->client_certificate) {
    case MQC__TLS_CLIENT_CERTIFICATE_NONE: return true;
    case MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL:
        return (flags &
                ~(uint32_t)(MBEDTLS_X509_BADCERT_MISSING | MBEDTLS_X509_BADCERT_SKIP_VERIFY)) == 0;
    case MQC__TLS_CLIENT_CERTIFICATE_REQUIRED: break;
    }
    return flags == 0;
}

static enum mqc__tls_status finish_handshake(struct mqc__tls *tls)
{
    if (!is_peer_accepted(tls)) {
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
        return fail(tls, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    }
    tls->was_established = true;
    tls->status = MQC__TLS_ESTABLISHED;
    return tls->status;
}

static enum mqc__tls_status fail_handshake(struct mqc__tls *tls, int error)
{
    /* The one refusal of which mbedTLS tells the peer nothing. */
    if (error == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    return fail(tls, error);
}

enum mqc__tls_status mqc__tls_step(struct mqc__tls *tls)
{
    if (tls->status != MQC__TLS_WANTS_INPUT)
        return tls->status;
    if (!mqc__tls_is_record(mqc_view_bytes(tls->first, tls->first_size)))
        return fail(tls, MBEDTLS_ERR_SSL_INVALID_RECORD);
    while (!mqc__compat_is_over(&tls->ssl)) {
        if (mqc__compat_state(&tls->ssl) == MBEDTLS_SSL_SERVER_CERTIFICATE)
            tls->has_seen_proof = true;
        const int result = mbedtls_ssl_handshake_step(&tls->ssl);
        if (result == MBEDTLS_ERR_SSL_WANT_READ)
            return MQC__TLS_WANTS_INPUT;
        if (result != 0)
            return fail_handshake(tls, result);
    }
    return finish_handshake(tls);
}

static enum mqc__tls_status end_reading(struct mqc__tls *tls, int result)
{
    if (result == MBEDTLS_ERR_SSL_WANT_READ)
        return MQC__TLS_WANTS_INPUT;
    if (result != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return fail(tls, result != 0 ? result : MBEDTLS_ERR_SSL_CONN_EOF);
    mqc__tls_close(tls);
    tls->status = MQC__TLS_CLOSED;
    return tls->status;
}

/* mbedTLS may stop at what is no data, a ticket for instance, as if that were all the input. */
static int read_data(struct mqc__tls *tls, void *buffer, size_t size)
{
    size_t before = 0;
    size_t left = mqc__tls_queue_view(&tls->input).size;
    int result = 0;
    do {
        before = left;
        result = mbedtls_ssl_read(&tls->ssl, buffer, size);
        left = mqc__tls_queue_view(&tls->input).size;
    } while (mqc__compat_is_ticket(&tls->ssl, result) ||
             (result == MBEDTLS_ERR_SSL_WANT_READ && left > 0 && left < before));
    return result;
}

enum mqc__tls_status mqc__tls_read(struct mqc__tls *tls, void *buffer, size_t size,
                                   size_t *size_out)
{
    *size_out = 0;
    const enum mqc__tls_status status = mqc__tls_step(tls);
    if (status != MQC__TLS_ESTABLISHED || size == 0)
        return status;
    const int result = read_data(tls, buffer, size);
    if (result <= 0)
        return end_reading(tls, result);
    *size_out = (size_t)result;
    return MQC__TLS_ESTABLISHED;
}

static bool has_room(const struct mqc__tls *tls)
{
    return mqc__tls_queue_view(&tls->output).size < OUTPUT_BYTES;
}

enum mqc__tls_status mqc__tls_write(struct mqc__tls *tls, struct mqc_view plaintext,
                                    size_t *taken_out)
{
    *taken_out = 0;
    if (tls->is_closing)
        return tls->status == MQC__TLS_FAILED ? MQC__TLS_FAILED : MQC__TLS_CLOSED;
    const enum mqc__tls_status status = mqc__tls_step(tls);
    if (status != MQC__TLS_ESTABLISHED)
        return status;
    while (*taken_out < plaintext.size) {
        if (!has_room(tls))
            return MQC__TLS_WANTS_OUTPUT;
        /* One record at most; the room for it is there. */
        const int result =
            mbedtls_ssl_write(&tls->ssl, (const unsigned char *)plaintext.data + *taken_out,
                              plaintext.size - *taken_out);
        if (result <= 0)
            return fail(tls, result != 0 ? result : MBEDTLS_ERR_SSL_INTERNAL_ERROR);
        *taken_out += (size_t)result;
    }
    return MQC__TLS_ESTABLISHED;
}

void mqc__tls_close(struct mqc__tls *tls)
{
    if (tls->is_closing || tls->status != MQC__TLS_ESTABLISHED)
        return;
    tls->is_closing = true;
    (void)mbedtls_ssl_close_notify(&tls->ssl);
}

const struct mqc__tls_failure *mqc__tls_failure(const struct mqc__tls *tls)
{
    return &tls->failure;
}
