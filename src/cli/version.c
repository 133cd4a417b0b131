#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] = "Usage: mqcluster version\n"
                            "\n"
                            "Prints the version.\n"
                            "\n"
                            "  -h, --help  print this text\n";

int mqc__cli_version(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    char line[64];
    for (int option; (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        return mqc__usage_hint(argv[0]);
    }
    if (optind != argc) {
        mqc__report(argv[0], "unexpected argument '%s'", argv[optind]);
        return mqc__usage_hint(argv[0]);
    }
    (void)snprintf(line, sizeof line, "mqcluster %s", mqc_version());
    return mqc__output_line(argv[0], line) ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}
