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

/* A handler that records; its context is the node. */
void test_node_record(void *context, const struct mqc_message *message);

void test_node_free(struct test_node *node);

#endif
