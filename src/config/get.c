#include "config/config_priv.h"
#include "config/scalar.h"

#include <limits.h>
#include <stdio.h>

static const char root_prefix[] = "mqcluster/";

static const char *choice_name(const struct mqc__choice *choices, int value)
{
    for (const struct mqc__choice *choice = choices; choice->name != NULL; choice++)
        if (choice->value == value)
            return choice->name;
    return NULL;
}

static int put(char *text_out, size_t size, const char *text)
{
    return text != NULL ? snprintf(text_out, size, "%s", text) : -1;
}

/* A list in brackets. */
static int put_texts(char *text_out, size_t size, const char *const *texts, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t room = length < size ? size - length : 0;
        const int added = snprintf(room != 0 ? text_out + length : NULL, room, "%s%s%s",
                                   i == 0 ? "[" : ", ", texts[i], i + 1 == count ? "]" : "");
        if (added < 0)
            return added;
        length += (size_t)added;
    }
    return count != 0 ? (int)length : -1;
}

/* A list of words in brackets, in the order of the choices. */
static int put_choices(const struct mqc__option *option, unsigned bits, char *text_out, size_t size)
{
    const char *words[CHAR_BIT * sizeof bits];
    size_t count = 0;
    for (const struct mqc__choice *choice = option->choices; choice->name != NULL; choice++)
        if ((bits & 1U << choice->value) != 0)
            words[count++] = choice->name;
    return count != 0 ? put_texts(text_out, size, words, count) : put(text_out, size, "[]");
}

/* Returns the length of the value's text, below 0 when the option is not set. `target` as for
 * mqc__option_assign. */
static int put_value(const struct mqc__option *option, const void *target, char *text_out,
                     size_t size)
{
    char number[MQC__SCALAR_BYTES];
    const void *value = (const char *)target + option->offset;
    const void *count = (const char *)target + option->count_offset;
    const bool *is_given = (const bool *)target + option->given_offset;
    switch (option->kind) {
    case MQC__OPTION_BOOL: return put(text_out, size, *(const bool *)value ? "true" : "false");
    case MQC__OPTION_INTEGER:
    case MQC__OPTION_SIZE:
    case MQC__OPTION_DURATION:
        return put(text_out, size,
                   mqc__scalar_format(option->kind, *(const uint64_t *)value, number));
    case MQC__OPTION_TEXT:
    case MQC__OPTION_FILE: return put(text_out, size, *(const char *const *)value);
    case MQC__OPTION_URI:
        return *(const size_t *)count == 1 ? put(text_out, size, **(const char **const *)value)
                                           : -1;
    case MQC__OPTION_URIS:
    case MQC__OPTION_TEXTS:
        return put_texts(text_out, size, *(const char **const *)value, *(const size_t *)count);
    case MQC__OPTION_CHOICE:
        return put(text_out, size, choice_name(option->choices, *(const int *)value));
    case MQC__OPTION_BYTE_CHOICE:
        return put(text_out, size, choice_name(option->choices, *(const char *)value));
    case MQC__OPTION_CHOICES:
        return *is_given ? put_choices(option, *(const unsigned *)value, text_out, size) : -1;
    default: return -1;
    }
}

enum mqc_error mqc_config_get(const struct mqc_config *config, const char *path, char *text_out,
                              size_t size)
{
    if (config == NULL || path == NULL || text_out == NULL || size == 0)
        return MQC_EINVAL;
    text_out[0] = '\0';
    struct mqc__option_path place;
    const void *target = NULL;
    if (!mqc__option_path_read(path, &place) || place.option->is_secret ||
        mqc__option_path_target(&config->settings, &place, &target, NULL) != MQC_OK ||
        target == NULL)
        return MQC_ENOTFOUND;
    const int length = put_value(place.option, target, text_out, size);
    if (length < 0)
        return MQC_ENOTFOUND;
    return (size_t)length < size ? MQC_OK : MQC_ETOOLARGE;
}

enum mqc_error mqc_config_root(const struct mqc_config *config, char *text_out, size_t size)
{
    if (config == NULL || text_out == NULL || size == 0)
        return MQC_EINVAL;
    text_out[0] = '\0';
    const char *root = config->settings.cluster.root;
    const char *cluster = config->settings.cluster.name;
    if (root == NULL && cluster == NULL)
        return MQC_ENOTFOUND;
    const int length = snprintf(text_out, size, "%s%s", root != NULL ? "" : root_prefix,
                                root != NULL ? root : cluster);
    return (size_t)length < size ? MQC_OK : MQC_ETOOLARGE;
}

size_t mqc_config_node_count(const struct mqc_config *config)
{
    return config != NULL ? config->settings.node_count : 0;
}

enum mqc_error mqc_config_node(const struct mqc_config *config, size_t index,
                               struct mqc_config_node *node_out)
{
    if (config == NULL || node_out == NULL)
        return MQC_EINVAL;
    if (index >= config->settings.node_count)
        return MQC_ENOTFOUND;
    const struct mqc__node_settings *node = &config->settings.nodes[index];
    *node_out = (struct mqc_config_node){.name = node->name,
                                         .type = choice_name(mqc__node_type_choices, node->type)};
    return MQC_OK;
}

size_t mqc_config_pool_count(const struct mqc_config *config)
{
    return config != NULL ? config->settings.pool_count : 0;
}

enum mqc_error mqc_config_pool(const struct mqc_config *config, size_t index,
                               struct mqc_config_pool *pool_out)
{
    if (config == NULL || pool_out == NULL)
        return MQC_EINVAL;
    if (index >= config->settings.pool_count)
        return MQC_ENOTFOUND;
    const struct mqc__pool_settings *pool = &config->settings.pools[index];
    *pool_out = (struct mqc_config_pool){
        .name = pool->name,
        .type = choice_name(mqc__pool_type_choices, pool->type),
        .topic = pool->topic,
        .max_nodes = pool->max_nodes,
        .has_max_nodes = pool->has_max_nodes,
        .is_exclusive = pool->is_exclusive,
    };
    return MQC_OK;
}

size_t mqc_config_websocket_count(const struct mqc_config *config)
{
    return config != NULL ? config->settings.websocket_count : 0;
}
