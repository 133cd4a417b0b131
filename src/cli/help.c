#include "cli/cli.h"
#include "cli/output.h"
#include "cli/report.h"

#include <stdio.h>
#include <string.h>

static const char usage_head[] = "Usage: mqcluster SUBCOMMAND [OPTION...] [ARGUMENT...]\n"
                                 "\n"
                                 "Zeek's Cluster API over an MQTT broker.\n"
                                 "\n";

static const char usage_tail[] =
    "\n"
    "'mqcluster SUBCOMMAND --help' explains a subcommand, 'man mqcluster' all of them.\n"
    "Exit status: 0 done, 1 failed, 2 wrong arguments or a wrong configuration.\n";

static int print_overview(const char *who)
{
    bool is_written = mqc__output_text(who, usage_head);
    for (const struct mqc__command *command = mqc__commands; command->name != NULL; command++) {
        char line[120];
        (void)snprintf(line, sizeof line, "  %-14s%s", command->name, command->summary);
        is_written = is_written && mqc__output_line(who, line);
    }
    is_written = is_written && mqc__output_text(who, usage_tail);
    return is_written ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}

int mqc__cli_help(int argc, char **argv)
{
    char who[64];
    char help_option[] = "--help";
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_overview(argv[0]);
    const struct mqc__command *command = mqc__command_find(argv[1]);
    if (argc > 2 || command == NULL) {
        mqc__report(argv[0], "expected the name of one subcommand; 'mqcluster help' lists them");
        return MQC__EXIT_USAGE;
    }
    (void)snprintf(who, sizeof who, "mqcluster %s", command->name);
    char *arguments[] = {who, help_option, NULL};
    return command->run(2, arguments);
}
