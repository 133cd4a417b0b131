#include "link/tls_source.h"

#include "base/fail.h"
#include "link/tls_stamp.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The texts of the options that name files and the like, each NULL or owned. */
#define TEXT_COUNT 8

struct mqc__tls_source {
    atomic_size_t references;
    struct mqc__tls_options options; /* with texts of its own */
    struct mqc__tls_config *config;
    uint64_t loaded_stamp; /* of the files when they were loaded, or found useless */
    uint64_t seen_stamp;   /* at the last look */
};

static void list_texts(struct mqc__tls_options *options, const char **texts_out[TEXT_COUNT])
{
    const char **const texts[TEXT_COUNT] = {
        &options->ca_file,      &options->ca_path,  &options->certificate_file,
        &options->key_file,     &options->crl_file, &options->key_password_file,
        &options->psk_identity, &options->psk_file,
    };
    memcpy(texts_out, texts, sizeof texts);
}

static bool own_text(const char **text)
{
    if (*text == NULL)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

static bool own_list(const char *const **list, size_t *count)
{
    const char *const *borrowed = *list;
    const size_t wanted = *count;
    *list = NULL;
    *count = 0;
    if (wanted == 0)
        return true;
    const char **copy = calloc(wanted, sizeof *copy);
    if (copy == NULL)
        return false;
    *list = copy;
    *count = wanted;
    bool is_done = true;
    for (size_t i = 0; i < wanted; i++) {
        copy[i] = borrowed[i];
        is_done = own_text(&copy[i]) && is_done;
    }
    return is_done;
}

/* Replaces every borrowed text by a copy, or by NULL where there is no memory. */
static bool own_options(struct mqc__tls_options *options)
{
    const char **texts[TEXT_COUNT];
    bool is_done = true;
    list_texts(options, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        is_done = own_text(texts[i]) && is_done;
    is_done = own_list(&options->alpn, &options->alpn_count) && is_done;
    return own_list(&options->ciphers, &options->cipher_count) && is_done;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void free_list(const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free_text(list[i]);
    free((void *)(uintptr_t)list);
}

static void free_source(struct mqc__tls_source *source)
{
    const char **texts[TEXT_COUNT];
    list_texts(&source->options, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        free_text(*texts[i]);
    free_list(source->options.alpn, source->options.alpn_count);
    free_list(source->options.ciphers, source->options.cipher_count);
    mqc__tls_config_unref(&source->config);
    free(source);
}

/* Replaces the configuration if the files can be used. They are stamped before they are read: what
 * changes meanwhile is new at the next look. */
static enum mqc_error load(struct mqc__tls_source *source, struct mqc_error_info *info)
{
    struct mqc__tls_config *config = NULL;
    source->loaded_stamp = mqc__tls_stamp(&source->options);
    source->seen_stamp = source->loaded_stamp;
    const enum mqc_error error = mqc__tls_config_new(&source->options, &config, info);
    if (error != MQC_OK)
        return error;
    mqc__tls_config_unref(&source->config);
    source->config = config;
    return MQC_OK;
}

enum mqc_error mqc__tls_source_new(const struct mqc__tls_options *options,
                                   struct mqc__tls_source **source_out, struct mqc_error_info *info)
{
    *source_out = NULL;
    struct mqc__tls_source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    atomic_init(&source->references, 1);
    source->options = *options;
    enum mqc_error error = MQC_ENOMEM;
    if (own_options(&source->options))
        error = load(source, info);
    else
        (void)mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (error != MQC_OK) {
        free_source(source);
        return error;
    }
    *source_out = source;
    return MQC_OK;
}

struct mqc__tls_source *mqc__tls_source_ref(struct mqc__tls_source *source)
{
    atomic_fetch_add_explicit(&source->references, 1, memory_order_relaxed);
    return source;
}

void mqc__tls_source_unref(struct mqc__tls_source **source)
{
    if (*source != NULL &&
        atomic_fetch_sub_explicit(&(*source)->references, 1, memory_order_acq_rel) == 1)
        free_source(*source);
    *source = NULL;
}

struct mqc__tls_config *mqc__tls_source_config(const struct mqc__tls_source *source)
{
    return source->config;
}

static bool is_due(struct mqc__tls_source *source)
{
    const uint64_t stamp = mqc__tls_stamp(&source->options);
    const bool is_settled = stamp == source->seen_stamp;
    source->seen_stamp = stamp;
    return is_settled && stamp != source->loaded_stamp;
}

enum mqc__tls_look mqc__tls_source_look(struct mqc__tls_source *source, bool is_forced,
                                        struct mqc_error_info *info)
{
    if (!is_forced && !is_due(source))
        return MQC__TLS_LOOK_SAME;
    return load(source, info) == MQC_OK ? MQC__TLS_LOOK_LOADED : MQC__TLS_LOOK_FAILED;
}

const char *mqc__tls_source_certificate_file(const struct mqc__tls_source *source)
{
    return source->options.certificate_file;
}
