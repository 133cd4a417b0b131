#include "api/mqcluster.h"

#include "api/options.h"
#include "api/require.h"
#include "api/services.h"
#include "backend/backend.h"
#include "base/fail.h"
#include "link/tls_source.h"

#include <stdint.h>

const char *mqc_version(void)
{
    return MQC_VERSION;
}

enum mqc_error mqc_backend_new(const struct mqc_config *config, struct mqc_backend **backend_out,
                               struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend_out != NULL, info);
    *backend_out = NULL;
    REQUIRE_ARGUMENT(config != NULL, info);
    struct mqc__arena arena;
    mqc__arena_init(&arena, SIZE_MAX / 2);
    struct mqc__backend_options options = {.session.tls.source = NULL};
    struct mqc__services *services = NULL;
    enum mqc_error error = mqc__api_backend_options(config, &arena, &options, info);
    if (error == MQC_OK)
        error = mqc__api_tls_source(config, &options.session.tls.source, info);
    if (error == MQC_OK)
        error = mqc__services_new(config, &services, info);
    if (error == MQC_OK)
        options.telemetry = mqc__services_telemetry(services);
    if (error == MQC_OK)
        error = mqc__backend_new(&options, backend_out, info);
    if (error == MQC_OK)
        mqc__services_attach(services, *backend_out);
    else
        mqc__services_free(&services);
    mqc__tls_source_unref(&options.session.tls.source);
    mqc__arena_fini(&arena);
    return error;
}

enum mqc_error mqc_backend_init(struct mqc_backend *backend, const char *node_id,
                                struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    struct mqc__services *services = mqc__services_of(backend);
    enum mqc_error error = mqc__services_listen_configured(services, info);
    if (error != MQC_OK)
        return error;
    error = mqc__backend_init(backend, node_id, info);
    if (error != MQC_OK)
        mqc__services_unlisten_configured(services);
    return error;
}

uint64_t mqc_backend_close(struct mqc_backend *backend, unsigned flush_ms)
{
    if (backend == NULL)
        return 0;
    if (flush_ms == MQC_FLUSH_CONFIGURED)
        flush_ms = mqc__backend_flush_timeout_ms(backend);
    if (!mqc__backend_is_handling(backend))
        mqc__services_close(mqc__services_of(backend));
    return mqc__backend_close(backend, flush_ms);
}

void mqc_backend_free(struct mqc_backend **backend)
{
    if (backend == NULL || *backend == NULL)
        return;
    struct mqc__services *services = mqc__services_of(*backend);
    mqc__services_close(services);
    mqc__backend_free(backend);
    mqc__services_free(&services);
}

const char *mqc_backend_node_id(const struct mqc_backend *backend)
{
    return backend != NULL ? mqc__backend_node_id(backend) : "";
}

enum mqc_state mqc_backend_state(const struct mqc_backend *backend)
{
    return backend != NULL ? mqc__backend_state(backend) : MQC_STATE_CLOSED;
}

enum mqc_error mqc_backend_wait_ready(struct mqc_backend *backend, unsigned timeout_ms)
{
    return backend != NULL ? mqc__backend_wait_ready(backend, timeout_ms) : MQC_EINVAL;
}

enum mqc_error mqc_backend_flush(struct mqc_backend *backend, unsigned timeout_ms)
{
    return backend != NULL ? mqc__backend_flush(backend, timeout_ms) : MQC_EINVAL;
}

void mqc_backend_reload_tls(struct mqc_backend *backend)
{
    if (backend == NULL)
        return;
    mqc__backend_reload_tls(backend);
    struct mqc__ws_server *server = mqc__services_server(mqc__services_of(backend));
    if (server != NULL)
        mqc__ws_server_reload_tls(server);
}

void mqc_backend_stats(const struct mqc_backend *backend, struct mqc_stats *stats_out)
{
    if (stats_out == NULL)
        return;
    *stats_out = (struct mqc_stats){0};
    if (backend != NULL)
        mqc__backend_stats(backend, stats_out);
}

enum mqc_error mqc_subscribe(struct mqc_backend *backend, struct mqc_view prefix,
                             enum mqc_match match, struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(prefix.data != NULL || prefix.size == 0, info);
    REQUIRE_ARGUMENT(match == MQC_MATCH_PREFIX || match == MQC_MATCH_LEVEL, info);
    return mqc__backend_subscribe(backend, prefix, match, info);
}

enum mqc_error mqc_unsubscribe(struct mqc_backend *backend, struct mqc_view prefix,
                               enum mqc_match match, struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(prefix.data != NULL || prefix.size == 0, info);
    return mqc__backend_unsubscribe(backend, prefix, match, info);
}

enum mqc_error mqc_on_event(struct mqc_backend *backend, const char *name, mqc_message_fn handler,
                            void *context, struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(name != NULL && name[0] != '\0', info);
    REQUIRE_ARGUMENT(handler != NULL, info);
    const enum mqc_error error =
        mqc__backend_on_event(backend, mqc_view_text(name), handler, context);
    return error == MQC_OK ? MQC_OK : mqc__fail(info, error, "%s", mqc_error_text(error));
}

enum mqc_error mqc_on_prefix(struct mqc_backend *backend, struct mqc_view prefix,
                             mqc_message_fn handler, void *context, struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(prefix.data != NULL || prefix.size == 0, info);
    REQUIRE_ARGUMENT(handler != NULL, info);
    const enum mqc_error error = mqc__backend_on_prefix(backend, prefix, handler, context);
    return error == MQC_OK ? MQC_OK : mqc__fail(info, error, "%s", mqc_error_text(error));
}

void mqc_off(struct mqc_backend *backend, mqc_message_fn handler, void *context)
{
    if (backend != NULL && handler != NULL)
        mqc__backend_off(backend, handler, context);
}

enum mqc_error mqc_on_error(struct mqc_backend *backend, mqc_error_fn handler, void *context)
{
    if (backend == NULL || handler == NULL)
        return MQC_EINVAL;
    return mqc__backend_on_error(backend, handler, context);
}

enum mqc_error mqc_on_state(struct mqc_backend *backend, mqc_state_fn handler, void *context)
{
    if (backend == NULL || handler == NULL)
        return MQC_EINVAL;
    return mqc__backend_on_state(backend, handler, context);
}

int mqc_backend_fd(struct mqc_backend *backend)
{
    return backend != NULL ? mqc__backend_fd(backend) : -1;
}

size_t mqc_backend_process(struct mqc_backend *backend, size_t most)
{
    return backend != NULL ? mqc__backend_process(backend, most) : 0;
}
