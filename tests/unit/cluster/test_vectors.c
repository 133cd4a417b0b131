/* What a running Zeek chose and assigned, against this module. */
#include "support/suite.h"
#include "test_layout.h"

#include "cluster/key.h"
#include "value/text.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define VECTORS MQC_TEST_SHARED_DIR "/vectors/"

/* Returns the file as JSON, to be put; NULL: there is none, and the test is skipped. */
static struct json_object *read_or_skip(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    if (!test_read_file(path, &text, &size)) {
        suite_skip(path);
        return NULL;
    }
    struct json_tokener *tokener = json_tokener_new();
    REQUIRE(tokener != NULL);
    struct json_object *json = json_tokener_parse_ex(tokener, text, (int)size);
    json_tokener_free(tokener);
    free(text);
    REQUIRE(json != NULL);
    return json;
}

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;
    REQUIRE(json_object_object_get_ex(object, name, &value));
    return value;
}

static const char *text_of(struct json_object *object, const char *name)
{
    return json_object_get_string(member(object, name));
}

static bool is_true(struct json_object *object, const char *name)
{
    return json_object_get_boolean(member(object, name)) != 0;
}

static struct mqc_view view_of(struct json_object *string)
{
    return mqc_view_bytes(json_object_get_string(string),
                          (size_t)json_object_get_string_len(string));
}

/* Strings as they are, everything else as it is written. */
static struct mqc_view scalar_text(struct json_object *data)
{
    return json_object_is_type(data, json_type_string)
               ? view_of(data)
               : mqc_view_text(json_object_get_string(data));
}

/* The types that occur in the files, and what a Zeek script would have declared. */
static const struct {
    const char *name;
    enum mqc_type type;
    const char *declared;
} key_types[] = {
    {"string", MQC_TYPE_STRING, "string"},
    {"count", MQC_TYPE_COUNT, "count"},
    {"integer", MQC_TYPE_INTEGER, "int"},
    {"real", MQC_TYPE_REAL, "double"},
    {"boolean", MQC_TYPE_BOOLEAN, "bool"},
    {"address", MQC_TYPE_ADDRESS, "addr"},
    {"subnet", MQC_TYPE_SUBNET, "subnet"},
    {"port", MQC_TYPE_PORT, "port"},
    {"timespan", MQC_TYPE_TIMESPAN, "interval"},
    {"timestamp_s", MQC_TYPE_TIMESTAMP, "time"},
    {"enum-value", MQC_TYPE_ENUM, "enum Cluster::NodeType"},
    {"vector", MQC_TYPE_VECTOR, "vector of string"},
};

#define VECTOR_ITEMS_MAX 16

/* One key of a file. */
struct key {
    struct mqc_value value;
    const char *declared;
    struct mqc_value items[VECTOR_ITEMS_MAX];
};

static void read_vector(struct json_object *data, struct key *key_out)
{
    const size_t count = json_object_array_length(data);
    REQUIRE(count <= VECTOR_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(data, i);
        CHECK_TEXT(text_of(item, "@data-type"), "string");
        key_out->items[i] = mqc_string(view_of(member(item, "data")));
    }
    key_out->value = mqc_vector(key_out->items, count);
}

static struct mqc_value read_time(struct json_object *data)
{
    int64_t ns = 0;
    REQUIRE(mqc__seconds_parse(scalar_text(data), &ns));
    return mqc_timestamp(ns);
}

/* Borrows the JSON. */
static void read_key(struct json_object *json, struct key *key_out)
{
    struct json_object *data = member(json, "data");
    const char *name = text_of(json, "@data-type");
    size_t i = 0;
    while (i < sizeof key_types / sizeof key_types[0] && strcmp(key_types[i].name, name) != 0)
        i++;
    REQUIRE(i < sizeof key_types / sizeof key_types[0]);
    key_out->declared = key_types[i].declared;
    if (key_types[i].type == MQC_TYPE_VECTOR)
        read_vector(data, key_out);
    else if (key_types[i].type == MQC_TYPE_TIMESTAMP)
        key_out->value = read_time(data);
    else
        REQUIRE(mqc__scalar_parse(key_types[i].type, scalar_text(data), &key_out->value));
}

