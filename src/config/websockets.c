#include "config/loader.h"

enum mqc_error mqc__websocket_set_defaults(struct mqc_config *config,
                                           struct mqc__websocket_settings *websocket)
{
    enum mqc_error error = MQC_OK;
    for (size_t i = 0; error == MQC_OK && i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (mqc__option_is_of_websocket(option) && option->default_text != NULL)
            error = mqc__option_assign(config, websocket, option,
                                       mqc_view_text(option->default_text), NULL);
    }
    return error;
}

/* What is read from here on belongs to the entry. Returns false when memory ran out. */
static bool enter(struct mqc__loader *loader, const struct mqc__option *option,
                  const struct mqc__spot *spot, size_t i)
{
    struct mqc__websocket_settings *websocket = &loader->config->settings.websockets[i];
    struct mqc_view key = {0};
    if (mqc__websocket_set_defaults(loader->config, websocket) != MQC_OK ||
        !mqc__arena_copy(&loader->scratch, mqc_view_text(spot->key), &key)) {
        loader->fatal = MQC_ENOMEM;
        return false;
    }
    loader->scope = &loader->websocket_scopes[i];
    loader->scope->target = websocket;
    loader->scope->key = key.data;
    *mqc__loader_place(loader, option) = (struct mqc__place){
        .line = spot->line,
        .column = spot->column,
        .is_given = true,
    };
    return true;
}

/* Where it was to listen is not known if that could not be read; port 0 is like no other. */
static void forget_failed_place(struct mqc__loader *loader, const struct mqc__option *option,
                                struct mqc__websocket_settings *websocket)
{
    static const char *const names[] = {"listen_addr", "listen_port"};
    if (mqc__loader_place(loader, option)->has_failed)
        websocket->listen_port = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mqc__option *child = mqc__option_child(option, mqc_view_text(names[i]));
        if (mqc__loader_place(loader, child)->has_failed)
            websocket->listen_port = 0;
    }
}

static void read_entry(struct mqc__loader *loader, const struct mqc__option *option,
                       const struct mqc__spot *spot, const yaml_node_t *node, size_t i)
{
    if (enter(loader, option, spot, i)) {
        mqc__read_section(loader, option, spot, node);
        mqc__loader_place(loader, option)->has_failed = node->type != YAML_MAPPING_NODE;
        forget_failed_place(loader, option, &loader->config->settings.websockets[i]);
    }
    loader->scope = &loader->file_scope;
}

static bool make_entries(struct mqc__loader *loader, size_t count)
{
    struct mqc__settings *settings = &loader->config->settings;
    settings->websockets =
        mqc__loader_array(loader, &loader->config->arena, count, sizeof *settings->websockets);
    loader->websocket_scopes =
        mqc__loader_array(loader, &loader->scratch, count, sizeof *loader->websocket_scopes);
    return settings->websockets != NULL && loader->websocket_scopes != NULL;
}

void mqc__read_websockets(struct mqc__loader *loader, const struct mqc__option *option,
                          const struct mqc__spot *spot, const yaml_node_t *node)
{
    const bool is_list = node->type == YAML_SEQUENCE_NODE;
    size_t count = 1;
    if (is_list && (!mqc__read_list(loader, spot, node, "a list of mappings", &count) ||
                    !mqc__check_length(loader, spot, count, MQC__CONFIG_WEBSOCKETS_MAX)))
        return;
    if (!make_entries(loader, count))
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        char key[MQC__KEY_BYTES];
        struct mqc__spot item_spot = *spot;
        const yaml_node_t *item = node;
        if (is_list)
            item = mqc__list_item(loader, spot, node, i, key, &item_spot);
        read_entry(loader, option, &item_spot, item, i);
        loader->config->settings.websocket_count = i + 1;
    }
}
