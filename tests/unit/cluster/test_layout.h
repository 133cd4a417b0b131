#ifndef TESTS_UNIT_CLUSTER_TEST_LAYOUT_H
#define TESTS_UNIT_CLUSTER_TEST_LAYOUT_H

#include "cluster/pools.h"

/* The most nodes of a layout. */
#define TEST_NODES_MAX 600

/* A layout under construction; zeroed it is empty. */
struct test_layout {
    struct mqc__layout_node nodes[TEST_NODES_MAX];
    size_t count;
    bool manager_is_logger;
    char names[TEST_NODES_MAX][24];
};

/* Adds a node, or as many as `count` says with the names TYPE-1, TYPE-2, ... */
void test_layout_add(struct test_layout *layout, const char *name, enum mqc__node_type type);
void test_layout_add_many(struct test_layout *layout, enum mqc__node_type type, size_t count);

/* The layout as the module takes it; borrows. */
struct mqc__layout test_layout_view(const struct test_layout *layout);

/* Makes the built-in pools of a node and assigns the layout to them; ends the test on failure. */
struct mqc__pools *test_pools_new(const char *self, const struct test_layout *layout);

/* As before, with as many nodes of one type, as seen by a node that is none of them; all are up. */
struct mqc__pools *test_pools_of(enum mqc__node_type type, size_t count);

/* Tells that all nodes of the layout are up. */
void test_pools_all_up(struct mqc__pools *pools, const struct test_layout *layout);

/* The built-in pool of a type; ends the test when it is missing. */
struct mqc__pool *test_pool(const struct mqc__pools *pools, enum mqc__node_type type);

/* The name of the node that owns a string, or that is next; "" for none. */
struct mqc_view test_hrw(const struct mqc__pool *pool, const char *key);
struct mqc_view test_rr(struct mqc__pool *pool, const char *key);

#endif
