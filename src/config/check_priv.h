#ifndef MQC_CONFIG_CHECK_PRIV_H
#define MQC_CONFIG_CHECK_PRIV_H

#include "config/config_priv.h"

/* Names the options that a contradiction lies in; the list ends with NULL. */
#define MQC__KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Reports that one number must not be above another. */
void mqc__check_order(const struct mqc__finder *finder, uint64_t small, const char *small_key,
                      uint64_t large, const char *large_key);

/* Finds limits in `delivery` that leave no room for one event, and a node whose name cannot be that
 * of a folder where it needs one. */
void mqc__check_delivery(const struct mqc__settings *settings, const struct mqc__finder *finder);

/* Finds what contradicts itself in the options of TLS, and between them and the brokers'
 * addresses. */
void mqc__check_tls(const struct mqc__settings *settings, const struct mqc__finder *finder);

/* Finds servers with half a certificate, with nothing to serve, and with one address and port. */
void mqc__check_websockets(const struct mqc__settings *settings, const struct mqc__finder *finder);

/* Finds pools with one topic, and exclusive pools for which there are too few nodes. MQC_ENOMEM:
 * not everything was looked at. */
enum mqc_error mqc__check_pools(const struct mqc__settings *settings,
                                const struct mqc__finder *finder);

#endif
