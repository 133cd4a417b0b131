#include "cli/cli.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/spelling.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A socket must not become descriptor 0, 1 or 2 because the caller closed them: messages would go
 * to the broker. What was closed stays unusable for its purpose. */
static void keep_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static const char *command_name(const char *argument)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        return "help";
    if (strcmp(argument, "--version") == 0 || strcmp(argument, "-V") == 0)
        return "version";
    return argument;
}

static int refuse_command(const char *name)
{
    const char *nearest = mqc__spelling_nearest(name);
    if (nearest != NULL)
        mqc__report("mqcluster", "there is no subcommand '%s'; did you mean '%s'?", name, nearest);
    else
        mqc__report("mqcluster", "there is no subcommand '%s'; 'mqcluster help' lists them", name);
    return MQC__EXIT_USAGE;
}

int main(int argc, char **argv)
{
    char who[64];
    keep_standard_descriptors();
    (void)signal(SIGPIPE, SIG_IGN);
    mqc__output_init();
    if (argc < 2) {
        mqc__report("mqcluster", "a subcommand is missing; 'mqcluster help' lists them");
        return MQC__EXIT_USAGE;
    }
    const struct mqc__command *command = mqc__command_find(command_name(argv[1]));
    if (command == NULL)
        return refuse_command(argv[1]);
    (void)snprintf(who, sizeof who, "mqcluster %s", command->name);
    argv[1] = who;
    const int status = command->run(argc - 1, argv + 1);
    return mqc__output_close(who, status);
}