/* Hashes the keys into an array, to be freed, and checks them. */
static uint32_t *hash_keys(struct json_object *keys)
{
    const size_t count = json_object_array_length(keys);
    uint32_t *hashes = calloc(count, sizeof *hashes);
    REQUIRE(hashes != NULL && count > 0);
    for (size_t i = 0; i < count; i++) {
        struct json_object *entry = json_object_array_get_idx(keys, i);
        struct json_object *json = member(entry, "key");
        struct mqc_error_info info = {.text = ""};
        struct mqc__arena arena;
        struct mqc__type_spec type;
        struct key key;
        read_key(json, &key);
        mqc__arena_init(&arena, 1 << 16);
        REQUIRE(mqc__type_parse(&arena, mqc_view_text(key.declared), &type, NULL) == MQC_OK);
        CHECK_INT(mqc__key_hash(&key.value, &type, &hashes[i], &info), MQC_OK);
        CHECK_TEXT(info.text, "");
        (void)check_unsigned(hashes[i], json_object_get_uint64(member(entry, "fnv1a32")),
                             json_object_get_string(json), __FILE__, __LINE__);
        mqc__arena_fini(&arena);
    }
    return hashes;
}

static void check_sites(const struct mqc__pool *pool, struct json_object *nodes)
{
    CHECK_UNSIGNED(pool->node_count, json_object_array_length(nodes));
    for (size_t i = 0; i < pool->node_count; i++) {
        struct json_object *node = json_object_array_get_idx(nodes, i);
        CHECK_VIEW_TEXT(pool->nodes[i].name, text_of(node, "name"));
        CHECK_VIEW_TEXT(pool->nodes[i].topic, text_of(node, "topic"));
        CHECK_UNSIGNED(pool->nodes[i].site_id, json_object_get_uint64(member(node, "site_id")));
    }
}

static void set_alive(struct mqc__pools *pools, const struct mqc__pool *pool,
                      struct json_object *names)
{
    for (size_t i = 0; i < pool->node_count; i++)
        mqc__pools_node_down(pools, pool->nodes[i].name);
    for (size_t i = 0; i < json_object_array_length(names); i++)
        mqc__pools_node_up(pools, view_of(json_object_array_get_idx(names, i)));
}

static void check_owners(const struct mqc__pool *pool, struct json_object *owners,
                         const uint32_t *hashes)
{
    CHECK(json_object_object_length(owners) > 0);
    json_object_object_foreach(owners, key, topic)
    {
        const struct mqc__pool_choice choice = mqc__pool_hrw(pool, hashes[strtoul(key, NULL, 10)]);
        REQUIRE(choice.node != NULL);
        (void)check_view(choice.node->topic, view_of(topic), key, __FILE__, __LINE__);
    }
}

static void check_turns(struct mqc__pool *pool, struct json_object *topics)
{
    CHECK(json_object_array_length(topics) > 0);
    for (size_t i = 0; i < json_object_array_length(topics); i++) {
        const struct mqc__pool_node *node = NULL;
        CHECK_INT(mqc__pool_rr(pool, mqc_view_text("k"), &node), MQC_OK);
        REQUIRE(node != NULL);
        CHECK_VIEW(node->topic, view_of(json_object_array_get_idx(topics, i)));
    }
}

static void check_pool_file(const char *path)
{
    static struct test_layout layout;
    struct json_object *json = read_or_skip(path);
    if (json == NULL)
        return;
    struct json_object *nodes = member(json, "pool");
    struct json_object *phases = member(json, "phases");
    layout.count = 0;
    for (size_t i = 0; i < json_object_array_length(nodes); i++)
        test_layout_add(&layout, text_of(json_object_array_get_idx(nodes, i), "name"),
                        MQC__NODE_PROXY);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    uint32_t *hashes = hash_keys(member(json, "keys"));
    check_sites(pool, nodes);
    CHECK_UNSIGNED(json_object_array_length(phases), 4);
    for (size_t i = 0; i < json_object_array_length(phases); i++) {
        struct json_object *phase = json_object_array_get_idx(phases, i);
        set_alive(pools, pool, member(phase, "alive"));
        check_owners(pool, member(phase, "hrw"), hashes);
        check_turns(pool, member(phase, "rr"));
    }
    free(hashes);
    mqc__pools_free(&pools);
    json_object_put(json);
}

