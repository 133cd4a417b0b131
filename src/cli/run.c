#include "cli/cli.h"
#include "cli/node.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/settings.h"

static const char usage[] =
    "Usage: mqcluster run [OPTION...]\n"
    "\n"
    "Runs a node of the cluster: connects to the broker, stays connected, and logs on standard\n"
    "error what happens. SIGTERM and SIGINT stop it after the events that wait were brought to\n"
    "the broker; SIGHUP checks the configuration file. Speaks systemd's notification protocol.\n"
    "\n" MQC__HELP_CONFIG "  -v, --verbose        log every step\n"
    "  -q, --quiet          log warnings and errors only\n"
    "  -h, --help           print this text\n"
    "\n"
    "Exit status: 0 when stopped by a signal, 1 when another client took the session over or\n"
    "the system failed, 2 for wrong arguments or a wrong configuration.\n";

/* What the command line says, else the configuration. */
static enum mqc_log_level log_level(const struct mqc__options *options,
                                    const struct mqc_config *config)
{
    if (options->is_verbose)
        return MQC_LOG_DEBUG;
    if (options->is_quiet)
        return MQC_LOG_WARNING;
    char name[16];
    if (mqc_config_get(config, "log.level", name, sizeof name) != MQC_OK)
        return MQC_LOG_INFO;
    enum mqc_log_level level = MQC_LOG_ERROR;
    while (level < MQC_LOG_DEBUG && strcmp(name, mqc_log_level_name(level)) != 0)
        level++;
    return level;
}

static bool has_node(const struct mqc__options *options, const struct mqc_config *config)
{
    char first[2];
    if (mqc_config_get(config, "node", first, sizeof first) != MQC_ENOTFOUND)
        return true;
    mqc__report(options->who, "%s: node: missing; it names the node that is to run, one of nodes",
                mqc__settings_path(options));
    return false;
}

static int run(const struct mqc__options *options)
{
    struct mqc_config *config = NULL;
    int status = mqc__settings_load(options, NULL, 0, stderr, &config);
    if (status != MQC__EXIT_DONE)
        return status;
    enum mqc_error error = MQC_ECONFIG;
    if (has_node(options, config))
        error = mqc__daemon_run(config, mqc__settings_path(options), log_level(options, config));
    mqc_config_free(&config);
    switch (error) {
    case MQC_OK: status = MQC__EXIT_DONE; break;
    case MQC_ECONFIG: status = MQC__EXIT_USAGE; break;
    default: status = MQC__EXIT_FAILED; break;
    }
    return status;
}

int mqc__cli_run(int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG, {NULL, 0, NULL, 0}};
    struct mqc__options options = {.who = argv[0]};
    for (int option; (option = getopt_long(argc, argv, MQC__COMMON_SHORT, longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!mqc__options_take(&options, option, optarg))
            return mqc__usage_hint(argv[0]);
    }
    if (optind != argc) {
        mqc__report(argv[0], "unexpected argument '%s'; the configuration comes with -c",
                    argv[optind]);
        return mqc__usage_hint(argv[0]);
    }
    return run(&options);
}
