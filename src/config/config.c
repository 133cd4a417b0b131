#include "config/config_priv.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <stdlib.h>

static enum mqc_error assign_defaults(struct mqc_config *config)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (option->default_text == NULL)
            continue;
        const enum mqc_error error =
            mqc__option_assign(config, option, mqc_view_text(option->default_text), NULL);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}

struct mqc_config *mqc_config_new(void)
{
    struct mqc_config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return NULL;
    mqc__arena_init(&config->arena, MQC__CONFIG_BYTES_MAX);
    if (assign_defaults(config) != MQC_OK)
        mqc_config_free(&config);
    return config;
}

void mqc_config_free(struct mqc_config **config)
{
    if (config == NULL || *config == NULL)
        return;
    mqc__arena_fini(&(*config)->arena);
    free(*config);
    *config = NULL;
}

const struct mqc__settings *mqc__config_settings(const struct mqc_config *config)
{
    return &config->settings;
}

static enum mqc_error fail_unknown(const char *path, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const char *dot = strrchr(path, '.');
    const struct mqc__option *section = NULL;
    if (dot != NULL)
        section = mqc__option_find(mqc_view_bytes(path, (size_t)(dot - path)));
    const struct mqc__option *nearest =
        mqc__option_nearest(section, mqc_view_text(dot != NULL ? dot + 1 : path));
    (void)mqc__excerpt(mqc_view_text(path), excerpt);
    if (nearest != NULL)
        return mqc__fail(info, MQC_ENOTFOUND, "there is no option %s; did you mean %s?", excerpt,
                         nearest->path);
    if (mqc__option_is_planned(mqc_view_bytes(path, strcspn(path, "."))))
        return mqc__fail(info, MQC_ENOTFOUND, "this version does not have the option %s yet",
                         excerpt);
    return mqc__fail(info, MQC_ENOTFOUND, "there is no option %s", excerpt);
}

enum mqc_error mqc_config_set(struct mqc_config *config, const char *path, const char *value,
                              struct mqc_error_info *info)
{
    if (config == NULL || path == NULL || value == NULL)
        return mqc__fail(info, MQC_EINVAL, "config, path or value is NULL");
    const struct mqc__option *option = mqc__option_find(mqc_view_text(path));
    if (option == NULL)
        return fail_unknown(path, info);
    const enum mqc_error error = mqc__option_assign(config, option, mqc_view_text(value), info);
    if (error != MQC_OK)
        mqc__fail_place(info, "%s", path);
    return error;
}
