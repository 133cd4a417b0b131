#include "mqtt/options.h"

#include "base/fail.h"
#include "codec/compress.h"
#include "link/tls_source.h"
#include "mqtt/session_machine.h"
#include "mqtt/uri.h"

#include <stdlib.h>
#include <string.h>

/* A length in MQTT is 16 bits. */
#define TEXT_BYTES_MAX 65535
/* Packet identifiers are 16 bits, some of which the client uses for other things. */
#define IN_FLIGHT_MAX 60000
/* An MQTT packet is at most 256 MiB; this leaves room for what stands around the events. */
#define BATCH_BYTES_MAX ((size_t)200 << 20)

struct range {
    const char *name;
    uint64_t value;
    uint64_t least;
    uint64_t most;
};

static enum mqc_error check_ranges(const struct mqc__session_options *o,
                                   struct mqc_error_info *info)
{
    const struct range ranges[] = {
        {"number of broker URIs", o->uri_count, 1, MQC__MACHINE_URIS_MAX},
        {"keep-alive in seconds", o->keep_alive_s, 0, UINT16_MAX},
        {"connect timeout in ms", o->connect_timeout_ms, 1, 3600000},
        {"TCP time-out in ms", o->tcp_timeout_ms, 0, 3600000},
        {"TCP keep-alive in seconds", o->tcp_keep_alive_s, 0, UINT16_MAX},
        {"use of new certificates", (uint64_t)o->tls.on_change, 0, MQC__TLS_RENEW},
        {"shortest pause in ms", o->backoff_min_ms, 1, o->backoff_max_ms},
        {"longest pause in ms", o->backoff_max_ms, 1, 86400000},
        {"messages in flight", o->in_flight_max, 1, IN_FLIGHT_MAX},
        {"bytes in flight", o->in_flight_bytes_max, 1, SIZE_MAX},
        {"receive maximum", o->receive_max, 0, UINT16_MAX},
        {"events in the outbox", o->outbox_events_max, 1, SIZE_MAX},
        {"bytes in the outbox", o->outbox_bytes_max, 1, SIZE_MAX},
        {"events in a batch", o->batch_events_max, 1, SIZE_MAX},
        {"level of compression", (uint64_t)o->compression_level, 0, MQC__COMPRESSION_LEVEL_MAX},
        {"bytes in a batch", o->batch_bytes_max, 1, BATCH_BYTES_MAX},
        {"MQTT version", (uint64_t)o->version, 0, MQC__MQTT_311},
        {"overflow policy", (uint64_t)o->when_full, 0, MQC__WHEN_FULL_DROP_OLDEST},
        {"policy of fsync", (uint64_t)o->durability.fsync, 0, MQC__SPOOL_FSYNC_NEVER},
        {"time to keep in ms", (uint64_t)o->durability.keep_ms, 0, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const struct range *r = &ranges[i];
        if (r->value < r->least || r->value > r->most)
            return mqc__fail(info, MQC_EINVAL, "%s is %llu, must be %llu to %llu", r->name,
                             (unsigned long long)r->value, (unsigned long long)r->least,
                             (unsigned long long)r->most);
    }
    return MQC_OK;
}

static enum mqc_error check_text(const char *text, const char *name, struct mqc_error_info *info)
{
    if (text != NULL && strlen(text) > TEXT_BYTES_MAX)
        return mqc__fail(info, MQC_EINVAL, "%s is longer than %d bytes", name, TEXT_BYTES_MAX);
    return MQC_OK;
}

static enum mqc_error check_needed(const char *text, const char *name, struct mqc_error_info *info)
{
    if (text == NULL || text[0] == '\0')
        return mqc__fail(info, MQC_EINVAL, "%s is missing", name);
    return check_text(text, name, info);
}

static enum mqc_error check_texts(const struct mqc__session_options *o, struct mqc_error_info *info)
{
    enum mqc_error error = check_needed(o->client_id, "the client id", info);
    if (error == MQC_OK)
        error = check_needed(o->instance, "the sender's instance id", info);
    if (error == MQC_OK)
        error = check_needed(o->node, "the sender's name", info);
    if (error == MQC_OK)
        error = check_text(o->username, "the user name", info);
    if (error == MQC_OK)
        error = check_text(o->password, "the password", info);
    if (error == MQC_OK && o->presence.topic != NULL)
        error = check_needed(o->presence.topic, "the presence topic", info);
    if (error == MQC_OK && o->presence.topic != NULL)
        error = check_needed(o->presence.content_type, "the content type of presence", info);
    if (error == MQC_OK && o->durability.is_on_disk)
        error = check_needed(o->durability.directory, "the directory for what is on disk", info);
    if (error == MQC_OK && o->password != NULL && o->username == NULL)
        error = mqc__fail(info, MQC_EINVAL, "a password needs a user name");
    return error;
}

static enum mqc_error check(const struct mqc__session_options *options, struct mqc_error_info *info)
{
    enum mqc_error error = check_ranges(options, info);
    if (error == MQC_OK)
        error = check_texts(options, info);
    for (size_t i = 0; i < options->uri_count && error == MQC_OK; i++) {
        struct mqc__uri uri;
        error = mqc__uri_parse(options->uris[i], &uri, info);
        /* Else it would go over the network in the clear. */
        if (error == MQC_OK && uri.is_tls && options->tls.source == NULL)
            error = mqc__fail(info, MQC_EINVAL, "broker URI %s needs TLS, which is not configured",
                              options->uris[i]);
    }
    return error;
}

/* Replaces the borrowed text by a copy; a missing text stays missing. */
static bool own_text(const char **text)
{
    if (*text == NULL)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

/* Replaces every borrowed text by a copy, or by NULL where there is no memory. */
static bool own_texts(struct mqc__session_options *copy)
{
    const char **texts[] = {&copy->client_id,
                            &copy->username,
                            &copy->password,
                            &copy->instance,
                            &copy->node,
                            &copy->tls.server_name,
                            &copy->presence.topic,
                            &copy->presence.content_type,
                            &copy->durability.directory};
    bool is_done = true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        is_done = own_text(texts[i]) && is_done;
    /* They are no business of the copy's: the session takes them at once. */
    copy->stale_filters = NULL;
    copy->stale_filter_count = 0;
    const char *const *borrowed = copy->uris;
    const char **uris = calloc(copy->uri_count, sizeof *uris);
    copy->uris = uris;
    if (uris == NULL)
        return false;
    for (size_t i = 0; i < copy->uri_count; i++) {
        uris[i] = borrowed[i];
        is_done = own_text(&uris[i]) && is_done;
    }
    return is_done;
}

enum mqc_error mqc__session_options_copy(const struct mqc__session_options *options,
                                         struct mqc__session_options **copy_out,
                                         struct mqc_error_info *info)
{
    *copy_out = NULL;
    const enum mqc_error error = check(options, info);
    if (error != MQC_OK)
        return error;
    struct mqc__session_options *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    *copy = *options;
    if (copy->tls.source != NULL)
        (void)mqc__tls_source_ref(copy->tls.source);
    if (!own_texts(copy)) {
        mqc__session_options_free(&copy);
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    *copy_out = copy;
    return MQC_OK;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

void mqc__session_options_free(struct mqc__session_options **options)
{
    struct mqc__session_options *o = *options;
    if (o == NULL)
        return;
    if (o->password != NULL)
        explicit_bzero((void *)(uintptr_t)o->password, strlen(o->password));
    for (size_t i = 0; i < o->uri_count && o->uris != NULL; i++)
        free_text(o->uris[i]);
    free((void *)(uintptr_t)o->uris);
    free_text(o->client_id);
    free_text(o->username);
    free_text(o->password);
    free_text(o->instance);
    free_text(o->node);
    free_text(o->tls.server_name);
    free_text(o->presence.topic);
    free_text(o->presence.content_type);
    free_text(o->durability.directory);
    mqc__tls_source_unref(&o->tls.source);
    free(o);
    *options = NULL;
}
