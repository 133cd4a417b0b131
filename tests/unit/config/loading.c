#include "loading.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct loaded loaded;

static void collect(void *context, const struct mqc_config_problem *problem)
{
    const char *path = context;
    CHECK_TEXT(problem->file, path);
    REQUIRE(loaded.count < LOADED_PROBLEMS_MAX);
    struct loaded_problem *to = &loaded.problems[loaded.count++];
    to->line = problem->line;
    to->column = problem->column;
    (void)snprintf(to->key, sizeof to->key, "%s", problem->key);
    (void)snprintf(to->text, sizeof to->text, "%s", problem->text);
}

void unload(void)
{
    mqc_config_free(&loaded.config);
    loaded.count = 0;
}

struct loaded *load_file(const char *path)
{
    unload();
    loaded.error = mqc_config_load(path, collect, (void *)path, &loaded.config);
    CHECK((loaded.error == MQC_OK) == (loaded.config != NULL));
    CHECK(loaded.error == MQC_ENOMEM || (loaded.error == MQC_OK) == (loaded.count == 0));
    return &loaded;
}

struct loaded *load_bytes(const void *bytes, size_t size)
{
    char path[64];
    const int file = memfd_create("yaml", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    REQUIRE(write(file, bytes, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct loaded *result = load_file(path);
    (void)close(file);
    return result;
}

struct loaded *load_text(const char *text)
{
    return load_bytes(text, strlen(text));
}

const struct mqc__settings *load_settings(const char *text)
{
    const struct loaded *result = load_text(text);
    for (size_t i = 0; i < result->count; i++)
        CHECK_TEXT(result->problems[i].text, "");
    REQUIRE(result->config != NULL);
    return mqc__config_settings(result->config);
}
