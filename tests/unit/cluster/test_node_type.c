#include "support/suite.h"

#include "cluster/node_type.h"

static const struct {
    enum mqc__node_type type;
    const char *name;
} types[] = {
    {MQC__NODE_NONE, "none"},       {MQC__NODE_CONTROL, "control"}, {MQC__NODE_LOGGER, "logger"},
    {MQC__NODE_MANAGER, "manager"}, {MQC__NODE_PROXY, "proxy"},     {MQC__NODE_WORKER, "worker"},
};

static void test_node_type_each_has_its_name(void)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        enum mqc__node_type type = MQC__NODE_NONE;
        CHECK_TEXT(mqc__node_type_name(types[i].type), types[i].name);
        CHECK(mqc__node_type_parse(mqc_view_text(types[i].name), &type));
        CHECK_INT(type, types[i].type);
    }
}

static void test_node_type_out_of_range_has_a_name(void)
{
    CHECK_TEXT(mqc__node_type_name((enum mqc__node_type)6), "unknown");
    CHECK_TEXT(mqc__node_type_name((enum mqc__node_type) - 1), "unknown");
}

static void test_node_type_other_names_are_refused(void)
{
    static const char *const wrong[] = {"", "Worker", "work", "workers", "unknown"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        enum mqc__node_type type = MQC__NODE_PROXY;
        CHECK(!mqc__node_type_parse(mqc_view_text(wrong[i]), &type));
        CHECK_INT(type, MQC__NODE_PROXY);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each_has_its_name", test_node_type_each_has_its_name},
        {"out_of_range_has_a_name", test_node_type_out_of_range_has_a_name},
        {"other_names_are_refused", test_node_type_other_names_are_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.node_type", tests);
}
