/*
 * The library in one page. Greets the other nodes of the cluster and prints their greetings:
 *     hello FILE alice & hello FILE bob
 * where FILE holds a configuration with cluster and broker, and each name is that of a node.
 */
#include <mqcluster.h>

#include <stdio.h>
#include <unistd.h>

/* Called on a thread of the backend, one event at a time. What it gets is gone when it returns. */
static void on_greeting(void *context, const struct mqc_message *message)
{
    (void)context;
    const struct mqc_view text = message->event->args[0].as.text; /* declared below as a string */
    (void)printf("%.*s says: %.*s\n", (int)message->sender_node.size, message->sender_node.data,
                 (int)text.size, text.data);
    (void)fflush(stdout);
}

/* Publishes twice a second for five seconds. Every call may come from any thread; none of them
 * waits for the network. */
static bool greet(struct mqc_backend *backend, struct mqc_error_info *info)
{
    const struct mqc_value args[] = {mqc_string_text("hello"), mqc_count(1)};
    struct mqc_event event;
    for (int i = 0; i < 10; i++) {
        /* Checked against the declaration: a count where a string belongs is refused here. */
        if (mqc_make_event(backend, "greeting", args, 2, &event, info) != MQC_OK ||
            !mqc_publish(backend, mqc_view_text("app/greetings"), &event, info))
            return false;
        (void)usleep(500000);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct mqc_config *config = NULL;
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {.code = MQC_ECONFIG, .text = "the configuration has mistakes"};
    bool is_done = argc == 3;
    if (!is_done)
        (void)fprintf(stderr, "Usage: hello FILE NODE\n");
    is_done = is_done && mqc_config_load(argv[1], NULL, NULL, &config) == MQC_OK &&
              mqc_config_set(config, "node", argv[2], &info) == MQC_OK &&
              mqc_backend_new(config, &backend, &info) == MQC_OK &&
              mqc_declare_event(backend, "greeting", "text: string, n: count", &info) == MQC_OK &&
              mqc_on_event(backend, "greeting", on_greeting, NULL, &info) == MQC_OK &&
              mqc_subscribe(backend, mqc_view_text("app/"), MQC_MATCH_PREFIX, &info) == MQC_OK &&
              mqc_backend_init(backend, NULL, &info) == MQC_OK && greet(backend, &info);
    if (!is_done && argc == 3)
        (void)fprintf(stderr, "hello: %s\n", info.text);
    /* Brings to the broker what still waits, and takes the handlers back. */
    const uint64_t lost = mqc_backend_close(backend, MQC_FLUSH_CONFIGURED);
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    return is_done && lost == 0 ? 0 : 1;
}
