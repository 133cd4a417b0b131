#ifndef MQC_CLI_CHOICE_H
#define MQC_CLI_CHOICE_H

#include "cli/roster.h"

/* The choice of a pool's node for a key, by its hash or in turn. */
struct mqc__choice {
    bool is_in_turn; /* the key is a string then */
    struct mqc_view pool;
    const struct mqc_key *key;
};

/* Returns the topic of the configuration's pool of that name, which it keeps, or what was given. */
struct mqc_view mqc__choice_pool(const struct mqc_config *config, struct mqc_view pool);

/* Chooses among the nodes that the router takes to be up. Errors as mqc_router_hrw(). */
enum mqc_error mqc__choice_offline(const struct mqc__choice *choice, struct mqc_router *router,
                                   struct mqc_route *route_out, struct mqc_error_info *info);

/*
 * Chooses among the nodes that are up. Waits until the roster is complete, and then until a node of
 * the pool is up, both for timeout_ms at most (-1: for the usual time, counted from the start).
 * Errors as mqc_hrw_topic(); MQC_ETIMEOUT: the broker was not reached; MQC_ECLOSED: a signal to
 * stop came.
 */
enum mqc_error mqc__choice_live(const struct mqc__choice *choice, struct mqc__roster *roster,
                                int64_t timeout_ms, struct mqc_route *route_out,
                                struct mqc_error_info *info);

/* Says whether there could be an owner if all nodes of a static layout were up; with dynamic
 * membership anything may come. Errors as mqc_router_hrw(). */
enum mqc_error mqc__choice_check(const struct mqc__choice *choice, const struct mqc_config *config,
                                 struct mqc_error_info *info);

#endif
