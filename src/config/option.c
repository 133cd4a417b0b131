#include "config/option.h"

#include "config/spelling.h"

static const char *const planned_keys[] = {"websocket", "metrics"};

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

const struct mqc__option *mqc__option_child(const struct mqc__option *section, struct mqc_view key)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (mqc__option_section(option) == section &&
            mqc_view_equal(mqc_view_text(mqc__option_name(option)), key))
            return option;
    }
    return NULL;
}

static const struct mqc__option *find_by_name(struct mqc_view key)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (mqc_view_equal(mqc_view_text(mqc__option_name(option)), key))
            return option;
    }
    return NULL;
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
    return nearest != NULL ? nearest : find_by_name(key);
}

bool mqc__option_is_planned(struct mqc_view key)
{
    for (size_t i = 0; i < sizeof planned_keys / sizeof planned_keys[0]; i++)
        if (mqc_view_equal(mqc_view_text(planned_keys[i]), key))
            return true;
    return false;
}
