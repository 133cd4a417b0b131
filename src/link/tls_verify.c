#include "link/tls_verify.h"

#include "link/tls_time.h"

#include <stdio.h>

/* Enough for the names of a certificate in a message. */
#define NAME_BYTES ((size_t)64)
#define NAMES_BYTES ((size_t)120)

#define FLAGS_OF_TIME (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)
#define FLAGS_OF_CRL                                                                               \
    (MBEDTLS_X509_BADCRL_NOT_TRUSTED | MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE |  \
     MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY)

/* Words a problem of a certificate into verify->text and returns its tag. */
typedef const char *(*word_fn)(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                               uint32_t flags);

static const char *word_untrusted(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                                  uint32_t flags)
{
    char subject[NAME_BYTES];
    char issuer[NAME_BYTES];
    (void)flags;
    (void)snprintf(
        verify->text, sizeof verify->text,
        "no trusted CA vouches for the certificate of %s, whose issuer is %s: check that "
        "ca_file or ca_path holds that CA, and that the peer is the right one",
        mqc__tls_name_common(&crt->subject, subject, sizeof subject),
        mqc__tls_name_common(&crt->issuer, issuer, sizeof issuer));
    return "tls_untrusted";
}

static const char *word_revoked(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                                uint32_t flags)
{
    char subject[NAME_BYTES];
    (void)flags;
    (void)snprintf(verify->text, sizeof verify->text,
                   "the certificate of %s was revoked by its CA: give the peer a new one",
                   mqc__tls_name_common(&crt->subject, subject, sizeof subject));
    return "tls_revoked";
}

static const char *word_clock(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt)
{
    char now[MQC__TLS_TIME_BYTES];
    char start[MQC__TLS_TIME_BYTES];
    char subject[NAME_BYTES];
    (void)snprintf(verify->text, sizeof verify->text,
                   "the clock of this host is wrong: it shows %s, when this program was not built "
                   "yet, and the certificate of %s is valid from %s; set the clock (NTP)",
                   mqc__tls_time_text(verify->config->clock(), now),
                   mqc__tls_name_common(&crt->subject, subject, sizeof subject),
                   mqc__tls_time_text(mqc__tls_time_s(&crt->valid_from), start));
    return "tls_clock";
}

static const char *word_future(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                               uint32_t flags)
{
    char now[MQC__TLS_TIME_BYTES];
    char start[MQC__TLS_TIME_BYTES];
    char subject[NAME_BYTES];
    (void)flags;
    const int64_t now_s = verify->config->clock();
    if (now_s < mqc__tls_time_built_s())
        return word_clock(verify, crt);
    (void)snprintf(verify->text, sizeof verify->text,
                   "the certificate of %s is not valid before %s, and the clock of this host shows "
                   "%s: check both",
                   mqc__tls_name_common(&crt->subject, subject, sizeof subject),
                   mqc__tls_time_text(mqc__tls_time_s(&crt->valid_from), start),
                   mqc__tls_time_text(now_s, now));
    return "tls_not_yet_valid";
}

static const char *word_expired(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                                uint32_t flags)
{
    char now[MQC__TLS_TIME_BYTES];
    char end[MQC__TLS_TIME_BYTES];
    char subject[NAME_BYTES];
    (void)flags;
    (void)snprintf(
        verify->text, sizeof verify->text,
        "the certificate of %s expired on %s, and the clock of this host shows %s: renew "
        "the certificate",
        mqc__tls_name_common(&crt->subject, subject, sizeof subject),
        mqc__tls_time_text(mqc__tls_time_s(&crt->valid_to), end),
        mqc__tls_time_text(verify->config->clock(), now));
    return "tls_expired";
}

static const char *word_wrong_name(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                                   uint32_t flags)
{
    char names[NAMES_BYTES];
    (void)flags;
    (void)snprintf(verify->text, sizeof verify->text,
                   "the peer's certificate is for %s, not for %.*s: connect by a name that it has, "
                   "or issue one with this %s in its subjectAltName",
                   mqc__tls_name_list(crt, names, sizeof names), (int)NAMES_BYTES,
                   verify->name->text, verify->name->address_size != 0 ? "address" : "name");
    return "tls_wrong_name";
}

