#include "cli/cli.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/spool_drain.h"
#include "cli/spool_events.h"
#include "cli/spool_explain.h"
#include "cli/spool_print.h"
#include "cli/spool_tally.h"

#include <limits.h>
#include <sys/stat.h>

static const char usage[] =
    "Usage: mqcluster spool [OPTION...]\n"
    "\n"
    "Shows what waits on disk for the node of the configuration (delivery.durability: disk), for\n"
    "each sender instance and topic: events, bytes, the numbers of the first and the last event,\n"
    "and the guarantee; and all of it together. The node must not run. While it does, /metrics\n"
    "tells of its spool.\n"
    "\n"
    "      --events         print the events themselves as JSON, one a line, the oldest first\n"
    "      --drain          send them, without starting the node, and end when none is left.\n"
    "                       Those with guarantee end_to_end are done when their receiver has\n"
    "                       acknowledged them, or after delivery.keep_time\n"
    "      --timeout S      with --drain: give up after S seconds; what is left stays on disk\n"
    "      --json           print one JSON object a line\n"
    "\n" MQC__HELP_CONFIG MQC__HELP_BROKER MQC__HELP_COMMON "\n"
    "Exit status: 0 when done, also where nothing waits; 1 when the spool is in use or cannot be\n"
    "read, or with --drain when events are left or were lost; 2 for wrong arguments or a wrong\n"
    "configuration.\n";

enum {
    OPTION_JSON = MQC__OPTION_FIRST_OWN,
    OPTION_EVENTS,
    OPTION_DRAIN,
    OPTION_TIMEOUT,
};

struct spool {
    struct mqc__options common;
    char path[PATH_MAX];
    bool is_json;
    bool wants_events;
    bool is_draining;
    int64_t timeout_ms; /* 0: none */
};

/* With what SQLite keeps beside it. */
static uint64_t file_bytes(const char *path)
{
    char log_path[PATH_MAX + sizeof "-wal"];
    struct stat status;
    uint64_t bytes = stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
    (void)snprintf(log_path, sizeof log_path, "%s-wal", path);
    if (stat(log_path, &status) == 0)
        bytes += (uint64_t)status.st_size;
    return bytes;
}

static int print_tally(const struct spool *spool, const struct mqc__spool_tally *tally)
{
    const struct mqc__spool_file file = {spool->path, file_bytes(spool->path)};
    return mqc__spool_print(spool->common.who, tally, &file, spool->is_json) ? MQC__EXIT_DONE
                                                                             : MQC__EXIT_FAILED;
}

/* What could be read of a damaged file is shown, too. */
static int show(const struct spool *spool, const struct mqc_config *config)
{
    struct mqc__spool_tally tally = {.events = 0};
    struct mqc_error_info info;
    const enum mqc_error error = mqc_spool_walk(config, mqc__spool_tally_add, &tally, &info);
    int status = error == MQC_OK ? MQC__EXIT_DONE : mqc__spool_explain(&spool->common, &info);
    if (tally.has_failed) {
        mqc__report(spool->common.who, "%s", mqc_error_text(MQC_ENOMEM));
        status = MQC__EXIT_FAILED;
    } else if (error == MQC_OK || error == MQC_EMALFORMED) {
        const int printed = print_tally(spool, &tally);
        status = status == MQC__EXIT_DONE ? printed : status;
    }
    mqc__spool_tally_fini(&tally);
    return status;
}

static int print_events(const struct spool *spool, const struct mqc_config *config)
{
    struct mqc__spool_events events = {.who = spool->common.who};
    struct mqc_error_info info;
    char node[MQC_NODE_NAME_BYTES];
    if (mqc_config_get(config, "node", node, sizeof node) == MQC_OK)
        events.node = node;
    const enum mqc_error error = mqc_spool_walk(config, mqc__spool_events_print, &events, &info);
    if (error != MQC_OK)
        return mqc__spool_explain(&spool->common, &info);
    return events.has_failed ? MQC__EXIT_FAILED : MQC__EXIT_DONE;
}

static int look(struct spool *spool, const struct mqc_config *config)
{
    struct mqc_error_info info;
    if (mqc_spool_path(config, spool->path, sizeof spool->path, &info) != MQC_OK)
        return mqc__spool_explain(&spool->common, &info);
    return spool->wants_events ? print_events(spool, config) : show(spool, config);
}

static int run(struct spool *spool)
{
    struct mqc_config *config = NULL;
    if (spool->is_draining)
        return mqc__spool_drain(&spool->common, spool->timeout_ms);
    int status = mqc__settings_load(&spool->common, NULL, 0, stderr, &config);
    if (status == MQC__EXIT_DONE)
        status = look(spool, config);
    mqc_config_free(&config);
    return status;
}

static bool take_option(struct spool *spool, int option)
{
    switch (option) {
    case OPTION_JSON: spool->is_json = true; return true;
    case OPTION_EVENTS: spool->wants_events = true; return true;
    case OPTION_DRAIN: spool->is_draining = true; return true;
    case OPTION_TIMEOUT: return mqc__options_seconds(spool->common.who, optarg, &spool->timeout_ms);
    default: return mqc__options_take(&spool->common, option, optarg);
    }
}

/* Says what cannot go together; NULL: all is well. */
static const char *find_contradiction(const struct spool *spool)
{
    if (spool->is_draining && (spool->wants_events || spool->is_json))
        return "--drain prints nothing; --events and --json do not go with it";
    if (spool->timeout_ms != 0 && !spool->is_draining)
        return "--timeout needs --drain";
    return NULL;
}

int mqc__cli_spool(int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG,
                                          {"json", no_argument, NULL, OPTION_JSON},
                                          {"events", no_argument, NULL, OPTION_EVENTS},
                                          {"drain", no_argument, NULL, OPTION_DRAIN},
                                          {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                          {NULL, 0, NULL, 0}};
    struct spool spool = {.common.who = argv[0]};
    for (int option; (option = getopt_long(argc, argv, MQC__COMMON_SHORT, longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!take_option(&spool, option))
            return mqc__usage_hint(argv[0]);
    }
    const char *contradiction = find_contradiction(&spool);
    if (optind < argc)
        mqc__report(argv[0], "unexpected argument '%s'", argv[optind]);
    else if (contradiction != NULL)
        mqc__report(argv[0], "%s", contradiction);
    else
        return run(&spool);
    return mqc__usage_hint(argv[0]);
}
