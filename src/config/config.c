#include "config/config_priv.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <stdlib.h>

static enum mqc_error assign_defaults(struct mqc_config *config)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (option->default_text == NULL || mqc__option_is_of_websocket(option))
            continue;
        const enum mqc_error error = mqc__option_assign(config, &config->settings, option,
                                                        mqc_view_text(option->default_text), NULL);
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

/* `plain` is the path without an index. */
static enum mqc_error fail_unknown(const char *path, const char *plain, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const char *dot = strrchr(plain, '.');
    const struct mqc__option *section = NULL;
    if (dot != NULL)
        section = mqc__option_find(mqc_view_bytes(plain, (size_t)(dot - plain)));
    const struct mqc__option *nearest =
        mqc__option_nearest(section, mqc_view_text(dot != NULL ? dot + 1 : plain));
    (void)mqc__excerpt(mqc_view_text(path), excerpt);
    if (nearest != NULL)
        return mqc__fail(info, MQC_ENOTFOUND, "there is no option %s; did you mean %s?", excerpt,
                         nearest->path);
    return mqc__fail(info, MQC_ENOTFOUND, "there is no option %s", excerpt);
}

/* Adds an entry with the defaults to `websocket`. */
static enum mqc_error add_websocket(struct mqc_config *config, void **target_out,
                                    struct mqc_error_info *info)
{
    struct mqc__settings *settings = &config->settings;
    const size_t count = settings->websocket_count;
    struct mqc__websocket_settings *websockets =
        mqc__arena_array(&config->arena, count + 1, sizeof *websockets);
    if (websockets == NULL || mqc__websocket_set_defaults(config, &websockets[count]) != MQC_OK)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (count != 0)
        memcpy(websockets, settings->websockets, count * sizeof *websockets);
    settings->websockets = websockets;
    settings->websocket_count = count + 1;
    *target_out = &websockets[count];
    return MQC_OK;
}

/* Finds the settings that an option is in, or makes them where it is of the next `websocket`. */
static enum mqc_error find_target(struct mqc_config *config, const struct mqc__option_path *place,
                                  void **target_out, struct mqc_error_info *info)
{
    const void *target = NULL;
    const enum mqc_error error = mqc__option_path_target(&config->settings, place, &target, info);
    if (error != MQC_OK)
        return error;
    if (target == NULL)
        return add_websocket(config, target_out, info);
    *target_out = (void *)(uintptr_t)target;
    return MQC_OK;
}

enum mqc_error mqc_config_set(struct mqc_config *config, const char *path, const char *value,
                              struct mqc_error_info *info)
{
    if (config == NULL || path == NULL || value == NULL)
        return mqc__fail(info, MQC_EINVAL, "config, path or value is NULL");
    struct mqc__option_path place;
    if (!mqc__option_path_read(path, &place))
        return fail_unknown(path, place.plain, info);
    const size_t before = config->settings.websocket_count;
    void *target = NULL;
    enum mqc_error error = find_target(config, &place, &target, info);
    if (error == MQC_OK)
        error = mqc__option_assign(config, target, place.option, mqc_view_text(value), info);
    if (error != MQC_OK) {
        config->settings.websocket_count = before;
        mqc__fail_place(info, "%s", path);
    }
    return error;
}
