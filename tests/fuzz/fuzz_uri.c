/* Addresses of brokers: one that is understood and written again is the same one, and a refusal
 * never repeats a password. */
#include "fuzz.h"
#include "mqtt/uri.h"

#include <stdio.h>
#include <stdlib.h>

static void check_written_again(const struct mqc__uri *uri)
{
    char text[sizeof uri->host + 32];
    struct mqc__uri again;
    (void)snprintf(text, sizeof text, uri->is_ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
                   uri->is_tls ? "mqtts" : "mqtt", uri->host, (unsigned)uri->port);
    fuzz_require(mqc__uri_parse(text, &again, NULL) == MQC_OK, text);
    fuzz_require(strcmp(again.host, uri->host) == 0 && again.port == uri->port &&
                     again.is_ipv6 == uri->is_ipv6 && again.is_tls == uri->is_tls,
                 text);
}

static void check(const char *text)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc__uri uri;
    const enum mqc_error error = mqc__uri_parse(text, &uri, &info);
    if (error != MQC_OK) {
        fuzz_require_failure(error, &info, MQC_EINVAL, MQC_EINVAL);
        return;
    }
    fuzz_require(uri.host[0] != '\0' && uri.port != 0, "an address has a host and a port");
    check_written_again(&uri);
}

/* The text as a password within an address. */
static void check_secret(const char *password)
{
    static const char secret[] = "geheim8";
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc__uri uri;
    const size_t size = sizeof "mqtt://u:@h" + strlen(password) + strlen(secret);
    char *text = malloc(size);
    fuzz_require(text != NULL, "there is memory");
    (void)snprintf(text, size, "mqtt://u:%s%s@h", secret, password);
    fuzz_require(mqc__uri_parse(text, &uri, &info) == MQC_EINVAL, text);
    fuzz_require(strstr(info.text, secret) == NULL, info.text);
    free(text);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const struct fuzz_source source = {.at = data, .left = size};
    char *text = fuzz_text(&source);
    check(text);
    check_secret(text);
    free(text);
    return 0;
}
