#ifndef MQC_BACKEND_GATEWAY_H
#define MQC_BACKEND_GATEWAY_H

#include "backend/backend.h"

/*
 * The gateway of a backend: programs that take part in the cluster through this node, all of them
 * over its one session. They are the gateway's clients, told apart by numbers that it gives them,
 * from 1 on. What their subscriptions want reaches the gateway and not the node's handlers, unless
 * the node subscribed to it too; what only the node wants does not reach the gateway.
 */

/* What the backend tells its gateway. None of these may block; they are made without a lock of the
 * backend held, but for `error`, which must not call the backend. */
struct mqc__gateway {
    void *context;
    /* An event on a topic that a subscription of the gateway wants: published by the node or come
     * from the broker (origin 0), or published by one of the clients (its number), who may not want
     * it back. Once per event, and before the node's own handlers get it. Everything is borrowed
     * for the call. Any thread, several at once; events that one thread publishes come in order,
     * and so do those of one sender on one topic. */
    void (*event)(void *context, struct mqc_view topic, const struct mqc_event *event,
                  uint64_t origin);
    /* The broker answered to filters, or the connection changed: mqc__backend_gateway_ready() may
     * say something else than before. On the session's thread. */
    void (*ready)(void *context);
    /* Zeek's Backend::error, if it concerns events and not the connection, presence or TLS: see the
     * table in gateway_errors.c. Any thread. */
    void (*error)(void *context, const char *tag, const char *text);
};

/* An event of one of the clients. */
struct mqc__gateway_event {
    uint64_t origin; /* its number, not 0 */
    struct mqc_view topic;
    const struct mqc_event *event;
    struct mqc_view endpoint; /* its id: what the node's handlers see as the sender's instance */
    /* The node's handlers are done with it; see mqc__backend_gateway_publish(). Must not block. */
    void (*handled)(void *context);
    void *context;
};

/* Gives the backend its gateway, before or after init, once: later calls have no effect. Copies the
 * struct; what it points to must stay until mqc__backend_free() has returned. Any thread. */
void mqc__backend_set_gateway(struct mqc_backend *backend, const struct mqc__gateway *gateway);

/*
 * Subscribes the gateway to byte prefixes, all or none; one client's at once costs least. Counted:
 * a prefix goes when it was unsubscribed as often as subscribed. Copies them. Any thread.
 * MQC_ETOPIC: a prefix breaks a limit of MQTT; MQC_EFULL: too many, or too long, together with
 * those that are there; MQC_ECLOSED; MQC_ENOMEM.
 */
enum mqc_error mqc__backend_gateway_subscribe(struct mqc_backend *backend,
                                              const struct mqc_view *prefixes, size_t count,
                                              struct mqc_error_info *info);

/* Takes them back; those that are not there are passed over. Any thread. */
void mqc__backend_gateway_unsubscribe(struct mqc_backend *backend, const struct mqc_view *prefixes,
                                      size_t count);

/*
 * Says whether the node is connected and the broker serves these prefixes, which the gateway has
 * subscribed to. Never waits. Any thread. MQC_OK; MQC_ETIMEOUT: not yet, look again when `ready`
 * was called; MQC_EREFUSED: the broker refused what one of them needs; MQC_ECLOSED; MQC_ETAKEN;
 * MQC_ENOMEM.
 */
enum mqc_error mqc__backend_gateway_ready(struct mqc_backend *backend,
                                          const struct mqc_view *prefixes, size_t count);

/*
 * Publishes a client's event: to the broker, to the gateway's other clients (by `event`, inside the
 * call) and, where the node itself has subscribed to the topic, to the node's handlers, as one that
 * came from outside. All or nothing. Never waits. Copies what it needs. Any thread, also a
 * handler's. *is_handled_later_out says that `handled` will be called, once: when the handlers are
 * done with the event, or when it is dropped at the end. That is on the thread that runs the
 * handlers, or the one that closes or frees the backend, perhaps before this call has returned, but
 * never inside it. Otherwise it is not called. The handlers may only begin after
 * mqc__backend_gateway_published(). Errors as mqc__backend_publish(); MQC_EFULL also: the node's
 * handlers have too much waiting.
 */
enum mqc_error mqc__backend_gateway_publish(struct mqc_backend *backend,
                                            const struct mqc__gateway_event *event,
                                            bool *is_handled_later_out,
                                            struct mqc_error_info *info);

/* Has the handlers begin with what was published: to be called after the last of some events that
 * come at once, since a wake-up costs more than an event. Any thread. */
void mqc__backend_gateway_published(struct mqc_backend *backend);

/* Raises an event at this node alone: its handlers get it without a topic, in order with everything
 * else that waits for them. Copies it; it is not looked up among the declared ones. Never waits.
 * Any thread. MQC_EFULL: too much of its kind waits; MQC_ETOOLARGE; MQC_ECLOSED; MQC_ENOMEM. */
enum mqc_error mqc__backend_raise_event(struct mqc_backend *backend, const struct mqc_event *event);

#endif
