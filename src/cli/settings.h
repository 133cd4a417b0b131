#ifndef MQC_CLI_SETTINGS_H
#define MQC_CLI_SETTINGS_H

#include "cli/options.h"

#include <stdio.h>

/* One option of the configuration that a subcommand sets by itself. */
struct mqc__preset {
    const char *path;
    const char *value;
};

/*
 * Makes the configuration that the command line asks for: the file, unless --broker and --cluster
 * make it needless, then the subcommand's `presets` (`preset_count` of them), then --broker,
 * --cluster and --set. Every mistake is written to `mistakes`, one a line. Returns the exit status;
 * the caller frees *config_out with mqc_config_free().
 */
int mqc__settings_load(const struct mqc__options *options, const struct mqc__preset *presets,
                       size_t preset_count, FILE *mistakes, struct mqc_config **config_out);

/* The file that these options name: --config, else the environment's, else the default; never
 * NULL. */
const char *mqc__settings_path(const struct mqc__options *options);

/* Writes one mistake to the FILE that is the context: FILE:LINE:COLUMN: KEY: TEXT, without the
 * parts that are not known. Made for mqc_config_load(). */
void mqc__settings_print_problem(void *context, const struct mqc_config_problem *problem);

#endif
