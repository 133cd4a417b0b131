#ifndef CRASH_NODE_H
#define CRASH_NODE_H

#include <mqcluster.h>

/* What both programs of the crash test are: a node that can be killed at any moment. */
struct crash_node {
    struct mqc_backend *backend;
    const char *name;
    unsigned start; /* how often the program was started, this time included */
    int log;        /* of records, see record.h */
    int stats;      /* a slot for the totals of each start */
    int errors;     /* lines of what the library complained about */
    int output;     /* answers to commands */
};

/* The event of the test: start, thread, topic, number, padding. */
#define CRASH_EVENT "crash_event"
#define CRASH_ARGS 5

/* The arguments that both programs begin with. */
#define CRASH_USAGE "CONFIG FOLDER NAME START"
#define CRASH_USAGE_COUNT 4

/*
 * Reads the arguments above, opens the node's files in the folder (NAME.records, NAME.stats,
 * NAME.errors) and makes a backend, not yet initialised, of the configuration. The node's
 * complaints go to the files and to standard error. The caller frees it with crash_node_free();
 * also on failure.
 */
bool crash_node_open(struct crash_node *node, char **arguments);

/* Says on standard error what failed; returns false. */
bool crash_node_complain(const struct crash_node *node, const char *what,
                         const struct mqc_error_info *info);

/* Answers a command of the harness by one line. */
void crash_node_answer(const struct crash_node *node, const char *text);

/*
 * Writes the totals a few times a second, and waits for a line of standard input. Returns false
 * when there was none for a while; true: the line is in `line`, without its end. At the end of the
 * input it ends the process, since nobody is there any more.
 */
bool crash_node_wait_for_command(const struct crash_node *node, char *line, size_t size);

/* Brings what was accepted to the broker, writes the totals and frees everything. Returns how many
 * events were left over. */
uint64_t crash_node_free(struct crash_node *node);

#endif
