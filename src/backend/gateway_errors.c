#include "backend/backend_priv.h"

/*
 * Which errors the clients of the gateway hear of: those that say that events were lost, dropped or
 * not taken, theirs perhaps among them. Not those of the connection, of TLS, of presence and of
 * filters: they are the node's business, and name what strangers need not know. (A client whose own
 * filter is refused learns that by mqc__backend_gateway_ready().)
 *
 * Told are: malformed_payload (cannot be read), event_mismatch (not as declared), events_missing
 * (never arrived), message_too_large (over the inbox), outbox_overflow (refused or dropped),
 * publish_refused (by the broker), undelivered (left over at close, or not on disk),
 * receiver_silent (nobody says that it arrived), out_of_memory (something is missing).
 *
 * Not told are: connection_lost, publish_stalled, mqtt_*, tls_*, refused, resolve_failed,
 * connect_failed, link_failed, connection_*, protocol_error, qos_reduced, certificate_expires,
 * tls_reload_failed, broker_unfit, subscribe_refused, duplicate_node, unexpected_node,
 * too_many_nodes, malformed_presence, presence_refused, spool_*, positions_*, subscriptions_*.
 */
static const char *const told[] = {
    "malformed_payload", "event_mismatch",  "events_missing",
    "message_too_large", "outbox_overflow", "publish_refused",
    "undelivered",       "receiver_silent", "out_of_memory",
};

bool mqc__gateway_error_is_for_clients(const char *tag)
{
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (strcmp(tag, told[i]) == 0)
            return true;
    return false;
}
