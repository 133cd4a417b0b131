#ifndef TESTS_UNIT_CONFIG_LOADING_H
#define TESTS_UNIT_CONFIG_LOADING_H

#include "config/settings.h"
#include "support/suite.h"

#define LOADED_PROBLEMS_MAX 256

struct loaded_problem {
    unsigned line;
    unsigned column;
    char key[256];
    char text[640];
};

/* What loading a text gave. */
struct loaded {
    enum mqc_error error;
    struct mqc_config *config;
    size_t count;
    struct loaded_problem problems[LOADED_PROBLEMS_MAX];
};

/* Loads bytes as a file. The result is static: the next call overwrites it, after freeing the
 * configuration in it. */
struct loaded *load_bytes(const void *bytes, size_t size);
struct loaded *load_text(const char *text);
struct loaded *load_file(const char *path);

/* The same for text without a mistake: gives what it says. */
const struct mqc__settings *load_settings(const char *text);

/* Frees the last result's configuration. */
void unload(void);

#endif