static const char *word_crl(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                            uint32_t flags)
{
    char issuer[NAME_BYTES];
    const char *what = "cannot be trusted";
    if ((flags & MBEDTLS_X509_BADCRL_EXPIRED) != 0)
        what = "has expired";
    else if ((flags & MBEDTLS_X509_BADCRL_FUTURE) != 0)
        what = "is not valid yet";
    (void)snprintf(verify->text, sizeof verify->text,
                   "the revocation list of %s in crl_file %s: fetch the newest list of that CA",
                   mqc__tls_name_common(&crt->issuer, issuer, sizeof issuer), what);
    return "tls_crl";
}

const char *mqc__tls_verify_reasons(uint32_t flags, char text_out[MQC__TLS_REASONS_BYTES])
{
    if (mbedtls_x509_crt_verify_info(text_out, MQC__TLS_REASONS_BYTES, "", flags) < 0)
        (void)snprintf(text_out, MQC__TLS_REASONS_BYTES, "for several reasons");
    for (char *at = text_out; *at != '\0'; at++) {
        if (*at == '\n')
            *at = at[1] != '\0' ? ' ' : '\0';
    }
    return text_out;
}

static const char *word_unfit(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt,
                              uint32_t flags)
{
    char subject[NAME_BYTES];
    char reasons[MQC__TLS_REASONS_BYTES];
    (void)snprintf(verify->text, sizeof verify->text,
                   "the certificate of %s cannot be accepted: %s",
                   mqc__tls_name_common(&crt->subject, subject, sizeof subject),
                   mqc__tls_verify_reasons(flags, reasons));
    return "tls_certificate";
}

/* The gravest first: what is said about a certificate that nobody vouches for means nothing. */
static const struct {
    uint32_t flags;
    word_fn word;
} problems[] = {
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, word_untrusted},
    {MBEDTLS_X509_BADCERT_REVOKED, word_revoked},
    {MBEDTLS_X509_BADCERT_FUTURE, word_future},
    {MBEDTLS_X509_BADCERT_EXPIRED, word_expired},
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, word_wrong_name},
    {FLAGS_OF_CRL, word_crl},
    {UINT32_MAX, word_unfit},
};

#define PROBLEM_COUNT (sizeof problems / sizeof problems[0])

void mqc__tls_verify_init(struct mqc__tls_verify *verify, const struct mqc__tls_config *config,
                          const struct mqc__tls_name *name)
{
    *verify = (struct mqc__tls_verify){
        .config = config,
        .name = name,
        .chain_expiry_s = INT64_MAX,
        .rank = PROBLEM_COUNT,
    };
}

/* mbedTLS has judged the dates by the system's clock, this is by the configuration's. */
static uint32_t judge_dates(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt)
{
    const int64_t now_s = verify->config->clock();
    const int64_t end_s = mqc__tls_time_s(&crt->valid_to);
    if (end_s < verify->chain_expiry_s)
        verify->chain_expiry_s = end_s;
    uint32_t flags = now_s > end_s ? MBEDTLS_X509_BADCERT_EXPIRED : 0;
    if (now_s < mqc__tls_time_s(&crt->valid_from))
        flags |= MBEDTLS_X509_BADCERT_FUTURE;
    return flags;
}

static void note(struct mqc__tls_verify *verify, const mbedtls_x509_crt *crt, uint32_t flags)
{
    for (size_t rank = 0; rank < verify->rank; rank++) {
        if ((flags & problems[rank].flags) != 0) {
            verify->tag = problems[rank].word(verify, crt, flags);
            verify->rank = rank;
            return;
        }
    }
}

int mqc__tls_verify_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct mqc__tls_verify *verify = context;
    *flags = (*flags & ~(uint32_t)FLAGS_OF_TIME) | judge_dates(verify, crt);
    /* mbedTLS was not told a name that is an address: it would compare it as text. */
    if (depth == 0 && verify->name != NULL && verify->name->address_size != 0 &&
        !mqc__tls_name_has_address(verify->name, crt))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    verify->has_judged = verify->has_judged || depth == 0;
    note(verify, crt, *flags);
    return 0;
}
