#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/settings.h"

static const char usage[] =
    "Usage: mqcluster check-config [OPTION...] [FILE]\n"
    "\n"
    "Reads a configuration as the other subcommands do and prints every mistake in it, one a\n"
    "line: FILE:LINE:COLUMN: KEY: TEXT; then loads the certificates and keys that it names. "
    "Prints\n"
    "'FILE: ok' when all is well. FILE '-' is standard input. Exit status: 0 without mistakes, 2\n"
    "with.\n"
    "\n" MQC__HELP_CONFIG "  -h, --help           print this text\n";

/* The certificates and keys that it names; making a backend loads them. */
static int check_files(const struct mqc__options *options, const char *path,
                       const struct mqc_config *config)
{
    struct mqc_error_info info;
    struct mqc_backend *backend = NULL;
    char line[4200];
    const enum mqc_error error = mqc_backend_new(config, &backend, &info);
    mqc_backend_free(&backend);
    if (error == MQC_OK)
        return MQC__EXIT_DONE;
    (void)snprintf(line, sizeof line, "%s: %s", path, info.text);
    return mqc__output_line(options->who, line) ? MQC__EXIT_USAGE : MQC__EXIT_FAILED;
}

static int check(const struct mqc__options *options)
{
    struct mqc_config *config = NULL;
    char line[4200];
    const char *path = mqc__settings_path(options);
    int status = mqc__settings_load(options, NULL, 0, stdout, &config);
    if (status == MQC__EXIT_DONE)
        status = check_files(options, path, config);
    mqc_config_free(&config);
    if (status != MQC__EXIT_DONE)
        return status;
    (void)snprintf(line, sizeof line, "%s: ok", path);
    return mqc__output_line(options->who, line) ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}

int mqc__cli_check_config(int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"set", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct mqc__options options = {.who = argv[0]};
    for (int option; (option = getopt_long(argc, argv, "c:s:h", longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!mqc__options_take(&options, option, optarg))
            return mqc__usage_hint(argv[0]);
    }
    if (optind < argc && options.config_path == NULL)
        options.config_path = argv[optind++];
    if (optind < argc) {
        mqc__report(argv[0], "unexpected argument '%s': one file at a time", argv[optind]);
        return mqc__usage_hint(argv[0]);
    }
    return check(&options);
}
