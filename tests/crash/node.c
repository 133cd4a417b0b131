#include "crash/node.h"

#include "crash/record.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STATS_EVERY_MS 50
#define CLOSE_MS 60000

/* Slot START - 1 of NAME.stats; checker.py knows the layout. */
struct totals {
    uint64_t published;
    uint64_t dropped;
    uint64_t received;
    uint64_t duplicates;
    uint64_t missing;
    uint64_t repeated; /* messages that were sent again because receivers asked */
    uint64_t spooled;  /* now */
    uint64_t kept;     /* now: of these, delivered, and kept for receivers */
};

static void on_log(void *context, enum mqc_log_level level, const char *text)
{
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)fprintf(stderr, "%lld.%03ld %s %s\n", (long long)now.tv_sec, now.tv_nsec / 1000000,
                  mqc_log_level_name(level), text);
}

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    (void)fprintf(stderr, "%s:%u: %s: %s\n", problem->file, problem->line, problem->key,
                  problem->text);
}

static void on_error(void *context, const char *tag, const char *message)
{
    const struct crash_node *node = context;
    char line[600];
    const int size = snprintf(line, sizeof line, "start %u: %s: %s\n", node->start, tag, message);
    if (size <= 0 || write(node->errors, line, strlen(line)) < 0)
        (void)fputs(line, stderr);
}

static int open_file(const char *folder, const char *name, const char *suffix, int flags)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, suffix);
    return open(path, flags | O_CREAT | O_CLOEXEC, 0600);
}

static bool open_files(struct crash_node *node, const char *folder)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.records", folder, node->name);
    node->log = crash_log_open(path);
    node->stats = open_file(folder, node->name, "stats", O_RDWR);
    node->errors = open_file(folder, node->name, "errors", O_WRONLY | O_APPEND);
    return node->log >= 0 && node->stats >= 0 && node->errors >= 0 &&
           crash_log_append(node->log,
                            (struct crash_record){.kind = CRASH_KIND_START, .start = node->start});
}

static bool make_backend(struct crash_node *node, const char *config_path,
                         struct mqc_error_info *info)
{
    struct mqc_config *config = NULL;
    if ((info->code = mqc_config_load(config_path, on_problem, NULL, &config)) != MQC_OK)
        return false;
    const bool is_made =
        mqc_backend_new(config, &node->backend, info) == MQC_OK &&
        (info->code = mqc_on_error(node->backend, on_error, node)) == MQC_OK &&
        mqc_declare_event(node->backend, CRASH_EVENT,
                          "start: count, thread: count, topic: count, number: count, "
                          "padding: string",
                          info) == MQC_OK;
    mqc_config_free(&config);
    return is_made;
}

bool crash_node_open(struct crash_node *node, char **arguments)
{
    struct mqc_error_info info = {.code = MQC_EIO};
    *node = (struct crash_node){.name = arguments[2],
                                .start = (unsigned)strtoul(arguments[3], NULL, 10),
                                .log = -1,
                                .stats = -1,
                                .errors = -1,
                                .output = STDOUT_FILENO};
    mqc_log_set(on_log, NULL, MQC_LOG_INFO);
    return (node->start > 0 && open_files(node, arguments[1]) &&
            make_backend(node, arguments[0], &info)) ||
           crash_node_complain(node, "start", &info);
}

bool crash_node_complain(const struct crash_node *node, const char *what,
                         const struct mqc_error_info *info)
{
    (void)fprintf(stderr, "%s: %s: %s %s\n", node->name, what, mqc_error_name(info->code),
                  info->text);
    return false;
}

void crash_node_answer(const struct crash_node *node, const char *text)
{
    (void)dprintf(node->output, "%s\n", text);
}

static void write_stats(const struct crash_node *node)
{
    struct mqc_stats stats;
    mqc_backend_stats(node->backend, &stats);
    const struct totals totals = {.published = stats.published_events,
                                  .dropped = stats.dropped_events,
                                  .received = stats.received_events,
                                  .duplicates = stats.duplicate_events,
                                  .missing = stats.missing_events,
                                  .repeated = stats.repeated_messages,
                                  .spooled = stats.spool_events,
                                  .kept = stats.kept_events};
    if (pwrite(node->stats, &totals, sizeof totals, (off_t)((node->start - 1) * sizeof totals)) < 0)
        (void)fprintf(stderr, "%s: the totals cannot be written\n", node->name);
}

/* Byte by byte, as commands are few and short. */
static void read_line(char *line, size_t size)
{
    size_t length = 0;
    char byte = '\0';
    while (byte != '\n') {
        if (read(STDIN_FILENO, &byte, 1) != 1)
            _exit(EXIT_FAILURE);
        if (byte != '\n' && length + 1 < size)
            line[length++] = byte;
    }
    line[length] = '\0';
}

bool crash_node_wait_for_command(const struct crash_node *node, char *line, size_t size)
{
    write_stats(node);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, STATS_EVERY_MS) <= 0)
        return false;
    read_line(line, size);
    return true;
}

uint64_t crash_node_free(struct crash_node *node)
{
    uint64_t left = 0;
    if (node->backend != NULL) {
        left = mqc_backend_close(node->backend, CLOSE_MS);
        write_stats(node);
        mqc_backend_free(&node->backend);
    }
    const int files[] = {node->log, node->stats, node->errors};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0)
            (void)close(files[i]);
    }
    return left;
}
