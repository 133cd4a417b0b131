#include "link/tls_name.h"

#include <arpa/inet.h>
#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>

/* GeneralName, RFC 5280 4.2.1.6 */
#define SAN_DNS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2)
#define SAN_ADDRESS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)

static bool parse_address(struct mqc__tls_name *name)
{
    /* A link-local address comes with its interface, which no certificate knows. */
    char text[INET6_ADDRSTRLEN];
    const size_t size = strcspn(name->text, "%");
    if (size >= sizeof text)
        return false;
    memcpy(text, name->text, size);
    text[size] = '\0';
    if (inet_pton(AF_INET6, text, name->address) == 1)
        name->address_size = sizeof(struct in6_addr);
    else if (inet_pton(AF_INET, name->text, name->address) == 1)
        name->address_size = sizeof(struct in_addr);
    return name->address_size != 0;
}

static bool is_host_name(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c <= ' ' || c >= 0x7F || strchr("/:@[]*", c) != NULL)
            return false;
    }
    return text[0] != '.' && strstr(text, "..") == NULL;
}

bool mqc__tls_name_parse(const char *text, struct mqc__tls_name *name_out)
{
    *name_out = (struct mqc__tls_name){.address_size = 0};
    size_t size = text != NULL ? strlen(text) : 0;
    if (size > 1 && text[size - 1] == '.')
        size--;
    if (size == 0 || size >= sizeof name_out->text)
        return false;
    memcpy(name_out->text, text, size);
    return parse_address(name_out) || is_host_name(name_out->text);
}

/* The first entry of a subjectAltName, NULL when the certificate has none. */
static const mbedtls_x509_sequence *first_name(const mbedtls_x509_crt *crt)
{
    return crt->subject_alt_names.buf.p != NULL ? &crt->subject_alt_names : NULL;
}

bool mqc__tls_name_has_address(const struct mqc__tls_name *name, const mbedtls_x509_crt *crt)
{
    for (const mbedtls_x509_sequence *entry = first_name(crt); entry != NULL; entry = entry->next) {
        if (entry->buf.tag == SAN_ADDRESS && entry->buf.len == name->address_size &&
            memcmp(entry->buf.p, name->address, name->address_size) == 0)
            return true;
    }
    return false;
}

/* Text that grows in a buffer of the caller's and is cut at its end. */
struct line {
    char *text;
    size_t size;
    size_t used;
};

static void add(struct line *line, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && line->used + 1 < line->size; i++)
        line->text[line->used++] = (char)(bytes[i] >= ' ' && bytes[i] < 0x7F ? bytes[i] : '?');
    line->text[line->used] = '\0';
}

static void add_text(struct line *line, const char *text)
{
    add(line, (const unsigned char *)text, strlen(text));
}

static void add_name(struct line *line, const mbedtls_x509_buf *name)
{
    char text[INET6_ADDRSTRLEN];
    const char *gap = line->used > 0 ? ", " : "";
    const bool is_ip_4 = name->tag == SAN_ADDRESS && name->len == sizeof(struct in_addr);
    const bool is_ip_6 = name->tag == SAN_ADDRESS && name->len == sizeof(struct in6_addr);
    if (name->tag == SAN_DNS) {
        add_text(line, gap);
        add_text(line, "DNS:");
        add(line, name->p, name->len);
    } else if ((is_ip_4 || is_ip_6) &&
               inet_ntop(is_ip_4 ? AF_INET : AF_INET6, name->p, text, sizeof text) != NULL) {
        add_text(line, gap);
        add_text(line, "IP:");
        add_text(line, text);
    }
}

const char *mqc__tls_name_list(const mbedtls_x509_crt *crt, char *text_out, size_t size)
{
    struct line line = {.text = text_out, .size = size};
    add_text(&line, "");
    for (const mbedtls_x509_sequence *entry = first_name(crt); entry != NULL; entry = entry->next)
        add_name(&line, &entry->buf);
    if (line.used == 0)
        return mqc__tls_name_common(&crt->subject, text_out, size);
    return text_out;
}

const char *mqc__tls_name_common(const mbedtls_x509_name *subject, char *text_out, size_t size)
{
    struct line line = {.text = text_out, .size = size};
    const mbedtls_x509_buf *common = NULL;
    add_text(&line, "");
    for (const mbedtls_x509_name *part = subject; part != NULL; part = part->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0)
            common = &part->val;
    }
    if (common != NULL) {
        add_text(&line, "CN=");
        add(&line, common->p, common->len);
    } else if (mbedtls_x509_dn_gets(text_out, size, subject) <= 0) {
        (void)snprintf(text_out, size, "a name that is empty or too long");
    }
    return text_out;
}
