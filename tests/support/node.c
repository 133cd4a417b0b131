#include "support/node.h"

#include "support/suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 60

static void keep(char ***list, size_t *count, const char *text)
{
    char **longer = realloc(*list, (*count + 1) * sizeof *longer);
    char *copy = strdup(text);
    if (longer == NULL || copy == NULL)
        abort();
    longer[(*count)++] = copy;
    *list = longer;
}

static void append_value(char *line, size_t size, const struct mqc_value *value)
{
    const size_t used = strlen(line);
    switch (value->type) {
    case MQC_TYPE_STRING:
        (void)snprintf(line + used, size - used, " %.*s", (int)value->as.text.size,
                       value->as.text.data);
        return;
    case MQC_TYPE_COUNT:
        (void)snprintf(line + used, size - used, " %" PRIu64, value->as.count);
        return;
    default: (void)snprintf(line + used, size - used, " %s", mqc_type_name(value->type)); return;
    }
}

void test_node_record(void *context, const struct mqc_message *message)
{
    struct test_node *node = context;
    char line[1024];
    (void)snprintf(line, sizeof line, "%.*s %.*s", (int)message->topic.size,
                   message->topic.size != 0 ? message->topic.data : "",
                   (int)message->event->name.size, message->event->name.data);
    for (size_t i = 0; i < message->event->arg_count; i++)
        append_value(line, sizeof line, &message->event->args[i]);
    pthread_mutex_lock(&node->mutex);
    keep(&node->lines, &node->line_count, line);
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->mutex);
}

static void record_error(void *context, const char *tag, const char *message)
{
    struct test_node *node = context;
    char text[1024];
    (void)snprintf(text, sizeof text, "%s: %s", tag, message);
    pthread_mutex_lock(&node->mutex);
    keep(&node->errors, &node->error_count, text);
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->mutex);
}

static void print_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    (void)fprintf(stderr, "configuration: %s\n", problem->text);
}

struct mqc_config *test_config(const char *yaml)
{
    char path[] = "/tmp/mqcluster-test-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    const size_t size = strlen(yaml);
    const bool is_written = write(fd, yaml, size) == (ssize_t)size;
    (void)close(fd);
    struct mqc_config *config = NULL;
    const enum mqc_error error = mqc_config_load(path, print_problem, NULL, &config);
    (void)unlink(path);
    REQUIRE(is_written && error == MQC_OK);
    return config;
}

static void set(struct mqc_config *config, const char *key, const char *value)
{
    struct mqc_error_info info = {0};
    if (mqc_config_set(config, key, value, &info) != MQC_OK)
        (void)fprintf(stderr, "%s: %s\n", key, info.text);
}

/* A file must say all that is required, and the node with the layout. */
static struct mqc_config *make_config(const char *name, const char *uri, const char *yaml)
{
    char text[4096];
    if (yaml == NULL)
        return mqc_config_new();
    (void)snprintf(text, sizeof text, "broker: {uri: \"%s\"}\n%s%s\n%s", uri,
                   name != NULL ? "node: " : "", name != NULL ? name : "", yaml);
    return test_config(text);
}

void test_node_new(struct test_node *node, const char *name, const char *uri,
                   const char *const settings[])
{
    test_node_new_with(node, name, uri, NULL, settings);
}

void test_node_new_with(struct test_node *node, const char *name, const char *uri, const char *yaml,
                        const char *const settings[])
{
    *node = (struct test_node){0};
    pthread_mutex_init(&node->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&node->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    struct mqc_config *config = make_config(name, uri, yaml);
    REQUIRE(config != NULL);
    set(config, "cluster.name", "test");
    if (name != NULL)
        set(config, "node", name);
    set(config, "broker.uri", uri);
    set(config, "broker.backoff_min", "50ms");
    set(config, "broker.backoff_max", "500ms");
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i += 2)
        set(config, settings[i], settings[i + 1]);
    struct mqc_error_info info = {0};
    const enum mqc_error error = mqc_backend_new(config, &node->backend, &info);
    if (error != MQC_OK)
        (void)fprintf(stderr, "mqc_backend_new: %s\n", info.text);
    mqc_config_free(&config);
    REQUIRE(error == MQC_OK);
    REQUIRE(mqc_on_error(node->backend, record_error, node) == MQC_OK);
}

