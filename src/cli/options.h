#ifndef MQC_CLI_OPTIONS_H
#define MQC_CLI_OPTIONS_H

#include <mqcluster.h>

#include <getopt.h>

/* The command line options that subcommands have in common. */

#define MQC__SET_LIMIT 64

struct mqc__options {
    char *who;               /* argv[0] */
    const char *config_path; /* --config; NULL: not given */
    const char *broker_uri;  /* --broker; NULL: not given */
    const char *cluster;     /* --cluster; NULL: not given */
    char *sets[MQC__SET_LIMIT];
    size_t set_count;
    bool is_verbose;
    bool is_quiet;
};

/* What getopt_long returns for options that have no letter; a subcommand's own follow. */
enum {
    MQC__OPTION_CLUSTER = 256,
    MQC__OPTION_FIRST_OWN,
};

#define MQC__COMMON_SHORT "c:s:b:vqh"
#define MQC__COMMON_LONG                                                                           \
    {"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 's'},               \
        {"broker", required_argument, NULL, 'b'},                                                  \
        {"cluster", required_argument, NULL, MQC__OPTION_CLUSTER},                                 \
        {"verbose", no_argument, NULL, 'v'}, {"quiet", no_argument, NULL, 'q'},                    \
    {                                                                                              \
        "help", no_argument, NULL, 'h'                                                             \
    }

/* The paragraphs of --help on the common options. */
#define MQC__HELP_CONFIG                                                                           \
    "  -c, --config FILE    the configuration (else $MQCLUSTER_CONFIG, else\n"                     \
    "                       /etc/mqcluster/mqcluster.yaml)\n"                                      \
    "  -s, --set KEY=VALUE  set an option of the configuration: broker.uri=mqtt://10.0.0.1;\n"     \
    "                       may be repeated\n"
#define MQC__HELP_BROKER                                                                           \
    "  -b, --broker URI     the broker instead of the configuration's: mqtt://HOST:PORT, or\n"     \
    "                       mqtts://HOST:PORT together with --set tls.ca_file=FILE\n"              \
    "      --cluster NAME   the cluster instead of the configuration's; with both of them and\n"   \
    "                       without -c no file is read\n"
#define MQC__HELP_COMMON                                                                           \
    "  -v, --verbose        log every step on standard error\n"                                    \
    "  -q, --quiet          say nothing but errors\n"                                              \
    "  -h, --help           print this text\n"

/* Takes one option of the common ones. False when it is none of them, --help, or wrong (which is
 * reported): the subcommand ends with the usage hint, or with the usage for 'h'. */
bool mqc__options_take(struct mqc__options *options, int option, char *argument);

/* Read the value of a numeric option, for a plain number above 0 and for a time in seconds, which
 * may have a fraction. Report what is wrong and return false. */
bool mqc__options_count(const char *who, const char *text, uint64_t *count_out);
bool mqc__options_seconds(const char *who, const char *text, int64_t *ms_out);

/* Prints the usage on standard output and returns the exit status. */
int mqc__print_usage(const char *who, const char *usage);

/* Says on standard error where the usage is explained, and returns the exit status for that. */
int mqc__usage_hint(const char *who);

#endif
