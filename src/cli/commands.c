#include "cli/cli.h"

#include <string.h>

const struct mqc__command mqc__commands[] = {
    {"run", "run a node of the cluster until it is told to stop", mqc__cli_run},
    {"publish", "publish an event, or events read from standard input", mqc__cli_publish},
    {"subscribe", "print arriving events as JSON, one a line", mqc__cli_subscribe},
    {"bench", "measure events through the broker and back", mqc__cli_bench},
    {"nodes", "list the nodes of the cluster and which are up", mqc__cli_nodes},
    {"route", "tell which node of a pool owns a key", mqc__cli_route},
    {"spool", "show or send what waits on disk for a node", mqc__cli_spool},
    {"check-config", "list every mistake in a configuration file", mqc__cli_check_config},
    {"decode", "turn one MQTT payload into JSON", mqc__cli_decode},
    {"acl", "print an access list for Mosquitto", mqc__cli_acl},
    {"version", "print the version", mqc__cli_version},
    {"help", "explain a subcommand", mqc__cli_help},
    {NULL, NULL, NULL},
};

const struct mqc__command *mqc__command_find(const char *name)
{
    for (const struct mqc__command *command = mqc__commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}
