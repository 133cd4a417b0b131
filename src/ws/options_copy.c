#include "ws/options_check.h"

#include <stdlib.h>
#include <string.h>

/* Replaces a borrowed text by a copy, or by NULL where there is no memory; then it returns false.
 */
static bool own(const char **text)
{
    if (*text == NULL)
        return true;
    const size_t size = strlen(*text) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, *text, size);
    *text = copy;
    return copy != NULL;
}

/* What could not be copied is NULL then. */
static bool own_origins(const struct mqc_websocket_options *options,
                        struct mqc_websocket_options *copy)
{
    const char **origins = calloc(options->allowed_origin_count, sizeof *origins);
    copy->allowed_origins = origins;
    if (origins == NULL)
        return false;
    for (size_t i = 0; i < options->allowed_origin_count; i++) {
        origins[i] = options->allowed_origins[i];
        if (!own(&origins[i]))
            return false;
    }
    return true;
}

static bool own_texts(const struct mqc_websocket_options *options,
                      struct mqc_websocket_options *copy)
{
    const char **texts[] = {
        &copy->listen_addr,         &copy->tls_options.cert_file, &copy->tls_options.key_file,
        &copy->tls_options.ca_file, &copy->tls_options.ciphers,   &copy->bearer_token,
    };
    bool is_complete = true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        is_complete = own(texts[i]) && is_complete;
    copy->allowed_origins = NULL;
    if (is_complete && options->allowed_origin_count != 0)
        is_complete = own_origins(options, copy);
    return is_complete;
}

enum mqc_error mqc__websocket_options_copy(const struct mqc_websocket_options *options,
                                           struct mqc_websocket_options **copy_out)
{
    *copy_out = NULL;
    struct mqc_websocket_options *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return MQC_ENOMEM;
    *copy = *options;
    if (!own_texts(options, copy)) {
        mqc__websocket_options_free(&copy);
        return MQC_ENOMEM;
    }
    *copy_out = copy;
    return MQC_OK;
}

static void free_text(const char *text)
{
    free((char *)(uintptr_t)text);
}

void mqc__websocket_options_free(struct mqc_websocket_options **options)
{
    struct mqc_websocket_options *o = *options;
    if (o == NULL)
        return;
    if (o->bearer_token != NULL)
        explicit_bzero((char *)(uintptr_t)o->bearer_token, strlen(o->bearer_token));
    for (size_t i = 0; o->allowed_origins != NULL && i < o->allowed_origin_count; i++)
        free_text(o->allowed_origins[i]);
    free((void *)(uintptr_t)o->allowed_origins);
    free_text(o->listen_addr);
    free_text(o->tls_options.cert_file);
    free_text(o->tls_options.key_file);
    free_text(o->tls_options.ca_file);
    free_text(o->tls_options.ciphers);
    free_text(o->bearer_token);
    free(o);
    *options = NULL;
}
