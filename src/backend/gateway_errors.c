#include "backend/backend_priv.h"

/*
 * Which errors the clients of the gateway hear of: those that say that events were lost, dropped or
 * not taken, theirs perhaps among them. Not those of the connection, of TLS, of presence and of
 * filters: they are the node's business, and name what strangers need not know. (A client whose own
 * filter is refused learns that by mqc__backend_gateway_ready().)
 *
 *   told                                     not told
 *   malformed_payload  cannot be read        connection_lost, publish_stalled, mqtt_*, tls_*,
 *   event_mismatch     not as declared         refused, resolve_failed, connect_failed,
 * link_failed, events_missing     never arrived           connection_*, protocol_error, qos_reduced
 *   message_too_large  over the inbox        certificate_expires, tls_reload_failed,
 *                                              broker_unfit
 *   outbox_overflow    refused or dropped    subscribe_refused
 *   publish_refused    by the broker         duplicate_node, unexpected_node, too_many_nodes,
 *   undelivered        left over at close      malformed_presence, presence_refused
 *   out_of_memory      something is missing
 */
static const char *const told[] = {
    "malformed_payload", "event_mismatch",  "events_missing", "message_too_large",
    "outbox_overflow",   "publish_refused", "undelivered",    "out_of_memory",
};

bool mqc__gateway_error_is_for_clients(const char *tag)
{
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (strcmp(tag, told[i]) == 0)
            return true;
    return false;
}
