#include "config/loader.h"

#include "cluster/assign.h"
#include "config/scalar.h"

/* More than any cluster needs; the nodes are gone through for each of them. */
#define POOLS_MAX ((size_t)256)

enum field { FIELD_TYPE, FIELD_MAX_NODES, FIELD_EXCLUSIVE, FIELD_TOPIC, FIELD_COUNT };

static void read_max_nodes(struct mqc__loader *loader, const struct mqc__pair *pair,
                           struct mqc__pool_settings *pool)
{
    static const struct mqc__option range = {
        .kind = MQC__OPTION_INTEGER,
        .min = 1,
        .max = UINT32_MAX,
    };
    struct mqc_view text;
    struct mqc_error_info info;
    uint64_t number = 0;
    if (!mqc__read_scalar(loader, &pair->value_spot, pair->value, &text))
        return;
    const enum mqc_error error = mqc__scalar_number(&range, text, &number, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->value_spot, error, &info);
    pool->max_nodes = (uint32_t)number;
    pool->has_max_nodes = true;
}

static void read_topic(struct mqc__loader *loader, const struct mqc__pair *pair,
                       struct mqc__pool_settings *pool)
{
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, &pair->value_spot, pair->value, &text))
        return;
    const enum mqc_error error = mqc__text_assign(loader->config, text, &pool->topic, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->value_spot, error, &info);
}

static void read_fields(struct mqc__loader *loader, const struct mqc__pair *pair,
                        struct mqc__pool_settings *pool)
{
    static const struct mqc__field_names names = {
        {"type", "max_nodes", "exclusive", "topic"},
        1,
    };
    struct mqc__pair fields[FIELD_COUNT];
    if (!mqc__read_fields(loader, &pair->value_spot, pair->value, &names, fields))
        return;
    if (fields[FIELD_TYPE].value != NULL)
        mqc__read_choice(loader, &fields[FIELD_TYPE], mqc__pool_type_choices, &pool->type);
    if (fields[FIELD_MAX_NODES].value != NULL)
        read_max_nodes(loader, &fields[FIELD_MAX_NODES], pool);
    if (fields[FIELD_EXCLUSIVE].value != NULL)
        mqc__read_bool(loader, &fields[FIELD_EXCLUSIVE], &pool->is_exclusive);
    if (fields[FIELD_TOPIC].value != NULL)
        read_topic(loader, &fields[FIELD_TOPIC], pool);
}

static void check_spec(struct mqc__loader *loader, const struct mqc__pair *pair,
                       const struct mqc__pool_settings *pool)
{
    const struct mqc__pool_spec spec = mqc__pool_settings_spec(pool);
    struct mqc_error_info info;
    const enum mqc_error error = mqc__pool_spec_check(&spec, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->key_spot, error, &info);
}

/* false: something in it is wrong, which was reported. */
static bool read_pool(struct mqc__loader *loader, const struct mqc__pair *pair,
                      struct mqc__pool_settings *pool_out)
{
    const size_t before = loader->problems->count;
    *pool_out = (struct mqc__pool_settings){.name = NULL};
    mqc__read_name(loader, pair, &pool_out->name);
    read_fields(loader, pair, pool_out);
    if (loader->problems->count == before && !mqc__loader_must_stop(loader))
        check_spec(loader, pair, pool_out);
    return loader->problems->count == before && !mqc__loader_must_stop(loader);
}

static void read_entries(struct mqc__loader *loader, const struct mqc__pair *pairs, size_t count)
{
    struct mqc__settings *settings = &loader->config->settings;
    settings->pools =
        mqc__loader_array(loader, &loader->config->arena, count, sizeof *settings->pools);
    loader->pool_spots =
        mqc__loader_array(loader, &loader->scratch, count, sizeof *loader->pool_spots);
    if (settings->pools == NULL || loader->pool_spots == NULL)
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        if (pairs[i].value == NULL ||
            !read_pool(loader, &pairs[i], &settings->pools[settings->pool_count]))
            continue;
        loader->pool_spots[settings->pool_count++] = pairs[i].key_spot;
    }
}

void mqc__read_pools(struct mqc__loader *loader, const struct mqc__spot *spot,
                     const yaml_node_t *node)
{
    struct mqc__pair *pairs = NULL;
    size_t count = 0;
    if (!mqc__read_mapping(loader, spot, node, "a mapping of pool names to {type: WORD}", &pairs,
                           &count))
        return;
    if (count > POOLS_MAX)
        mqc__problems_add(loader->problems, spot, "%zu pools, at most %zu are possible", count,
                          POOLS_MAX);
    else
        read_entries(loader, pairs, count);
}
