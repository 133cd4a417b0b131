#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/thread.h"

#include <sys/syscall.h>
#include <unistd.h>

/* Between two looks whether another thread still runs handlers. */
#define DRAIN_WAIT_US 1000

static const char error_event[] = "Cluster::Backend::error";

static uint64_t this_thread(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

bool mqc__backend_is_handling(const struct mqc_backend *backend)
{
    const uint64_t handling = atomic_load(&backend->handling);
    return handling != 0 && handling == this_thread();
}

/* Raises an event of this node's own with two texts as arguments. */
static void raise_pair(struct mqc_backend *backend, struct mqc_view name,
                       const struct mqc__inbox_item *item)
{
    const struct mqc_value args[] = {mqc_string(item->topic), mqc_string(item->payload)};
    const struct mqc_event event = {
        .name = name,
        .args = args,
        .arg_count = sizeof args / sizeof args[0],
    };
    const struct mqc_message message = {
        .event = &event,
        .sender_node = mqc_view_text(backend->node),
        .sender_instance = mqc_view_text(backend->node_id),
        .received_ns = item->received_ns,
    };
    (void)mqc__handlers_call(backend->handlers, &message);
}

/* As an event too, for those who handle errors as Zeek scripts do. */
static void handle_error(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    for (size_t i = 0; i < backend->error_listener_count; i++)
        backend->error_listeners[i].function(backend->error_listeners[i].context, item->topic.data,
                                             item->payload.data);
    raise_pair(backend, mqc_view_bytes(error_event, sizeof error_event - 1), item);
}

/* Zeek: base/frameworks/cluster, events hello, node_up, node_down. */
static void handle_node(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    static const char *const names[] = {
        [MQC__MEMBER_HELLO] = "Cluster::hello",
        [MQC__MEMBER_UP] = "Cluster::node_up",
        [MQC__MEMBER_DOWN] = "Cluster::node_down",
    };
    raise_pair(backend, mqc_view_text(names[item->event]), item);
}

static void handle_state(struct mqc_backend *backend, enum mqc_state state)
{
    if (state == MQC_STATE_UP) {
        mqc__streams_connected(backend->streams, mqc__clock_monotonic_ms());
        mqc__backend_do_due(backend);
    }
    for (size_t i = 0; i < backend->state_listener_count; i++)
        backend->state_listeners[i].function(backend->state_listeners[i].context, state);
}

static void handle_raised(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    const struct mqc_message message = {
        .event = item->copy,
        .sender_node = mqc_view_text(backend->node),
        .sender_instance = mqc_view_text(backend->node_id),
        .received_ns = item->received_ns,
    };
    (void)mqc__handlers_call(backend->handlers, &message);
}

/* Whatever becomes of it, it is done with: only what is still in the inbox at the end comes again.
 */
static void handle_message(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    mqc__backend_receive(backend, item);
    mqc__backend_done(backend, item->ack);
}

void mqc__backend_handle(struct mqc_backend *backend, struct mqc__inbox_item *item)
{
    switch (item->kind) {
    case MQC__INBOX_MESSAGE: handle_message(backend, item); break;
    case MQC__INBOX_ERROR: handle_error(backend, item); break;
    case MQC__INBOX_STATE: handle_state(backend, item->state); break;
    case MQC__INBOX_NODE: handle_node(backend, item); break;
    case MQC__INBOX_CLIENT: mqc__backend_handle_client(backend, item); break;
    case MQC__INBOX_RAISED: handle_raised(backend, item); break;
    case MQC__INBOX_DUE: mqc__backend_noticed(backend); break;
    }
    mqc__inbox_item_free(item);
}

/* Before it waits, nothing is held back. */
static struct mqc__inbox_item *take_or_wait(struct mqc_backend *backend)
{
    struct mqc__inbox_item *item = NULL;
    if (backend->ack_count != 0)
        item = mqc__inbox_take(backend->inbox, false);
    if (item != NULL)
        return item;
    mqc__backend_acknowledge_all(backend);
    return mqc__inbox_take(backend->inbox, true);
}

static void *dispatch(void *context)
{
    struct mqc_backend *backend = context;
    atomic_store(&backend->handling, this_thread());
    struct mqc__inbox_item *item;
    while ((item = take_or_wait(backend)) != NULL)
        mqc__backend_handle(backend, item);
    atomic_store(&backend->handling, 0);
    return NULL;
}

enum mqc_error mqc__backend_start_dispatcher(struct mqc_backend *backend)
{
    if (atomic_load(&backend->is_polled))
        return MQC_OK;
    const enum mqc_error error = mqc__thread_start(&backend->dispatcher, dispatch, backend);
    backend->has_dispatcher = error == MQC_OK;
    return error;
}

void mqc__backend_stop_dispatcher(struct mqc_backend *backend)
{
    mqc__inbox_close(backend->inbox);
    if (backend->has_dispatcher)
        (void)pthread_join(backend->dispatcher, NULL);
    backend->has_dispatcher = false;
}

int mqc__backend_fd(struct mqc_backend *backend)
{
    pthread_mutex_lock(&backend->life_mutex);
    const bool is_early = atomic_load(&backend->session) == NULL;
    int fd = -1;
    if (is_early || atomic_load(&backend->is_polled))
        fd = mqc__inbox_fd(backend->inbox);
    if (is_early && fd >= 0)
        atomic_store(&backend->is_polled, true);
    pthread_mutex_unlock(&backend->life_mutex);
    return fd;
}

/* What is there now, and not what arrives meanwhile: the application's loop has other work too. */
static size_t waiting(const struct mqc_backend *backend)
{
    return mqc__inbox_count(backend->inbox);
}

void mqc__backend_drain(struct mqc_backend *backend)
{
    if (!atomic_load(&backend->is_polled))
        return;
    uint_fast64_t nobody = 0;
    while (!atomic_compare_exchange_weak(&backend->handling, &nobody, this_thread())) {
        nobody = 0;
        (void)usleep(DRAIN_WAIT_US);
    }
    struct mqc__inbox_item *item;
    while ((item = mqc__inbox_take(backend->inbox, false)) != NULL)
        mqc__backend_handle(backend, item);
    mqc__backend_acknowledge_all(backend);
    atomic_store(&backend->handling, 0);
}

size_t mqc__backend_process(struct mqc_backend *backend, size_t most)
{
    uint_fast64_t nobody = 0;
    if (!atomic_load(&backend->is_polled) ||
        !atomic_compare_exchange_strong(&backend->handling, &nobody, this_thread()))
        return 0;
    const size_t limit = most != 0 ? most : waiting(backend);
    size_t handled = 0;
    struct mqc__inbox_item *item;
    while (handled < limit && (item = mqc__inbox_take(backend->inbox, false)) != NULL) {
        mqc__backend_handle(backend, item);
        handled++;
    }
    mqc__backend_acknowledge_all(backend);
    atomic_store(&backend->handling, 0);
    return handled;
}