static void test_vectors_seven_nodes_same_choices(void)
{
    check_pool_file(VECTORS "pools-1.json");
}

static void test_vectors_many_nodes_same_choices(void)
{
    check_pool_file(VECTORS "pools-2.json");
}

/* The types of nodes in layouts, and those of registered pools, in capitals. */
static enum mqc__node_type type_of(struct json_object *object)
{
    char name[16] = "";
    const char *text = text_of(object, "type");
    for (size_t i = 0; text[i] != '\0' && i < sizeof name - 1; i++)
        name[i] = (char)(text[i] | 0x20);
    enum mqc__node_type type = MQC__NODE_NONE;
    REQUIRE(mqc__node_type_parse(mqc_view_text(name), &type));
    return type;
}

static struct mqc__pools *assign_case(struct json_object *json)
{
    static struct test_layout layout;
    struct json_object *nodes = member(json, "nodes");
    struct json_object *registered = member(json, "registered");
    layout = (struct test_layout){.manager_is_logger = is_true(json, "manager_is_logger")};
    for (size_t i = 0; i < json_object_array_length(nodes); i++) {
        struct json_object *node = json_object_array_get_idx(nodes, i);
        test_layout_add(&layout, text_of(node, "name"), type_of(node));
    }
    struct mqc__pools *pools = test_pools_new(text_of(json, "self"), &layout);
    for (size_t i = 0; i < json_object_array_length(registered); i++) {
        struct json_object *entry = json_object_array_get_idx(registered, i);
        struct json_object *max_nodes = member(entry, "max_nodes");
        const struct mqc__pool_spec spec = {
            .topic = view_of(member(entry, "topic")),
            .node_type = type_of(entry),
            .max_nodes = (uint32_t)json_object_get_int(max_nodes),
            .has_max_nodes = max_nodes != NULL,
            .is_exclusive = is_true(entry, "exclusive"),
        };
        CHECK_INT(mqc__pools_register(pools, &spec, NULL), MQC_OK);
    }
    const struct mqc__layout view = test_layout_view(&layout);
    CHECK_INT(mqc__pools_assign(pools, &view, NULL), MQC_OK);
    return pools;
}

static void check_case(struct json_object *json)
{
    struct json_object *expected = member(json, "pools");
    struct mqc__pools *pools = assign_case(json);
    CHECK_UNSIGNED(mqc__pools_count(pools), (size_t)json_object_object_length(expected));
    json_object_object_foreach(expected, topic, nodes)
    {
        const struct mqc__pool *pool = mqc__pools_find(pools, mqc_view_text(topic));
        REQUIRE(pool != NULL);
        REQUIRE(pool->node_count == json_object_array_length(nodes));
        for (size_t i = 0; i < pool->node_count; i++) {
            struct json_object *node = json_object_array_get_idx(nodes, i);
            CHECK_VIEW_TEXT(pool->nodes[i].name, text_of(node, "name"));
            CHECK_UNSIGNED(pool->nodes[i].site_id, json_object_get_uint64(member(node, "site_id")));
            CHECK_INT(pool->nodes[i].is_alive, is_true(node, "alive"));
        }
    }
    mqc__pools_free(&pools);
}

static void test_vectors_assignment_same_pools(void)
{
    struct json_object *json = read_or_skip(VECTORS "pool-assignment.json");
    if (json == NULL)
        return;
    struct json_object *cases = member(json, "cases");
    CHECK_UNSIGNED(json_object_array_length(cases), 12);
    for (size_t i = 0; i < json_object_array_length(cases); i++)
        check_case(json_object_array_get_idx(cases, i));
    json_object_put(json);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"seven_nodes_same_choices", test_vectors_seven_nodes_same_choices},
        {"many_nodes_same_choices", test_vectors_many_nodes_same_choices},
        {"assignment_same_pools", test_vectors_assignment_same_pools},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.vectors", tests);
}
