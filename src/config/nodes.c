#include "config/loader.h"

#include "config/text_check.h"

void mqc__read_name(struct mqc__loader *loader, const struct mqc__pair *pair, const char **name_out)
{
    struct mqc_error_info info;
    enum mqc_error error = mqc__text_assign(loader->config, pair->key, name_out, &info);
    if (error == MQC_OK)
        error = mqc__check_level(*name_out, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->key_spot, error, &info);
}

static struct mqc__node_settings read_node(struct mqc__loader *loader, const struct mqc__pair *pair)
{
    static const struct mqc__field_names names = {{"type"}, 1};
    struct mqc__node_settings node = {.name = NULL};
    struct mqc__pair fields[1];
    mqc__read_name(loader, pair, &node.name);
    if (mqc__read_fields(loader, &pair->value_spot, pair->value, &names, fields) &&
        fields[0].value != NULL)
        mqc__read_choice(loader, &fields[0], mqc__node_type_choices, &node.type);
    return node;
}

void mqc__read_nodes(struct mqc__loader *loader, const struct mqc__spot *spot,
                     const yaml_node_t *node)
{
    struct mqc__pair *pairs = NULL;
    size_t count = 0;
    if (!mqc__read_mapping(loader, spot, node, "a mapping of node names to {type: WORD}", &pairs,
                           &count))
        return;
    struct mqc__node_settings *nodes =
        mqc__loader_array(loader, &loader->config->arena, count, sizeof *nodes);
    if (nodes == NULL)
        return;
    /* What has no name, or one that came before, was reported and is no node. */
    size_t node_count = 0;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        if (pairs[i].value == NULL)
            continue;
        nodes[node_count] = read_node(loader, &pairs[i]);
        node_count += nodes[node_count].name != NULL ? 1 : 0;
    }
    loader->config->settings.nodes = nodes;
    loader->config->settings.node_count = node_count;
}
