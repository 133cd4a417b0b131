#include "config/option.h"

#include "config/spelling.h"

static const char websocket_prefix[] = "websocket.";

const struct mqc__option *mqc__option_find(struct mqc_view path)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (mqc_view_equal(mqc_view_text(option->path), path))
            return option;
    }
    return NULL;
}

const char *mqc__option_name(const struct mqc__option *option)
{
    const char *dot = strrchr(option->path, '.');
    return dot != NULL ? dot + 1 : option->path;
}

const struct mqc__option *mqc__option_section(const struct mqc__option *option)
{
    const char *dot = strrchr(option->path, '.');
    if (dot == NULL)
        return NULL;
    return mqc__option_find(mqc_view_bytes(option->path, (size_t)(dot - option->path)));
}

static bool is_child(const struct mqc__option *option, const struct mqc__option *section,
                     struct mqc_view key)
{
    struct mqc_view rest = mqc_view_text(option->path);
    if (section != NULL) {
        const size_t size = strlen(section->path);
        if (strncmp(rest.data, section->path, size) != 0 || rest.data[size] != '.')
            return false;
        rest = mqc_view_bytes(rest.data + size + 1, rest.size - size - 1);
    }
    return mqc_view_equal(rest, key);
}

const struct mqc__option *mqc__option_child(const struct mqc__option *section, struct mqc_view key)
{
    /* A path is no key. */
    if (key.size != 0 && memchr(key.data, '.', key.size) != NULL)
        return NULL;
    for (size_t i = 0; i < mqc__option_count(); i++)
        if (is_child(mqc__option_at(i), section, key))
            return mqc__option_at(i);
    return NULL;
}

bool mqc__option_is_of_websocket(const struct mqc__option *option)
{
    return strncmp(option->path, websocket_prefix, sizeof websocket_prefix - 1) == 0;
}

static const struct mqc__option *find_by_name(struct mqc_view key, bool is_of_websocket)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (mqc__option_is_of_websocket(option) == is_of_websocket &&
            mqc_view_equal(mqc_view_text(mqc__option_name(option)), key))
            return option;
    }
    return NULL;
}

/* Finds an option of that name in another section: `websocket` has some of the same names as
 * others, and is not what was meant in those. */
static const struct mqc__option *find_elsewhere(const struct mqc__option *section,
                                                struct mqc_view key)
{
    const bool is_in_websocket = section != NULL && (section->kind == MQC__OPTION_WEBSOCKETS ||
                                                     mqc__option_is_of_websocket(section));
    const struct mqc__option *found = find_by_name(key, is_in_websocket);
    if (found == NULL && (section == NULL || is_in_websocket))
        found = find_by_name(key, !is_in_websocket);
    return found;
}

const struct mqc__option *mqc__option_nearest(const struct mqc__option *section,
                                              struct mqc_view key)
{
    const struct mqc__option *nearest = NULL;
    size_t least = mqc__spelling_tolerance(key) + 1;
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (mqc__option_section(option) != section)
            continue;
        const size_t distance =
            mqc__spelling_distance(key, mqc_view_text(mqc__option_name(option)));
        if (distance < least) {
            least = distance;
            nearest = option;
        }
    }
    return nearest != NULL ? nearest : find_elsewhere(section, key);
}
