#ifndef MQC_API_SERVICES_H
#define MQC_API_SERVICES_H

#include "backend/backend.h"
#include "config/config.h"
#include "metrics/telemetry.h"
#include "ws/server.h"

/*
 * What a backend has beside it: the counters of events, the WebSocket server, and the listeners
 * that the configuration wants. One for each backend, which keeps it.
 */
struct mqc__services;

/* Makes them from a configuration; nothing is opened yet. MQC_ENOMEM. */
enum mqc_error mqc__services_new(const struct mqc_config *config,
                                 struct mqc__services **services_out, struct mqc_error_info *info);

/* Ties them to their backend, before anybody else knows it. */
void mqc__services_attach(struct mqc__services *services, struct mqc_backend *backend);

/* Those of a backend. Any thread. */
struct mqc__services *mqc__services_of(const struct mqc_backend *backend);

struct mqc__telemetry *mqc__services_telemetry(const struct mqc__services *services);

/* The WebSocket server, NULL when nobody listens. Any thread. */
struct mqc__ws_server *mqc__services_server(const struct mqc__services *services);

/* Opens a listener, the first one with a server. Errors as mqc__ws_server_listen(). Any thread. */
enum mqc_error mqc__services_listen(struct mqc__services *services,
                                    const struct mqc_websocket_options *options,
                                    struct mqc_error_info *info);

/* Opens the listeners of the configuration that are not there yet. After a failure those of this
 * call are closed. */
enum mqc_error mqc__services_listen_configured(struct mqc__services *services,
                                               struct mqc_error_info *info);

/* Closes those that the last such call has opened. */
void mqc__services_unlisten_configured(struct mqc__services *services);

/* Closes the server with its clients, for good. Any thread. */
void mqc__services_close(struct mqc__services *services);

/* Frees everything, after the backend is gone; NULL is fine. */
void mqc__services_free(struct mqc__services **services);

/* gateway_bridge.c: what the server needs of the backend, and what the backend tells it. */
struct mqc__ws_cluster mqc__services_cluster(struct mqc__services *services);
void mqc__services_set_gateway(struct mqc__services *services, struct mqc_backend *backend);
struct mqc_backend *mqc__services_backend(const struct mqc__services *services);

/* health.c, metrics.c: append what /healthz and /metrics say. */
bool mqc__api_write_health(struct mqc_backend *backend, struct mqc__buffer *body);
void mqc__api_write_metrics(struct mqc_backend *backend, struct mqc__buffer *body);

#endif
