#include "cli/acl_list.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/settings.h"

static const char usage[] =
    "Usage: mqcluster acl [OPTION...]\n"
    "\n"
    "Prints an access list for Mosquitto (acl_file) for the nodes of a configuration: each can\n"
    "announce itself and nobody else, and can reach nothing outside of the cluster's topics. A\n"
    "node's user name is its name, which is the common name of its certificate.\n"
    "\n" MQC__HELP_CONFIG
    "      --strict         let workers publish only to the topics of managers, loggers and\n"
    "                       proxies, and to those of --allow; else all publish to all topics\n"
    "      --allow PREFIX   with --strict, also to this event topic and those below it; may be\n"
    "                       repeated\n"
    "  -h, --help           print this text\n";

enum { OPTION_STRICT = MQC__OPTION_FIRST_OWN, OPTION_ALLOW };

static bool allow(struct mqc__acl *acl, const char *prefix)
{
    if (prefix[0] == '\0') {
        mqc__report(acl->who, "--allow '' would be every topic; leave out --strict for that");
        return false;
    }
    if (acl->allowed_count == MQC__ACL_ALLOWED_LIMIT) {
        mqc__report(acl->who, "--allow may be given at most %d times", MQC__ACL_ALLOWED_LIMIT);
        return false;
    }
    acl->allowed[acl->allowed_count++] = prefix;
    return true;
}

static bool take(struct mqc__acl *acl, struct mqc__options *options, int option)
{
    switch (option) {
    case OPTION_STRICT: acl->is_strict = true; return true;
    case OPTION_ALLOW: return allow(acl, optarg);
    default: return mqc__options_take(options, option, optarg);
    }
}

static bool check_arguments(const struct mqc__acl *acl, int argc, char **argv)
{
    if (optind < argc)
        mqc__report(acl->who, "unexpected argument '%s'; the configuration comes with -c",
                    argv[optind]);
    else if (acl->allowed_count != 0 && !acl->is_strict)
        mqc__report(acl->who, "--allow needs --strict, without which every topic is allowed");
    else
        return true;
    return false;
}

static int print(struct mqc__acl *acl, const struct mqc__options *options)
{
    struct mqc_config *config = NULL;
    int status = mqc__settings_load(options, NULL, 0, stderr, &config);
    if (status != MQC__EXIT_DONE)
        return status;
    acl->config = config;
    if (!mqc__acl_check(acl))
        status = MQC__EXIT_USAGE;
    else if (!mqc__acl_print(acl))
        status = MQC__EXIT_FAILED;
    mqc_config_free(&config);
    return status;
}

int mqc__cli_acl(int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"set", required_argument, NULL, 's'},
                                          {"strict", no_argument, NULL, OPTION_STRICT},
                                          {"allow", required_argument, NULL, OPTION_ALLOW},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct mqc__options options = {.who = argv[0]};
    struct mqc__acl acl = {.who = argv[0]};
    for (int option; (option = getopt_long(argc, argv, "c:s:h", longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (!take(&acl, &options, option))
            return mqc__usage_hint(argv[0]);
    }
    if (!check_arguments(&acl, argc, argv))
        return mqc__usage_hint(argv[0]);
    return print(&acl, &options);
}
