#ifndef MQC_CLI_CLI_H
#define MQC_CLI_CLI_H

#include <stddef.h>

/*
 * The executable: a table of subcommands, each in a file of its own. They stand on the public API
 * only. argv[0] of a subcommand is "mqcluster NAME", the beginning of all it says on standard
 * error.
 */

/* Exit statuses of every subcommand. */
enum {
    MQC__EXIT_DONE = 0,
    MQC__EXIT_FAILED = 1,
    MQC__EXIT_USAGE = 2, /* wrong arguments or a wrong configuration: nothing was tried */
};

/* Runs a subcommand and returns the exit status. */
typedef int (*mqc__command_fn)(int argc, char **argv);

struct mqc__command {
    const char *name;
    const char *summary; /* one line for the overview */
    mqc__command_fn run;
};

/* All subcommands in the order of the overview; the last has no name. */
extern const struct mqc__command mqc__commands[];

/* Finds a subcommand by its exact name; NULL when there is none. */
const struct mqc__command *mqc__command_find(const char *name);

int mqc__cli_run(int argc, char **argv);
int mqc__cli_publish(int argc, char **argv);
int mqc__cli_subscribe(int argc, char **argv);
int mqc__cli_bench(int argc, char **argv);
int mqc__cli_nodes(int argc, char **argv);
int mqc__cli_route(int argc, char **argv);
int mqc__cli_spool(int argc, char **argv);
int mqc__cli_check_config(int argc, char **argv);
int mqc__cli_decode(int argc, char **argv);
int mqc__cli_acl(int argc, char **argv);
int mqc__cli_version(int argc, char **argv);
int mqc__cli_help(int argc, char **argv);

#endif
