/* Configuration files: each ends with a configuration that stands all checks, or with mistakes that
 * have a place and words. */
#include "config/config.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A limit that only a file of many aliases reaches is reported like a mistake. */
static void count_problem(void *context, const struct mqc_config_problem *problem)
{
    unsigned *count = context;
    fuzz_require(problem->text[0] != '\0', "a mistake has words");
    fuzz_require((problem->line == 0) == (problem->column == 0), "a place is line and column");
    (*count)++;
}

static void check_usable(const struct mqc_config *config)
{
    char text[4096];
    fuzz_require(mqc_config_check(config, NULL) == MQC_OK, "what was loaded stands the checks");
    fuzz_require(mqc_config_get(config, "cluster.name", text, sizeof text) == MQC_OK,
                 "a required option is there");
    fuzz_require(mqc_config_get(config, "log.level", text, sizeof text) == MQC_OK,
                 "an option has its default");
}

static void load(const char *path)
{
    struct mqc_config *config = NULL;
    unsigned problem_count = 0;
    const enum mqc_error error = mqc_config_load(path, count_problem, &problem_count, &config);
    fuzz_require((error == MQC_OK) == (config != NULL), "a configuration, or none");
    fuzz_require((error == MQC_OK) == (problem_count == 0), "mistakes, or none");
    fuzz_require(error == MQC_OK || error == MQC_ECONFIG || error == MQC_ENOMEM,
                 "a file that can be read is right or wrong");
    if (config != NULL)
        check_usable(config);
    mqc_config_free(&config);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char path[64];
    const int file = memfd_create("yaml", MFD_CLOEXEC);
    fuzz_require(file >= 0 && write(file, data, size) == (ssize_t)size, "a file can be made");
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    load(path);
    (void)close(file);
    return 0;
}
