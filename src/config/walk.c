#include "config/loader.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "config/interpolate.h"
#include "config/scalar.h"

#include <stdio.h>
#include <stdlib.h>

bool mqc__loader_must_stop(const struct mqc__loader *loader)
{
    return loader->fatal != MQC_OK || mqc__problems_must_stop(loader->problems);
}

void mqc__loader_fail(struct mqc__loader *loader, const struct mqc__spot *spot,
                      enum mqc_error error, const struct mqc_error_info *info)
{
    if (error == MQC_ENOMEM)
        loader->fatal = MQC_ENOMEM;
    else
        mqc__problems_add(loader->problems, spot, "%s", info->text);
}

void *mqc__loader_array(struct mqc__loader *loader, struct mqc__arena *arena, size_t count,
                        size_t size)
{
    void *array = mqc__arena_array(arena, count, size);
    if (array == NULL)
        loader->fatal = MQC_ENOMEM;
    return array;
}

static struct mqc_view text_of(const yaml_node_t *node)
{
    return mqc_view_bytes(node->data.scalar.value, node->data.scalar.length);
}

/* An unquoted nothing, or one of YAML's words for it. */
static bool is_null(const yaml_node_t *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (mqc_view_equal(text_of(node), mqc_view_text(words[i])))
            return true;
    return false;
}

static bool has_own_tag(const yaml_node_t *node)
{
    static const char *const tags[] = {YAML_DEFAULT_SCALAR_TAG, YAML_DEFAULT_SEQUENCE_TAG,
                                       YAML_DEFAULT_MAPPING_TAG};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (node->tag == NULL || strcmp((const char *)node->tag, tags[i]) == 0)
            return false;
    return true;
}

static void report_kind(struct mqc__loader *loader, const struct mqc__spot *spot,
                        const yaml_node_t *node, const char *expected)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (is_null(node))
        mqc__problems_add(loader->problems, spot, "the value is missing; expected %s", expected);
    else if (node->type == YAML_SCALAR_NODE)
        mqc__problems_add(loader->problems, spot, "the single value %s stands here; expected %s",
                          mqc__excerpt(text_of(node), excerpt), expected);
    else
        mqc__problems_add(loader->problems, spot, "a %s stands here; expected %s",
                          node->type == YAML_SEQUENCE_NODE ? "list" : "mapping", expected);
}

/* Reports a node of another type, or with a tag that asks for a type of its own. */
static bool check_kind(struct mqc__loader *loader, const struct mqc__spot *spot,
                       const yaml_node_t *node, yaml_node_type_t type, const char *expected)
{
    char excerpt[MQC__EXCERPT_BYTES];
    if (node->type != type || (type == YAML_SCALAR_NODE && is_null(node))) {
        report_kind(loader, spot, node, expected);
        return false;
    }
    if (!has_own_tag(node))
        return true;
    mqc__problems_add(loader->problems, spot, "the tag %s cannot be used here; expected %s",
                      mqc__excerpt(mqc_view_text((const char *)node->tag), excerpt), expected);
    return false;
}

static const yaml_node_t *node_at(const struct mqc__loader *loader, int index)
{
    return yaml_document_get_node(loader->document, index);
}

static unsigned line_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

static unsigned column_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.column + 1;
}

/* Keys are shown on terminals: no control characters, no half characters where it was cut. */
static void make_printable(char *text)
{
    struct mqc_view rest = mqc_view_text(text);
    while (rest.size > 0) {
        const size_t length = mqc__utf8_next(rest);
        const size_t step = length != 0 ? length : 1;
        if (length == 0 || mqc__utf8_is_control(rest))
            memset(text, '?', step);
        text += step;
        rest = mqc_view_bytes(text, rest.size - step);
    }
}

/* Returns "section.key" in the scratch arena, cut where it is very long. */
static const char *join_key(struct mqc__loader *loader, const char *section, struct mqc_view key)
{
    char joined[MQC__KEY_BYTES];
    struct mqc_view copy = {0};
    size_t size = key.size < MQC__KEY_BYTES ? key.size : MQC__KEY_BYTES;
    (void)snprintf(joined, sizeof joined, "%s%s%.*s", section, section[0] != '\0' ? "." : "",
                   (int)size, key.size != 0 ? key.data : "");
    make_printable(joined);
    if (mqc__arena_copy(&loader->scratch, mqc_view_text(joined), &copy))
        return copy.data;
    loader->fatal = MQC_ENOMEM;
    return section;
}

struct pair_ref {
    struct mqc__pair *pair;
};

