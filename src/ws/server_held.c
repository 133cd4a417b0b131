#include "ws/client.h"
#include "ws/server_priv.h"

/* The outbox tells nobody that it has room again. */
#define RETRY_MS 2

static void on_retry(uv_timer_t *timer)
{
    mqc__ws_server_resume_held(timer->data);
}

static void keep_retrying(struct mqc__ws_server *server, bool is_needed)
{
    if (is_needed == server->is_retrying || atomic_load(&server->is_closed))
        return;
    server->is_retrying = is_needed;
    if (is_needed)
        (void)uv_timer_start(&server->retry, on_retry, RETRY_MS, RETRY_MS);
    else
        (void)uv_timer_stop(&server->retry);
}

void mqc__ws_server_hold(struct mqc__ws_server *server, struct mqc__ws_client *client)
{
    client->next_held = NULL;
    *server->last_held = client;
    server->last_held = &client->next_held;
    client->is_held = true;
    atomic_fetch_add(&server->held_count, 1);
    keep_retrying(server, true);
}

void mqc__ws_server_let_go(struct mqc__ws_server *server, struct mqc__ws_client *client)
{
    if (!client->is_held)
        return;
    struct mqc__ws_client **link = &server->first_held;
    while (*link != client)
        link = &(*link)->next_held;
    *link = client->next_held;
    if (server->last_held == &client->next_held)
        server->last_held = link;
    client->is_held = false;
    atomic_fetch_sub(&server->held_count, 1);
    if (server->first_held == NULL)
        keep_retrying(server, false);
}

void mqc__ws_server_resume_held(struct mqc__ws_server *server)
{
    size_t count = atomic_load(&server->held_count);
    while (count-- != 0 && server->first_held != NULL) {
        struct mqc__ws_client *client = server->first_held;
        mqc__ws_server_let_go(server, client);
        mqc__ws_client_go_on(client);
    }
}

void mqc__ws_listener_handled(void *context)
{
    struct mqc__ws_listener *listener = context;
    struct mqc__ws_server *server = listener->server;
    const size_t left = atomic_fetch_sub(&listener->waiting, 1) - 1;
    if (atomic_load(&server->held_count) == 0 || left > listener->options->max_event_queue_size / 2)
        return;
    if (!atomic_exchange(&server->wants_resume, true))
        mqc__loop_wake(server->loop);
}
