#include "api/services.h"

#include "api/options.h"
#include "base/fail.h"
#include "ws/options_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

struct mqc__services {
    struct mqc_backend *backend; /* NULL before it is attached */
    struct mqc__telemetry *telemetry;
    struct mqc_websocket_options **configured;
    bool *is_fresh; /* for each: opened by the last call for all of them */
    size_t configured_count;
    pthread_mutex_t mutex; /* held while the server is made or closed */
    bool is_closed;
    struct mqc__ws_server *_Atomic server;
};

static enum mqc_error copy_configured(struct mqc__services *services,
                                      const struct mqc_config *config, struct mqc__arena *arena,
                                      struct mqc_error_info *info)
{
    struct mqc_websocket_options *options = NULL;
    size_t count = 0;
    enum mqc_error error = mqc__api_websocket_options(config, arena, &options, &count, info);
    if (error != MQC_OK)
        return error;
    services->configured = calloc(count + 1, sizeof(struct mqc_websocket_options *));
    services->is_fresh = calloc(count + 1, sizeof *services->is_fresh);
    if (services->configured == NULL || services->is_fresh == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    while (services->configured_count < count && error == MQC_OK) {
        const size_t i = services->configured_count;
        error = mqc__websocket_options_copy(&options[i], &services->configured[i]);
        services->configured_count += error == MQC_OK;
    }
    return error == MQC_OK ? MQC_OK : mqc__fail(info, error, "%s", mqc_error_text(error));
}

static enum mqc_error make_telemetry(struct mqc__services *services,
                                     const struct mqc_config *config, struct mqc_error_info *info)
{
    const struct mqc__telemetry_options options = mqc__api_telemetry_options(config);
    services->telemetry = mqc__telemetry_new(&options);
    return services->telemetry != NULL ? MQC_OK : mqc__fail(info, MQC_ENOMEM, "out of memory");
}

enum mqc_error mqc__services_new(const struct mqc_config *config,
                                 struct mqc__services **services_out, struct mqc_error_info *info)
{
    struct mqc__services *services = calloc(1, sizeof *services);
    *services_out = NULL;
    if (services == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    pthread_mutex_init(&services->mutex, NULL);
    struct mqc__arena arena;
    mqc__arena_init(&arena, SIZE_MAX / 2);
    enum mqc_error error = make_telemetry(services, config, info);
    if (error == MQC_OK)
        error = copy_configured(services, config, &arena, info);
    mqc__arena_fini(&arena);
    if (error == MQC_OK)
        *services_out = services;
    else
        mqc__services_free(&services);
    return error;
}

void mqc__services_attach(struct mqc__services *services, struct mqc_backend *backend)
{
    services->backend = backend;
    mqc__backend_attach(backend, services);
}

struct mqc__services *mqc__services_of(const struct mqc_backend *backend)
{
    return mqc__backend_attached(backend);
}

struct mqc_backend *mqc__services_backend(const struct mqc__services *services)
{
    return services->backend;
}

struct mqc__telemetry *mqc__services_telemetry(const struct mqc__services *services)
{
    return services->telemetry;
}

struct mqc__ws_server *mqc__services_server(const struct mqc__services *services)
{
    return atomic_load(&services->server);
}

/* With the mutex held. */
static enum mqc_error obtain_server(struct mqc__services *services, struct mqc_error_info *info)
{
    struct mqc__ws_server *server = NULL;
    if (services->is_closed)
        return mqc__fail(info, MQC_ECLOSED, "the backend is closed");
    if (atomic_load(&services->server) != NULL)
        return MQC_OK;
    const struct mqc__ws_cluster cluster = mqc__services_cluster(services);
    const enum mqc_error error =
        mqc__ws_server_new(&cluster, MQC_VERSION, services->telemetry, &server);
    if (error != MQC_OK)
        return mqc__fail(info, error, "no memory or files for the WebSocket server");
    atomic_store(&services->server, server);
    mqc__services_set_gateway(services, services->backend);
    return MQC_OK;
}

/* With the mutex held. *is_fresh_out: it was opened just now. */
static enum mqc_error listen_locked(struct mqc__services *services,
                                    const struct mqc_websocket_options *options, bool *is_fresh_out,
                                    struct mqc_error_info *info)
{
    const enum mqc_error error = obtain_server(services, info);
    if (error != MQC_OK)
        return error;
    struct mqc__ws_server *server = atomic_load(&services->server);
    const bool is_there = mqc__ws_server_listens(server, options);
    const enum mqc_error result = mqc__ws_server_listen(server, options, info);
    *is_fresh_out = result == MQC_OK && !is_there;
    return result;
}

enum mqc_error mqc__services_listen(struct mqc__services *services,
                                    const struct mqc_websocket_options *options,
                                    struct mqc_error_info *info)
{
    bool is_fresh = false;
    pthread_mutex_lock(&services->mutex);
    const enum mqc_error error = listen_locked(services, options, &is_fresh, info);
    pthread_mutex_unlock(&services->mutex);
    return error;
}

enum mqc_error mqc__services_listen_configured(struct mqc__services *services,
                                               struct mqc_error_info *info)
{
    enum mqc_error error = MQC_OK;
    pthread_mutex_lock(&services->mutex);
    for (size_t i = 0; i < services->configured_count; i++)
        services->is_fresh[i] = false;
    for (size_t i = 0; i < services->configured_count && error == MQC_OK; i++)
        error = listen_locked(services, services->configured[i], &services->is_fresh[i], info);
    pthread_mutex_unlock(&services->mutex);
    if (error != MQC_OK)
        mqc__services_unlisten_configured(services);
    return error;
}

void mqc__services_unlisten_configured(struct mqc__services *services)
{
    pthread_mutex_lock(&services->mutex);
    for (size_t i = 0; i < services->configured_count; i++) {
        if (services->is_fresh[i] && !services->is_closed)
            mqc__ws_server_unlisten(atomic_load(&services->server), services->configured[i]);
        services->is_fresh[i] = false;
    }
    pthread_mutex_unlock(&services->mutex);
}

void mqc__services_close(struct mqc__services *services)
{
    pthread_mutex_lock(&services->mutex);
    services->is_closed = true;
    struct mqc__ws_server *server = atomic_load(&services->server);
    if (server != NULL)
        mqc__ws_server_close(server);
    pthread_mutex_unlock(&services->mutex);
}

void mqc__services_free(struct mqc__services **services)
{
    struct mqc__services *gone = *services;
    if (gone == NULL)
        return;
    struct mqc__ws_server *server = atomic_load(&gone->server);
    mqc__ws_server_free(&server);
    for (size_t i = 0; i < gone->configured_count; i++)
        mqc__websocket_options_free(&gone->configured[i]);
    free(gone->configured);
    free(gone->is_fresh);
    mqc__telemetry_free(&gone->telemetry);
    pthread_mutex_destroy(&gone->mutex);
    free(gone);
    *services = NULL;
}