static int compare_keys(const void *a, const void *b)
{
    const struct mqc__pair *x = ((const struct pair_ref *)a)->pair;
    const struct mqc__pair *y = ((const struct pair_ref *)b)->pair;
    const size_t size = x->key.size < y->key.size ? x->key.size : y->key.size;
    const int order = size != 0 ? memcmp(x->key.data, y->key.data, size) : 0;
    if (order != 0)
        return order;
    if (x->key.size != y->key.size)
        return x->key.size < y->key.size ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Reports every key that came before, and takes its value away. */
static void report_repeats(struct mqc__loader *loader, struct mqc__pair *pairs, size_t count)
{
    struct pair_ref *sorted = mqc__loader_array(loader, &loader->scratch, count, sizeof *sorted);
    if (sorted == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i].pair = &pairs[i];
    qsort(sorted, count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < count; i++) {
        struct mqc__pair *pair = sorted[i].pair;
        const struct mqc__pair *before = sorted[i - 1].pair;
        if (!mqc_view_equal(pair->key, before->key))
            continue;
        mqc__problems_add(loader->problems, &pair->key_spot,
                          "the key is given twice; the first is on line %u", before->key_spot.line);
        pair->value = NULL;
    }
}

static bool read_pair(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_pair_t *from, struct mqc__pair *pair_out)
{
    const yaml_node_t *key = node_at(loader, from->key);
    const yaml_node_t *value = node_at(loader, from->value);
    struct mqc__spot key_spot = {line_of(key), column_of(key), spot->key};
    if (key->type != YAML_SCALAR_NODE || has_own_tag(key)) {
        mqc__problems_add(loader->problems, &key_spot, "a key must be a single word");
        return false;
    }
    key_spot.key = join_key(loader, spot->key, text_of(key));
    *pair_out = (struct mqc__pair){
        .key = text_of(key),
        .key_spot = key_spot,
        .value_spot = {line_of(value), column_of(value), key_spot.key},
        .value = value,
    };
    return true;
}

bool mqc__read_mapping(struct mqc__loader *loader, const struct mqc__spot *spot,
                       const yaml_node_t *node, const char *expected, struct mqc__pair **pairs_out,
                       size_t *count_out)
{
    if (!check_kind(loader, spot, node, YAML_MAPPING_NODE, expected))
        return false;
    const yaml_node_pair_t *from = node->data.mapping.pairs.start;
    const size_t size = (size_t)(node->data.mapping.pairs.top - from);
    struct mqc__pair *pairs = mqc__loader_array(loader, &loader->scratch, size, sizeof *pairs);
    if (pairs == NULL)
        return false;
    size_t count = 0;
    for (size_t i = 0; i < size && !mqc__loader_must_stop(loader); i++)
        if (read_pair(loader, spot, &from[i], &pairs[count]))
            count++;
    report_repeats(loader, pairs, count);
    *pairs_out = pairs;
    *count_out = count;
    return !mqc__loader_must_stop(loader);
}

bool mqc__read_list(struct mqc__loader *loader, const struct mqc__spot *spot,
                    const yaml_node_t *node, const char *expected, size_t *count_out)
{
    if (!check_kind(loader, spot, node, YAML_SEQUENCE_NODE, expected))
        return false;
    *count_out = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    return true;
}

const yaml_node_t *mqc__list_item(const struct mqc__loader *loader, const struct mqc__spot *spot,
                                  const yaml_node_t *list, size_t i, char key_out[MQC__KEY_BYTES],
                                  struct mqc__spot *spot_out)
{
    const yaml_node_t *item = node_at(loader, list->data.sequence.items.start[i]);
    (void)snprintf(key_out, MQC__KEY_BYTES, "%.180s[%zu]", spot->key, i);
    *spot_out = (struct mqc__spot){line_of(item), column_of(item), key_out};
    return item;
}

bool mqc__read_scalar(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_t *node, struct mqc_view *text_out)
{
    struct mqc_error_info info;
    if (!check_kind(loader, spot, node, YAML_SCALAR_NODE, "a single value"))
        return false;
    mqc__buffer_clear(&loader->replaced);
    const enum mqc_error error = mqc__interpolate(text_of(node), &loader->replaced, &info);
    if (error != MQC_OK) {
        mqc__loader_fail(loader, spot, error, &info);
        return false;
    }
    *text_out = mqc__buffer_view(&loader->replaced);
    return true;
}

void mqc__read_choice(struct mqc__loader *loader, const struct mqc__pair *pair,
                      const struct mqc__choice *choices, int *value_out)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, &pair->value_spot, pair->value, &text))
        return;
    const enum mqc_error error = mqc__scalar_choice(choices, text, value_out, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->value_spot, error, &info);
}

void mqc__read_bool(struct mqc__loader *loader, const struct mqc__pair *pair, bool *value_out)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, &pair->value_spot, pair->value, &text))
        return;
    const enum mqc_error error = mqc__scalar_bool(text, value_out, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->value_spot, error, &info);
}
