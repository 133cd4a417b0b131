#include "config/loader.h"

#include "base/utf8.h"

struct mqc__place *mqc__loader_place(struct mqc__loader *loader, const struct mqc__option *option)
{
    return &loader->scope->places[mqc__option_index(option)];
}

static void report_unknown(struct mqc__loader *loader, const struct mqc__option *section,
                           const struct mqc__pair *pair)
{
    char excerpt[MQC__EXCERPT_BYTES];
    (void)mqc__excerpt(pair->key, excerpt);
    const struct mqc__option *nearest = mqc__option_nearest(section, pair->key);
    if (nearest == NULL) {
        mqc__problems_add(loader->problems, &pair->key_spot, "unknown option %s", excerpt);
        return;
    }
    mqc__problems_add(loader->problems, &pair->key_spot, "unknown option %s; did you mean %s?",
                      excerpt, nearest->path);
    /* It is probably there with a slip, so do not also say that it is missing. */
    mqc__loader_place(loader, nearest)->has_failed = true;
}

static void read_single(struct mqc__loader *loader, const struct mqc__option *option,
                        const struct mqc__spot *spot, const yaml_node_t *node)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, spot, node, &text))
        return;
    const enum mqc_error error =
        mqc__option_assign(loader->config, loader->scope->target, option, text, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, spot, error, &info);
}

/* One text or word may stand without its list. */
static void read_list(struct mqc__loader *loader, const struct mqc__option *option,
                      const struct mqc__spot *spot, const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE)
        read_single(loader, option, spot, node);
    else if (option->kind == MQC__OPTION_TEXTS)
        mqc__read_texts(loader, option, spot, node);
    else
        mqc__read_choices(loader, option, spot, node);
}

static void read_value(struct mqc__loader *loader, const struct mqc__option *option,
                       const struct mqc__spot *spot, const yaml_node_t *node)
{
    switch (option->kind) {
    case MQC__OPTION_SECTION: mqc__read_section(loader, option, spot, node); return;
    case MQC__OPTION_URIS: mqc__read_uris(loader, spot, node); return;
    case MQC__OPTION_TEXTS:
    case MQC__OPTION_CHOICES: read_list(loader, option, spot, node); return;
    case MQC__OPTION_PREFIXES: mqc__read_prefixes(loader, spot, node); return;
    case MQC__OPTION_NODES: mqc__read_nodes(loader, spot, node); return;
    case MQC__OPTION_POOLS: mqc__read_pools(loader, spot, node); return;
    case MQC__OPTION_EVENTS: mqc__read_events(loader, spot, node); return;
    case MQC__OPTION_WEBSOCKETS: mqc__read_websockets(loader, option, spot, node); return;
    default: read_single(loader, option, spot, node); return;
    }
}

static void read_option(struct mqc__loader *loader, const struct mqc__option *option,
                        const struct mqc__pair *pair)
{
    struct mqc__place *place = mqc__loader_place(loader, option);
    place->line = pair->key_spot.line;
    place->column = pair->key_spot.column;
    place->is_given = true;
    const size_t before = loader->problems->count;
    read_value(loader, option, &pair->value_spot, pair->value);
    /* A section's mistakes are those of its options, unless there are no options to see. */
    if (loader->problems->count != before &&
        (option->kind != MQC__OPTION_SECTION || pair->value->type != YAML_MAPPING_NODE))
        place->has_failed = true;
}

void mqc__read_section(struct mqc__loader *loader, const struct mqc__option *section,
                       const struct mqc__spot *spot, const yaml_node_t *node)
{
    struct mqc__pair *pairs = NULL;
    size_t count = 0;
    const bool may_be_list = section != NULL && section->kind == MQC__OPTION_WEBSOCKETS;
    if (!mqc__read_mapping(loader, spot, node,
                           may_be_list ? "a mapping of options to values, or a list of such"
                                       : "a mapping of options to values",
                           &pairs, &count))
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        const struct mqc__option *option = mqc__option_child(section, pairs[i].key);
        if (option == NULL)
            report_unknown(loader, section, &pairs[i]);
        else if (pairs[i].value != NULL)
            read_option(loader, option, &pairs[i]);
    }
}

void mqc__read_options(struct mqc__loader *loader)
{
    const yaml_node_t *root = yaml_document_get_root_node(loader->document);
    if (root == NULL) {
        const struct mqc__spot nowhere = {0, 0, ""};
        mqc__problems_add(loader->problems, &nowhere,
                          "the file is empty; at least cluster.name and broker.uri are needed");
        return;
    }
    const struct mqc__spot spot = {(unsigned)root->start_mark.line + 1,
                                   (unsigned)root->start_mark.column + 1, ""};
    mqc__read_section(loader, NULL, &spot, root);
}
