#include "ws/client.h"
#include "ws/server_priv.h"

/* The outbox tells nobody that it has room again. */
#define RETRY_MS 2

/* Trying again costs time, for the message is read again; so much of the thread's time at most goes
 * there: one part of this many. */
#define RETRY_SHARE 5
#define RETRY_AT_ONCE_NS ((uint64_t)1000000)

static void on_retry(uv_timer_t *timer)
{
    mqc__ws_server_resume_held(timer->data);
}

static void retry_in(struct mqc__ws_server *server, uint64_t wait_ms)
{
    if (!atomic_load(&server->is_closed))
        (void)uv_timer_start(&server->retry, on_retry, wait_ms, 0);
}

void mqc__ws_server_hold(struct mqc__ws_server *server, struct mqc__ws_client *client)
{
    client->next_held = NULL;
    *server->last_held = client;
    server->last_held = &client->next_held;
    client->is_held = true;
    atomic_fetch_add(&server->held_count, 1);
    if (!uv_is_active((const uv_handle_t *)&server->retry))
        retry_in(server, RETRY_MS);
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
}

void mqc__ws_server_resume_held(struct mqc__ws_server *server)
{
    const uint64_t start_ns = uv_hrtime();
    uint64_t taken_ns = 0;
    size_t count = atomic_load(&server->held_count);
    while (count-- != 0 && server->first_held != NULL && taken_ns < RETRY_AT_ONCE_NS) {
        struct mqc__ws_client *client = server->first_held;
        mqc__ws_server_let_go(server, client);
        mqc__ws_client_go_on(client);
        taken_ns = uv_hrtime() - start_ns;
    }
    if (server->first_held == NULL)
        return;
    /* The timer counts from the time that the loop knows. */
    uv_update_time(mqc__loop_uv(server->loop));
    retry_in(server, RETRY_MS + taken_ns * (RETRY_SHARE - 1) / 1000000);
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
