#ifndef MQC_CLI_ROUTE_PRINT_H
#define MQC_CLI_ROUTE_PRINT_H

#include <mqcluster.h>

/* Prints one line of `mqcluster route`: the node that was chosen for a key, by hash or in turn.
 * False when it could not be written, which is reported. */
bool mqc__route_print(const char *who, const struct mqc_key *key, const struct mqc_route *route,
                      bool is_in_turn);

/* The same as JSON; hash and weight are null in turn. */
bool mqc__route_print_json(const char *who, const struct mqc_key *key,
                           const struct mqc_route *route, bool is_in_turn);

#endif
