#include "cli/options.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_SECONDS 1e9

static bool add_set(struct mqc__options *options, char *argument)
{
    if (strchr(argument, '=') == NULL) {
        mqc__report(options->who, "--set %s: expected KEY=VALUE", argument);
        return false;
    }
    if (options->set_count == MQC__SET_LIMIT) {
        mqc__report(options->who, "--set may be given at most %d times", MQC__SET_LIMIT);
        return false;
    }
    options->sets[options->set_count++] = argument;
    return true;
}

bool mqc__options_take(struct mqc__options *options, int option, char *argument)
{
    switch (option) {
    case 'c': options->config_path = argument; return true;
    case 'b': options->broker_uri = argument; return true;
    case MQC__OPTION_CLUSTER: options->cluster = argument; return true;
    case 's': return add_set(options, argument);
    case 'v': options->is_verbose = true; return true;
    case 'q': options->is_quiet = true; return true;
    default: return false;
    }
}

bool mqc__options_count(const char *who, const char *text, uint64_t *count_out)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long count = strtoull(text, &end, 10);
    /* strtoull takes blanks and a sign, and negates. */
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || count == 0) {
        mqc__report(who, "'%s' is not a number above 0", text);
        return false;
    }
    *count_out = count;
    return true;
}

bool mqc__options_seconds(const char *who, const char *text, int64_t *ms_out)
{
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (text[0] == '\0' || strspn(text, "0123456789.") != strlen(text) || *end != '\0' ||
        seconds < 0.001 || seconds > LONGEST_SECONDS) {
        mqc__report(who, "'%s' is not a number of seconds, as 10 or 0.5", text);
        return false;
    }
    *ms_out = (int64_t)(seconds * 1000.0 + 0.5);
    return true;
}

int mqc__print_usage(const char *who, const char *usage)
{
    return mqc__output_text(who, usage) ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}

int mqc__usage_hint(const char *who)
{
    (void)fprintf(stderr, "Try '%s --help'.\n", who);
    return MQC__EXIT_USAGE;
}
