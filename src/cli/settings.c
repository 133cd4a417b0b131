#include "cli/settings.h"

#include "cli/cli.h"
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_PATH "/etc/mqcluster/mqcluster.yaml"

const char *mqc__settings_path(const struct mqc__options *options)
{
    if (options->config_path != NULL)
        return options->config_path;
    const char *path = getenv("MQCLUSTER_CONFIG");
    return path != NULL && path[0] != '\0' ? path : DEFAULT_PATH;
}

void mqc__settings_print_problem(void *context, const struct mqc_config_problem *problem)
{
    FILE *stream = context;
    (void)fprintf(stream, "%s:", problem->file);
    if (problem->line != 0)
        (void)fprintf(stream, "%u:%u:", problem->line, problem->column);
    if (problem->key[0] != '\0')
        (void)fprintf(stream, " %s:", problem->key);
    (void)fprintf(stream, " %s\n", problem->text);
}

/* A user who gave no file may not know that one is needed. */
static void explain_missing_file(const struct mqc__options *options)
{
    const char *path = mqc__settings_path(options);
    if (options->config_path == NULL && access(path, R_OK) != 0)
        mqc__report(options->who,
                    "give a configuration with -c FILE, or -b URI and --cluster NAME");
}

static int load(const struct mqc__options *options, FILE *mistakes, struct mqc_config **config_out)
{
    if (options->config_path == NULL && options->broker_uri != NULL && options->cluster != NULL) {
        *config_out = mqc_config_new();
        return *config_out != NULL ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
    }
    const char *path = mqc__settings_path(options);
    const enum mqc_error error =
        mqc_config_load(path, mqc__settings_print_problem, mistakes, config_out);
    if (error == MQC_OK)
        return MQC__EXIT_DONE;
    if (error == MQC_EIO)
        explain_missing_file(options);
    return error == MQC_ENOMEM ? MQC__EXIT_FAILED : MQC__EXIT_USAGE;
}

/* Sets one option; `origin` is what the mistake is put down to. */
static int set(struct mqc_config *config, const char *origin, const struct mqc__preset *preset,
               FILE *mistakes)
{
    struct mqc_error_info info;
    const enum mqc_error error = mqc_config_set(config, preset->path, preset->value, &info);
    if (error == MQC_OK)
        return MQC__EXIT_DONE;
    (void)fprintf(mistakes, "%s: %s: %s\n", origin, preset->path, info.text);
    return error == MQC_ENOMEM ? MQC__EXIT_FAILED : MQC__EXIT_USAGE;
}

static int set_from_argument(struct mqc_config *config, char *argument, FILE *mistakes)
{
    char *equals = strchr(argument, '=');
    *equals = '\0';
    const struct mqc__preset preset = {argument, equals + 1};
    const int status = set(config, "--set", &preset, mistakes);
    *equals = '=';
    return status;
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int apply(struct mqc_config *config, const struct mqc__options *options, FILE *mistakes)
{
    int status = MQC__EXIT_DONE;
    if (options->broker_uri != NULL)
        status =
            worse(status, set(config, "--broker",
                              &(struct mqc__preset){"broker.uri", options->broker_uri}, mistakes));
    if (options->cluster != NULL)
        status =
            worse(status, set(config, "--cluster",
                              &(struct mqc__preset){"cluster.name", options->cluster}, mistakes));
    for (size_t i = 0; i < options->set_count; i++)
        status = worse(status, set_from_argument(config, options->sets[i], mistakes));
    return status;
}

static int check(const struct mqc_config *config, FILE *mistakes)
{
    struct mqc_error_info info;
    if (mqc_config_check(config, &info) == MQC_OK)
        return MQC__EXIT_DONE;
    /* The file by itself passed this check: it is the options that do not go with it. */
    (void)fprintf(mistakes, "command line: %s%s%s\n", info.place, info.place[0] != '\0' ? ": " : "",
                  info.text);
    return MQC__EXIT_USAGE;
}

int mqc__settings_load(const struct mqc__options *options, const struct mqc__preset *presets,
                       size_t preset_count, FILE *mistakes, struct mqc_config **config_out)
{
    int status = load(options, mistakes, config_out);
    if (status == MQC__EXIT_FAILED)
        mqc__report(options->who, "%s", mqc_error_text(MQC_ENOMEM));
    if (status != MQC__EXIT_DONE)
        return status;
    for (size_t i = 0; i < preset_count; i++)
        status = worse(status, set(*config_out, options->who, &presets[i], mistakes));
    status = worse(status, apply(*config_out, options, mistakes));
    if (status == MQC__EXIT_DONE)
        status = check(*config_out, mistakes);
    if (status != MQC__EXIT_DONE)
        mqc_config_free(config_out);
    return status;
}