void test_node_watch(struct test_node *node, const char *prefix, enum mqc_match match)
{
    const struct mqc_view view = mqc_view_text(prefix);
    CHECK_INT(mqc_on_prefix(node->backend, view, test_node_record, node, NULL), MQC_OK);
    CHECK_INT(mqc_subscribe(node->backend, view, match, NULL), MQC_OK);
}

void test_node_start(struct test_node *node)
{
    struct mqc_error_info info = {0};
    const enum mqc_error error = mqc_backend_init(node->backend, NULL, &info);
    if (error != MQC_OK)
        (void)fprintf(stderr, "mqc_backend_init: %s\n", info.text);
    REQUIRE(error == MQC_OK);
    CHECK_INT(mqc_backend_wait_ready(node->backend, WAIT_SECONDS * 1000), MQC_OK);
}

bool test_node_say(struct test_node *node, const char *topic, const char *event, const char *text)
{
    const struct mqc_value args[] = {mqc_string_text(text)};
    struct mqc_event made;
    return mqc_make_event(node->backend, event, args, 1, &made, NULL) == MQC_OK &&
           mqc_publish(node->backend, mqc_view_text(topic), &made, NULL);
}

static struct timespec deadline(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += WAIT_SECONDS;
    return time;
}

bool test_node_wait_lines(struct test_node *node, size_t count)
{
    const struct timespec until = deadline();
    int result = 0;
    pthread_mutex_lock(&node->mutex);
    while (node->line_count < count && result == 0)
        result = pthread_cond_timedwait(&node->changed, &node->mutex, &until);
    const bool is_there = node->line_count >= count;
    pthread_mutex_unlock(&node->mutex);
    return is_there;
}

void test_node_watch_nodes(struct test_node *node, bool of_all_types)
{
    static const char *const events[] = {"Cluster::hello", "Cluster::node_up",
                                         "Cluster::node_down"};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        CHECK_INT(mqc_on_event(node->backend, events[i], test_node_record, node, NULL), MQC_OK);
    if (of_all_types)
        mqc_watch_nodes(node->backend);
}

static size_t count_lines(const struct test_node *node, const char *line)
{
    size_t count = 0;
    for (size_t i = 0; i < node->line_count; i++)
        count += strcmp(node->lines[i], line) == 0;
    return count;
}

bool test_node_wait_line(struct test_node *node, const char *line, size_t count)
{
    const struct timespec until = deadline();
    int result = 0;
    pthread_mutex_lock(&node->mutex);
    while (count_lines(node, line) < count && result == 0)
        result = pthread_cond_timedwait(&node->changed, &node->mutex, &until);
    const bool is_there = count_lines(node, line) >= count;
    pthread_mutex_unlock(&node->mutex);
    return is_there;
}

bool test_node_wait_active(const struct test_node *node, const char *type, size_t count)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    for (unsigned left = WAIT_SECONDS * 100; left > 0; left--) {
        if (mqc_active_node_count(node->backend, type) == count)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

static size_t count_errors(const struct test_node *node, const char *tag)
{
    size_t count = 0;
    for (size_t i = 0; i < node->error_count; i++)
        if (strncmp(node->errors[i], tag, strlen(tag)) == 0)
            count++;
    return count;
}

bool test_node_wait_error(struct test_node *node, const char *tag)
{
    const struct timespec until = deadline();
    int result = 0;
    pthread_mutex_lock(&node->mutex);
    while (count_errors(node, tag) == 0 && result == 0)
        result = pthread_cond_timedwait(&node->changed, &node->mutex, &until);
    const bool is_there = count_errors(node, tag) > 0;
    pthread_mutex_unlock(&node->mutex);
    return is_there;
}

size_t test_node_count(struct test_node *node, const char *line)
{
    pthread_mutex_lock(&node->mutex);
    const size_t count = count_lines(node, line);
    pthread_mutex_unlock(&node->mutex);
    return count;
}

size_t test_node_count_errors(struct test_node *node, const char *tag)
{
    pthread_mutex_lock(&node->mutex);
    const size_t count = count_errors(node, tag);
    pthread_mutex_unlock(&node->mutex);
    return count;
}

static void free_list(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

void test_node_free(struct test_node *node)
{
    mqc_backend_free(&node->backend);
    free_list(node->lines, node->line_count);
    free_list(node->errors, node->error_count);
    pthread_cond_destroy(&node->changed);
    pthread_mutex_destroy(&node->mutex);
}
