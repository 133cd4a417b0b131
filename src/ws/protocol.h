#ifndef MQC_WS_PROTOCOL_H
#define MQC_WS_PROTOCOL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "codec/json.h"

/*
 * What Zeek's WebSocket API says about one client's messages: first the topic prefixes that it
 * subscribes to, then events. Pure. The texts are Zeek's.
 */

/* Where a client stands. */
enum mqc__ws_client_state {
    MQC__WS_AWAITS_SUBSCRIPTIONS, /* the first message; then AWAITS_ACK or REFUSED */
    MQC__WS_AWAITS_ACK, /* its subscriptions are being made, its messages wait; then OPEN */
    MQC__WS_OPEN,       /* events both ways; then CLOSING */
    MQC__WS_REFUSED,    /* the subscriptions were no such thing: answered, nothing more is read;
                           closed with 1008 after a time of grace; then CLOSING */
    MQC__WS_CLOSING,    /* a close was sent or came; ends with the connection */
};

/* The codes of error messages. */
#define MQC__WS_ERROR_URI "invalid_uri"
#define MQC__WS_ERROR_APPLICATION_NAME "invalid_application_name"
#define MQC__WS_ERROR_DESERIALIZATION "deserialization_failed"
#define MQC__WS_ERROR_PUBLISH "publish_failed" /* not one of Zeek's: the node refused the event */

/* Their contexts; the first two are also the reasons of the close with 1008 that follows. */
#define MQC__WS_CONTEXT_URI "Invalid URI - use /v1/messages/json"
#define MQC__WS_CONTEXT_APPLICATION_NAME "Invalid X-Application-Name"
#define MQC__WS_CONTEXT_NO_ARRAY "subscriptions not an array"
#define MQC__WS_CONTEXT_NO_STRING "individual subscription not a string"
#define MQC__WS_CONTEXT_TOO_MANY "too many subscriptions"
#define MQC__WS_CONTEXT_NO_JSON "failed to decode JSON object"
#define MQC__WS_CONTEXT_NO_TOPIC "no topic in top-level JSON object"
#define MQC__WS_CONTEXT_NO_EVENT "failed to create Zeek event"

/* A client may not have more subscriptions, nor longer ones together. */
#define MQC__WS_SUBSCRIPTIONS_MAX ((size_t)10000)
#define MQC__WS_SUBSCRIPTION_BYTES_MAX ((size_t)1 << 20)

/*
 * Reads the first message, an array of topic prefixes, and gives each once, sorted bytewise. They
 * live in the arena. MQC_EMALFORMED or MQC_ETOOLARGE: *context_out is the context of the error
 * message to answer; MQC_ENOMEM: it is none of the client's doing.
 */
enum mqc_error mqc__ws_read_subscriptions(struct mqc__arena *arena, struct mqc_view json,
                                          struct mqc_view **prefixes_out, size_t *count_out,
                                          const char **context_out);

/* Orders views by their bytes, a prefix before what begins with it: below, 0 or above 0. */
int mqc__ws_compare_bytes(struct mqc_view left, struct mqc_view right);

/* Copies, of sorted prefixes, those that begin with no other, which match the same topics. Returns
 * how many; there is room for `count`. */
size_t mqc__ws_cover_prefixes(const struct mqc_view *prefixes, size_t count,
                              struct mqc_view *cover_out);

/*
 * Reads an event message; it lives in the arena. Checks in Zeek's order: that the text decodes,
 * that there is a topic, that it is an event. MQC_EMALFORMED, MQC_ETOOLARGE or MQC_ETYPE:
 * *context_out is the context of the error message to answer, *info (which may be NULL) says more
 * for a log, and the client stays; MQC_ENOMEM: it is none of the client's doing. Whether the event
 * is declared, and with these arguments, is the cluster's to say.
 */
enum mqc_error mqc__ws_read_event(struct mqc__arena *arena, struct mqc_view json,
                                  struct mqc__json_message *message_out, const char **context_out,
                                  struct mqc_error_info *info);

/* Appends the answer to subscriptions. Errors: MQC_ETOOLARGE for the buffer's limit; MQC_ENOMEM. */
enum mqc_error mqc__ws_write_ack(struct mqc_view endpoint, const char *version,
                                 struct mqc__buffer *buffer);

/* Appends an error message, valid JSON for any bytes. Errors as for mqc__ws_write_ack(). */
enum mqc_error mqc__ws_write_error(const char *code, struct mqc_view context,
                                   struct mqc__buffer *buffer);

#endif
