#include "test_layout.h"

#include "cluster/hash.h"
#include "support/suite.h"

#include <stdio.h>

void test_layout_add(struct test_layout *layout, const char *name, enum mqc__node_type type)
{
    REQUIRE(layout->count < TEST_NODES_MAX);
    char *copy = layout->names[layout->count];
    (void)snprintf(copy, sizeof layout->names[0], "%s", name);
    layout->nodes[layout->count++] = (struct mqc__layout_node){mqc_view_text(copy), type};
}

void test_layout_add_many(struct test_layout *layout, enum mqc__node_type type, size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "%s-%zu", mqc__node_type_name(type), i);
        test_layout_add(layout, name, type);
    }
}

struct mqc__layout test_layout_view(const struct test_layout *layout)
{
    return (struct mqc__layout){layout->nodes, layout->count, layout->manager_is_logger};
}

struct mqc__pools *test_pools_new(const char *self, const struct test_layout *layout)
{
    const struct mqc__pools_options options = {.self = mqc_view_text(self)};
    const struct mqc__layout view = test_layout_view(layout);
    struct mqc__pools *pools = mqc__pools_new(&options);
    REQUIRE(pools != NULL);
    REQUIRE(mqc__pools_register_builtin(pools, NULL) == MQC_OK);
    REQUIRE(mqc__pools_assign(pools, &view, NULL) == MQC_OK);
    return pools;
}

struct mqc__pools *test_pools_of(enum mqc__node_type type, size_t count)
{
    static struct test_layout layout;
    layout.count = 0;
    test_layout_add_many(&layout, type, count);
    struct mqc__pools *pools = test_pools_new("observer", &layout);
    test_pools_all_up(pools, &layout);
    return pools;
}

void test_pools_all_up(struct mqc__pools *pools, const struct test_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++)
        mqc__pools_node_up(pools, layout->nodes[i].name);
}

struct mqc__pool *test_pool(const struct mqc__pools *pools, enum mqc__node_type type)
{
    char topic[64];
    (void)snprintf(topic, sizeof topic, "zeek/cluster/pool/%s", mqc__node_type_name(type));
    struct mqc__pool *pool = mqc__pools_find(pools, mqc_view_text(topic));
    REQUIRE(pool != NULL);
    return pool;
}

struct mqc_view test_hrw(const struct mqc__pool *pool, const char *key)
{
    const struct mqc__pool_node *node = mqc__pool_hrw(pool, mqc__fnv1a32(mqc_view_text(key))).node;
    return node != NULL ? node->name : mqc_view_text("");
}

struct mqc_view test_rr(struct mqc__pool *pool, const char *key)
{
    const struct mqc__pool_node *node = NULL;
    const enum mqc_error error = mqc__pool_rr(pool, mqc_view_text(key), &node);
    CHECK_INT(error, node != NULL ? MQC_OK : MQC_ENOTFOUND);
    return node != NULL ? node->name : mqc_view_text("");
}
