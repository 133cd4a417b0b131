#ifndef MQC_API_OPTIONS_H
#define MQC_API_OPTIONS_H

#include "backend/backend.h"
#include "base/arena.h"
#include "config/settings.h"
#include "metrics/telemetry.h"
#include "ws/options.h"

/* Puts a configuration's settings into the form that the backend takes; it borrows from both.
 * MQC_ECONFIG: a required option is missing; MQC_ENOMEM. */
enum mqc_error mqc__api_backend_options(const struct mqc_config *config, struct mqc__arena *arena,
                                        struct mqc__backend_options *options_out,
                                        struct mqc_error_info *info);

/* The part of it that is about the cluster, but for root and node. MQC_ECONFIG: this node's type is
 * not known; MQC_ENOMEM. */
enum mqc_error mqc__api_members_options(const struct mqc__settings *settings,
                                        struct mqc__arena *arena,
                                        struct mqc__members_options *options_out,
                                        struct mqc_error_info *info);

/* Loads what the configuration says about TLS, for the caller to unref; NULL when no broker is
 * spoken to with TLS. Errors as mqc__tls_source_new(). */
enum mqc_error mqc__api_tls_source(const struct mqc_config *config,
                                   struct mqc__tls_source **source_out,
                                   struct mqc_error_info *info);

/*
 * Makes the options of every entry of `websocket`, in the arena; their texts are the
 * configuration's. They were checked with it, but for files and whether the address is this host's.
 * MQC_ENOMEM.
 */
enum mqc_error mqc__api_websocket_options(const struct mqc_config *config, struct mqc__arena *arena,
                                          struct mqc_websocket_options **options_out,
                                          size_t *count_out, struct mqc_error_info *info);

/* Puts the section `metrics` into the form that telemetry takes. */
struct mqc__telemetry_options mqc__api_telemetry_options(const struct mqc_config *config);

#endif
