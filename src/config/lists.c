#include "config/loader.h"

#include "base/utf8.h"

#define PREFIXES_MAX ((size_t)1000)

bool mqc__check_length(struct mqc__loader *loader, const struct mqc__spot *spot, size_t count,
                       size_t max)
{
    if (count <= max)
        return true;
    mqc__problems_add(loader->problems, spot, "the list has %zu entries, at most %zu are possible",
                      count, max);
    return false;
}

static bool read_uri(struct mqc__loader *loader, const struct mqc__spot *spot,
                     const yaml_node_t *node, const char **uri_out)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, spot, node, &text))
        return false;
    const enum mqc_error error = mqc__uri_assign(loader->config, text, uri_out, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, spot, error, &info);
    return error == MQC_OK;
}

void mqc__read_uris(struct mqc__loader *loader, const struct mqc__spot *spot,
                    const yaml_node_t *node)
{
    size_t count = 0;
    if (!mqc__read_list(loader, spot, node, "a list of broker addresses", &count) ||
        !mqc__check_length(loader, spot, count, MQC__CONFIG_TEXTS_MAX))
        return;
    if (count == 0) {
        mqc__problems_add(loader->problems, spot, "the list is empty; expected broker addresses");
        return;
    }
    const char **uris = mqc__loader_array(loader, &loader->config->arena, count, sizeof *uris);
    if (uris == NULL)
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        char key[MQC__KEY_BYTES];
        struct mqc__spot item_spot;
        const yaml_node_t *item = mqc__list_item(loader, spot, node, i, key, &item_spot);
        (void)read_uri(loader, &item_spot, item, &uris[i]);
    }
    loader->config->settings.broker.uris = uris;
    loader->config->settings.broker.uri_count = count;
}

static void read_text(struct mqc__loader *loader, const struct mqc__option *option,
                      const struct mqc__spot *spot, const yaml_node_t *node, const char **text_out)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, spot, node, &text))
        return;
    const enum mqc_error error = mqc__option_text(loader->config, option, text, text_out, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, spot, error, &info);
}

void mqc__read_texts(struct mqc__loader *loader, const struct mqc__option *option,
                     const struct mqc__spot *spot, const yaml_node_t *node)
{
    size_t count = 0;
    if (!mqc__read_list(loader, spot, node, "a list of texts, or one text", &count) ||
        !mqc__check_length(loader, spot, count, MQC__CONFIG_TEXTS_MAX))
        return;
    const char **texts = mqc__loader_array(loader, &loader->config->arena, count, sizeof *texts);
    if (texts == NULL)
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        char key[MQC__KEY_BYTES];
        struct mqc__spot item_spot;
        const yaml_node_t *item = mqc__list_item(loader, spot, node, i, key, &item_spot);
        read_text(loader, option, &item_spot, item, &texts[i]);
    }
    mqc__option_set_texts(loader->scope->target, option, texts, count);
}

static void read_choice(struct mqc__loader *loader, const struct mqc__option *option,
                        const struct mqc__spot *spot, const yaml_node_t *node, unsigned *bits)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, spot, node, &text))
        return;
    const enum mqc_error error = mqc__option_add_choice(option, text, bits, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, spot, error, &info);
}

void mqc__read_choices(struct mqc__loader *loader, const struct mqc__option *option,
                       const struct mqc__spot *spot, const yaml_node_t *node)
{
    size_t count = 0;
    unsigned bits = 0;
    if (!mqc__read_list(loader, spot, node, "a list of words, or one word", &count))
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        char key[MQC__KEY_BYTES];
        struct mqc__spot item_spot;
        const yaml_node_t *item = mqc__list_item(loader, spot, node, i, key, &item_spot);
        read_choice(loader, option, &item_spot, item, &bits);
    }
    mqc__option_set_choices(loader->scope->target, option, bits);
}

/* A prefix of Zeek topics may be empty and contain any character but NUL. */
static void read_prefix_text(struct mqc__loader *loader, const struct mqc__pair *pair,
                             const char **prefix_out)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, &pair->value_spot, pair->value, &text))
        return;
    *prefix_out = "";
    if (text.size == 0)
        return;
    const enum mqc_error error = mqc__text_assign(loader->config, text, prefix_out, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->value_spot, error, &info);
}

static void check_repeat(struct mqc__loader *loader, const struct mqc__spot *spot,
                         const struct mqc__prefix_settings *prefixes, size_t i)
{
    char excerpt[MQC__EXCERPT_BYTES];
    for (size_t j = 0; j < i && prefixes[i].prefix != NULL; j++) {
        if (prefixes[j].prefix == NULL || strcmp(prefixes[j].prefix, prefixes[i].prefix) != 0)
            continue;
        mqc__problems_add(loader->problems, spot,
                          "the prefix %s is given twice; the first is entry %zu",
                          mqc__excerpt(mqc_view_text(prefixes[i].prefix), excerpt), j);
        return;
    }
}

static void read_prefix(struct mqc__loader *loader, const struct mqc__spot *spot,
                        const yaml_node_t *node, struct mqc__prefix_settings *out)
{
    static const struct mqc__field_names names = {{"prefix", "guarantee", "urgent"}, 2};
    struct mqc__pair fields[3];
    if (!mqc__read_fields(loader, spot, node, &names, fields))
        return;
    if (fields[0].value != NULL)
        read_prefix_text(loader, &fields[0], &out->prefix);
    if (fields[1].value != NULL)
        mqc__read_choice(loader, &fields[1], mqc__guarantee_choices, &out->guarantee);
    if (fields[2].value != NULL)
        mqc__read_bool(loader, &fields[2], &out->is_urgent);
}

void mqc__read_prefixes(struct mqc__loader *loader, const struct mqc__spot *spot,
                        const yaml_node_t *node)
{
    size_t count = 0;
    if (!mqc__read_list(loader, spot, node,
                        "a list of {prefix: TEXT, guarantee: WORD, urgent: true or false}",
                        &count) ||
        !mqc__check_length(loader, spot, count, PREFIXES_MAX))
        return;
    struct mqc__prefix_settings *prefixes =
        mqc__loader_array(loader, &loader->config->arena, count, sizeof *prefixes);
    if (prefixes == NULL)
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        char key[MQC__KEY_BYTES];
        struct mqc__spot item_spot;
        const yaml_node_t *item = mqc__list_item(loader, spot, node, i, key, &item_spot);
        read_prefix(loader, &item_spot, item, &prefixes[i]);
        check_repeat(loader, &item_spot, prefixes, i);
    }
    loader->config->settings.delivery.prefixes = prefixes;
    loader->config->settings.delivery.prefix_count = count;
}
