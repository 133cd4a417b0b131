#ifndef TESTS_WS_SCRIPT_H
#define TESTS_WS_SCRIPT_H

#include <mqcluster.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_TOPICS_MAX 8
#define SCRIPT_HELD_MAX 64
#define SCRIPT_TOPIC_BYTES 128

struct script;
typedef void (*script_ping_fn)(struct script *script, const struct mqc_message *message);

struct held_ping {
    char topic[SCRIPT_TOPIC_BYTES];
    struct mqc_event *event;
};

/* A node of the tests, what it was told to be, and what it has seen. */
struct script {
    const char *role;
    script_ping_fn answer; /* NULL: pings are not answered */
    const char *config_path;
    struct mqc_view topics[SCRIPT_TOPICS_MAX];
    size_t topic_count;
    struct mqc_view reply_topic; /* empty: where the ping came */
    uint64_t clients_wanted;
    uint64_t pings_wanted; /* 0: any number */
    int64_t stamp_ns;      /* 0: none */
    struct mqc_backend *backend;
    /* Of the thread that runs the handlers, and after mqc_backend_close() of the main thread. */
    uint64_t client_count;
    uint64_t ping_count;
    struct held_ping held[SCRIPT_HELD_MAX];
    size_t held_count;
};

/* Takes the role of that name; false when there is none. */
bool script_set_role(struct script *script, const char *name);

/* Declares the events and registers for all that the role needs, before mqc_backend_init(). */
bool script_register(struct script *script, struct mqc_error_info *info);

/* Frees the pings that were never answered. */
void script_drop_held(struct script *script);

/* Prints on standard error what went wrong. */
void script_complain(const char *what, const struct mqc_error_info *info);

#endif
