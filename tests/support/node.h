#ifndef TESTS_SUPPORT_NODE_H
#define TESTS_SUPPORT_NODE_H

#include "api/mqcluster.h"

#include <pthread.h>
#include <stdbool.h>

/* A node for tests: a backend with a record of what its handlers saw. */
struct test_node {
    struct mqc_backend *backend;
    pthread_mutex_t mutex; /* guards everything below */
    pthread_cond_t changed;
    char **lines; /* "topic event arg arg", in order */
    size_t line_count;
    char **errors; /* "tag: message" */
    size_t error_count;
};

/* Configures and creates a node that is not initialised yet; settings are "key", "value" pairs that
 * end with NULL. Ends the test when that fails. */
void test_node_new(struct test_node *node, const char *name, const char *uri,
                   const char *const settings[]);

/* The same with a layout, and what else mqc_config_set() cannot say: YAML text. */
void test_node_new_with(struct test_node *node, const char *name, const char *uri, const char *yaml,
                        const char *const settings[]);

/* Reads a configuration from YAML text; ends the test when that fails. The caller frees it. */
struct mqc_config *test_config(const char *yaml);

/* Records every event whose topic begins with the prefix, and subscribes to it. */
void test_node_watch(struct test_node *node, const char *prefix, enum mqc_match match);

/* Initialises and waits until the node is ready. */
void test_node_start(struct test_node *node);

/* Publishes an event with one string argument; false when it was refused. */
bool test_node_say(struct test_node *node, const char *topic, const char *event, const char *text);

/* Wait until that many lines (errors with the tag) were recorded; false after a generous time. */
bool test_node_wait_lines(struct test_node *node, size_t count);
bool test_node_wait_error(struct test_node *node, const char *tag);

/* How many recorded lines are equal to the text; how many errors have the tag. */
size_t test_node_count(struct test_node *node, const char *line);
size_t test_node_count_errors(struct test_node *node, const char *tag);

/* Records what happens to the nodes, and asks for the presence of all if that is wanted. */
void test_node_watch_nodes(struct test_node *node, bool of_all_types);

/* Wait until the line was recorded so many times; until so many nodes of a type are up. */
bool test_node_wait_line(struct test_node *node, const char *line, size_t count);
bool test_node_wait_active(const struct test_node *node, const char *type, size_t count);

/* A handler that records; its context is the node. */
void test_node_record(void *context, const struct mqc_message *message);

void test_node_free(struct test_node *node);

#endif
