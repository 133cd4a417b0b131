#ifndef MQC_CONFIG_CONFIG_H
#define MQC_CONFIG_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A node's configuration: read from a YAML file, or built option by option. Not thread-safe until
 * it was given to mqc_backend_new(), which copies what it needs. */
struct mqc_config;

/* One mistake in a configuration. */
struct mqc_config_problem {
    const char *file; /* as given to mqc_config_load() */
    unsigned line;    /* from 1; 0 when it belongs to no line */
    unsigned column;  /* from 1 */
    const char *key;  /* dotted path: broker.uri, events.ping.args[1]; may be empty */
    const char *text; /* what is wrong and what is expected */
};

/* Takes one mistake; everything is valid for the call. */
typedef void (*mqc_config_problem_fn)(void *context, const struct mqc_config_problem *problem);

/*
 * Creates a configuration in which every option has its default. The caller frees it with
 * mqc_config_free(). Returns NULL when memory runs out.
 */
MQC_API struct mqc_config *mqc_config_new(void);

/*
 * Reads a YAML file; "-" is standard input. Calls `problem` (may be NULL) for every mistake, in the
 * order of the file, before it returns. ${VAR} in a value is replaced from the environment, which
 * no other thread may change meanwhile. MQC_ECONFIG: there were mistakes; MQC_EIO: the file cannot
 * be read (also reported as a problem); MQC_ENOMEM. *config_out is NULL on failure.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_load(const char *path, mqc_config_problem_fn problem,
                                                    void *context, struct mqc_config **config_out);

/*
 * Sets one option that is a scalar or a list of texts by its dotted path, from text as it would
 * stand in YAML: mqc_config_set(config, "broker.uri", "mqtt://127.0.0.1:1883", &info), or "[a, b]"
 * for a list; ${VAR} is not replaced. A relative name of a file starts at the folder of the file
 * that was loaded. websocket[1].listen_port is that of the second entry of websocket, and
 * websocket.listen_port that of the only one; an entry that is the next is made, with the defaults.
 * Copies the text; the memory of the value before is freed with the configuration.
 * MQC_ENOTFOUND: no such option; MQC_ECONFIG: the value does not fit, or the option is neither, or
 * it is not clear which; MQC_ENOMEM. The option is unchanged then.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_set(struct mqc_config *config, const char *path,
                                                   const char *value, struct mqc_error_info *info);

/*
 * Writes the value of one scalar or list of texts, as it would stand in YAML, into text_out, which
 * has room for `size` bytes with the NUL: mqc_config_get(config, "log.level", text, sizeof text).
 * MQC_ENOTFOUND: there is no such option, it is not set, or it is a secret; MQC_ETOOLARGE: cut to
 * fit; MQC_EINVAL. text_out is empty on the others.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_get(const struct mqc_config *config,
                                                   const char *path, char *text_out, size_t size);

/* Room for any root, with its NUL. */
#define MQC_ROOT_BYTES ((size_t)1024)

/*
 * Writes the MQTT topic below which everything of the cluster stands, cluster.root or else
 * mqcluster/ and cluster.name, into text_out, which has room for `size` bytes with the NUL.
 * MQC_ENOTFOUND: neither is set; MQC_ETOOLARGE: cut to fit; MQC_EINVAL. text_out is empty on the
 * others.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_root(const struct mqc_config *config, char *text_out,
                                                    size_t size);

/* One entry of `nodes`; the texts live as long as the configuration. */
struct mqc_config_node {
    const char *name;
    const char *type; /* manager, logger, proxy, worker or control */
};

/* Returns how many nodes are listed in `nodes`. */
MQC_API size_t mqc_config_node_count(const struct mqc_config *config);

/* Reads one entry of `nodes`, counted from 0 in the order of the file. MQC_ENOTFOUND: there are not
 * so many; MQC_EINVAL. */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_node(const struct mqc_config *config, size_t index,
                                                    struct mqc_config_node *node_out);

/* One entry of `pools`; the texts live as long as the configuration. */
struct mqc_config_pool {
    const char *name;
    const char *type;   /* worker, proxy or logger */
    const char *topic;  /* NULL: made from the name, zeek/cluster/pool/NAME */
    uint32_t max_nodes; /* if has_max_nodes */
    bool has_max_nodes;
    bool is_exclusive;
};

/* Returns how many pools are listed in `pools`. */
MQC_API size_t mqc_config_pool_count(const struct mqc_config *config);

/* Reads one entry of `pools`, counted from 0 in the order of the file. MQC_ENOTFOUND: there are not
 * so many; MQC_EINVAL. */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_pool(const struct mqc_config *config, size_t index,
                                                    struct mqc_config_pool *pool_out);

/* Returns how many entries `websocket` has; mqc_config_get() reads their options, as in
 * websocket[0].listen_port. */
MQC_API size_t mqc_config_websocket_count(const struct mqc_config *config);

/*
 * Checks what a single option cannot tell: required options, a node that is missing from `nodes`,
 * limits that contradict each other, pools and servers that cannot be. mqc_config_load() does it by
 * itself. MQC_ECONFIG: *info says what is wrong; MQC_ENOMEM.
 */
MQC_API MQC_MUST_USE enum mqc_error mqc_config_check(const struct mqc_config *config,
                                                     struct mqc_error_info *info);

/* Frees a configuration and sets the caller's pointer to NULL; a NULL inside is fine. */
MQC_API void mqc_config_free(struct mqc_config **config);

#endif
