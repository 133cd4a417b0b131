#include "config/config_priv.h"

#include "base/fail.h"

#include <stdio.h>

static const char prefix[] = "websocket[";

/* Reads the number and the bracket behind it. Returns what follows, NULL when it is no index. */
static const char *read_index(const char *text, size_t *index_out)
{
    size_t index = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && index <= MQC__CONFIG_WEBSOCKETS_MAX; at++)
        index = index * 10 + (size_t)(*at - '0');
    *index_out = index;
    return at != text && *at == ']' && at[1] == '.' ? at + 1 : NULL;
}

bool mqc__option_path_read(const char *path, struct mqc__option_path *path_out)
{
    const char *rest = NULL;
    *path_out = (struct mqc__option_path){.option = NULL};
    if (strncmp(path, prefix, sizeof prefix - 1) == 0)
        rest = read_index(path + sizeof prefix - 1, &path_out->index);
    path_out->has_index = rest != NULL;
    (void)snprintf(path_out->plain, sizeof path_out->plain, "%s%s", rest != NULL ? "websocket" : "",
                   rest != NULL ? rest : path);
    path_out->option = mqc__option_find(mqc_view_text(path_out->plain));
    return path_out->option != NULL;
}

enum mqc_error mqc__option_path_target(const struct mqc__settings *settings,
                                       const struct mqc__option_path *path, const void **target_out,
                                       struct mqc_error_info *info)
{
    *target_out = settings;
    if (!mqc__option_is_of_websocket(path->option))
        return MQC_OK;
    *target_out = NULL;
    if (!path->has_index && settings->websocket_count > 1)
        return mqc__fail(info, MQC_ECONFIG,
                         "websocket has %zu entries; say which one, as in websocket[0].%s",
                         settings->websocket_count, mqc__option_name(path->option));
    if (path->index > settings->websocket_count || path->index >= MQC__CONFIG_WEBSOCKETS_MAX)
        return mqc__fail(info, MQC_ENOTFOUND,
                         "websocket has %zu entries, of at most %zu; the next would be "
                         "websocket[%zu]",
                         settings->websocket_count, MQC__CONFIG_WEBSOCKETS_MAX,
                         settings->websocket_count);
    if (path->index < settings->websocket_count)
        *target_out = &settings->websockets[path->index];
    return MQC_OK;
}
