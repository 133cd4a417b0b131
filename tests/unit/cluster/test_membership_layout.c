/* Who may be a member, what is malformed, and what can be asked. */
#include "membership_driver.h"

#include <stdio.h>

static void init(struct driver *d)
{
    const struct mqc__membership_options options = driver_options();
    driver_init(d, &options);
    driver_connect(d);
    EXPECT(d, "announce:1");
}

static void init_dynamic(struct driver *d)
{
    struct mqc__membership_options options = driver_options();
    options.is_dynamic = true;
    driver_init(d, &options);
    driver_connect(d);
    EXPECT(d, "announce:1");
}

static void test_layout_new_refuses_wrong_options(void)
{
    static const struct mqc__membership_node twice[] = {{{"a", 1}, MQC__NODE_WORKER},
                                                        {{"a", 1}, MQC__NODE_PROXY}};
    static const struct mqc__membership_node no_type[] = {{{"a", 1}, MQC__NODE_NONE}};
    static const struct mqc__membership_node no_name[] = {{{"", 0}, MQC__NODE_WORKER}};
    const struct mqc__membership_options right = driver_options();
    struct {
        const char *problem;
        struct mqc__membership_options options;
    } cases[] = {
        {"the topic root", right},
        {"the instance id has 0 bytes", right},
        {"the lease is 999 ms, 1000 to 86400000 are possible", right},
        {"the lease is 86400001 ms", right},
        {"the node's type is unknown", right},
        {"a node's name contains '/'", right},
        {"a node's name is empty", right},
        {"the layout's node 'a' stands twice or has no type", right},
        {"the layout's node 'a' stands twice or has no type", right},
        {"the layout's node '' stands twice or has no type", right},
    };
    cases[0].options.root = "a/#";
    cases[1].options.instance.size = 0;
    cases[2].options.lease_ms = 999;
    cases[3].options.lease_ms = 86400001;
    cases[4].options.type = (enum mqc__node_type)(MQC__NODE_WORKER + 1);
    cases[5].options.name = mqc_view_text("a/b");
    cases[6].options.name.size = 0;
    cases[7].options.nodes = twice;
    cases[7].options.node_count = 2;
    cases[8].options.nodes = no_type;
    cases[8].options.node_count = 1;
    cases[9].options.nodes = no_name;
    cases[9].options.node_count = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__membership *membership = NULL;
        struct mqc_error_info info = {.text = ""};
        const struct mqc__membership_sink sink = {.context = NULL};
        CHECK_INT(mqc__membership_new(&cases[i].options, &sink, &membership, &info), MQC_EINVAL);
        CHECK_CONTAINS(info.text, cases[i].problem);
        CHECK(membership == NULL);
        mqc__membership_free(&membership);
    }
}

static void check_filters(const struct driver *d, const char *expected)
{
    char text[500] = "";
    size_t count = 0;
    const char *const *filters = mqc__membership_filters(d->membership, &count);
    for (size_t i = 0, size = 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s ", filters[i]);
    CHECK_TEXT(text, expected);
}

static void test_layout_filters_are_of_the_types_and_the_own_topic(void)
{
    struct driver d;
    struct mqc__membership_options options = driver_options();
    driver_init(&d, &options);
    check_filters(&d, "r/node/proxy/# r/node/worker/# ");
    driver_fini(&d);
    options.types = MQC__TYPE_BIT(MQC__NODE_LOGGER);
    options.name = mqc_view_text("w+1 \xc3\xa4");
    options.is_dynamic = true;
    driver_init(&d, &options);
    check_filters(&d, "r/node/logger/# r/node/worker/w%2B1 %C3%A4 ");
    mqc__membership_listen(d.membership, MQC__NODE_NONE);
    mqc__membership_listen(d.membership, MQC__NODE_MANAGER);
    check_filters(&d, "r/node/logger/# r/node/manager/# r/node/worker/w%2B1 %C3%A4 ");
    mqc__membership_listen(d.membership, MQC__NODE_WORKER);
    check_filters(&d, "r/node/logger/# r/node/manager/# r/node/worker/# ");
    driver_fini(&d);
    options.types = MQC__TYPES_ALL;
    driver_init(&d, &options);
    check_filters(&d, "r/node/control/# r/node/logger/# r/node/manager/# r/node/proxy/# "
                      "r/node/worker/# ");
    driver_fini(&d);
    options.type = MQC__NODE_NONE;
    options.types = 0;
    driver_init(&d, &options);
    check_filters(&d, "");
    driver_fini(&d);
}

static void test_layout_types_not_listened_to_are_ignored(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "m1", .instance = "A", .type = "manager");
    EXPECT(&d, "");
    mqc__membership_listen(d.membership, MQC__NODE_MANAGER);
    SEE(&d, .name = "m1", .instance = "A", .type = "manager");
    EXPECT(&d, "hello:m1/A up:m1/A");
    driver_fini(&d);
}

static void test_layout_static_reports_strangers_once(void)
{
    struct driver d;
    init(&d);
    for (uint64_t renewal = 1; renewal < 50; renewal++) {
        SEE(&d, .name = "evil", .instance = "A", .renewal = renewal);
        EXPECT_OTHERS(&d, renewal == 1 ? "error:unexpected_node" : "");
        driver_run(&d, 5000);
    }
    CHECK_TEXT(d.error,
               "node 'evil' announces itself as worker, but the layout has no node of that name");
    SEE(&d, .name = "evil", .instance = "A", .renewal = 60, .is_down = true);
    SEE(&d, .name = "p1", .instance = "A");
    EXPECT_OTHERS(&d, "error:unexpected_node");
    CHECK_TEXT(d.error,
               "node 'p1' announces itself as worker, but the layout has it with another type");
    SEE(&d, .name = "me", .instance = "A", .type = "proxy");
    EXPECT_OTHERS(&d, "error:unexpected_node");
    CHECK_TEXT(d.error, "node 'me' announces itself as proxy, but that is this node, of another "
                        "type");
    SEE(&d, .name = "me", .instance = "A", .type = "proxy", .is_down = true);
    EXPECT_OTHERS(&d, "");
    CHECK(!driver_is_up(&d, "p1"));
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 5);
    driver_fini(&d);
}

static void test_layout_static_survives_many_strangers(void)
{
    struct driver d;
    init(&d);
    char name[20];
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof name, "evil-%d", i);
        SEE(&d, .name = name, .instance = "A");
    }
    EXPECT(&d, "error:unexpected_node error:unexpected_node error:unexpected_node "
               "error:unexpected_node error:unexpected_node error:unexpected_node "
               "error:unexpected_node error:unexpected_node error:unexpected_node "
               "error:unexpected_node");
    driver_run(&d, 60000);
    SEE(&d, .name = "evil", .instance = "A");
    EXPECT_OTHERS(&d, "error:unexpected_node");
    CHECK_CONTAINS(d.error, " (19990 more such errors were left out)");
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 5);
    driver_fini(&d);
}

static void test_layout_dynamic_takes_whoever_comes(void)
{
    struct driver d;
    init_dynamic(&d);
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 0);
    SEE(&d, .name = "x1", .instance = "A", .is_down = true);
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 0);
    SEE(&d, .name = "x1", .instance = "A");
    driver_run(&d, 100);
    SEE(&d, .name = "x2", .instance = "B", .type = "proxy");
    EXPECT(&d, "hello:x1/A up:x1/A hello:x2/B up:x2/B");
    driver_run(&d, 15000);
    EXPECT_OTHERS(&d, "down:x1/A(its lease ran out) down:x2/B(its lease ran out)");
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 2);
    SEE(&d, .name = "x1", .instance = "A", .is_retained = true);
    EXPECT(&d, "");
    driver_fini(&d);
}

static void test_layout_dynamic_is_bounded(void)
{
    struct driver d;
    init_dynamic(&d);
    SEE(&d, .name = "x1", .instance = "A");
    SEE(&d, .name = "x2", .instance = "A");
    SEE(&d, .name = "x3", .instance = "A");
    SEE(&d, .name = "x4", .instance = "A");
    SEE(&d, .name = "x5", .instance = "A");
    EXPECT(&d, "hello:x1/A up:x1/A hello:x2/A up:x2/A hello:x3/A up:x3/A error:too_many_nodes");
    CHECK_TEXT(d.error, "node 'x4' is not let in: 3 other nodes are up, which is the limit");
    SEE(&d, .name = "x2", .instance = "A", .is_down = true, .reason = "r");
    driver_run(&d, 10);
    SEE(&d, .name = "x1", .instance = "A", .is_down = true, .reason = "r");
    SEE(&d, .name = "x4", .instance = "A");
    EXPECT(&d, "down:x2/A('r') down:x1/A('r') hello:x4/A up:x4/A");
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 3);
    CHECK(!driver_is_up(&d, "x1"));
    CHECK(driver_is_up(&d, "x3"));
    CHECK(driver_is_up(&d, "x4"));
    driver_fini(&d);
}

static void test_layout_dynamic_node_may_change_its_type(void)
{
    struct driver d;
    init_dynamic(&d);
    SEE(&d, .name = "x1", .instance = "A");
    SEE(&d, .name = "x1", .instance = "A", .type = "proxy", .renewal = 2);
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_WORKER), 1);
    SEE(&d, .name = "x1", .instance = "B", .type = "proxy");
    EXPECT(&d, "hello:x1/A up:x1/A down:x1/A(instance 'B' took its place) hello:x1/B up:x1/B");
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_WORKER), 0);
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_PROXY), 1);
    driver_fini(&d);
}

static void test_layout_dynamic_own_name_of_another_type_is_a_duplicate(void)
{
    struct driver d;
    init_dynamic(&d);
    for (uint64_t renewal = 1; renewal < 4; renewal++) {
        SEE(&d, .name = "me", .instance = "A", .type = "proxy", .renewal = renewal);
        driver_run(&d, 5000);
    }
    EXPECT_OTHERS(&d, "error:duplicate_node");
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 0);
    driver_fini(&d);
}

static void test_layout_topic_and_presence_must_agree(void)
{
    static const struct {
        const char *topic;
        const char *problem;
    } cases[] = {
        {"r/node/worker/w2", "the presence is of a node with another name"},
        {"r/node/proxy/w1", "the presence is of a node of another type"},
        {"r/node/worker/w1/", "the name in the topic contains '/'"},
        {"r/node/worker/w1/x", "the name in the topic contains '/'"},
        {"r/node/worker/", "the name in the topic is empty"},
        {"r/node/worker", "the topic has no level for the name"},
        {"r/node/", "the topic has no level for the name"},
        {"r/node/none/w1", "the topic's level 'none' is no type of a node"},
        {"r/node/Worker/w1", "the topic's level 'Worker' is no type of a node"},
        {"r/node/worker/w%31", "the name in the topic is not encoded as it should be"},
        {"r/node/worker/w1%", "the name in the topic is not encoded as it should be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct driver d;
        char expected[300];
        init(&d);
        SEE(&d, .name = "w1", .instance = "A", .topic = cases[i].topic);
        EXPECT(&d, "error:malformed_presence");
        (void)snprintf(expected, sizeof expected, "on the topic \"%s\": %s", cases[i].topic,
                       cases[i].problem);
        CHECK_TEXT(d.error, expected);
        driver_fini(&d);
    }
}

static void test_layout_malformed_presence_names_its_topic_once(void)
{
    struct driver d;
    init(&d);
    for (int i = 0; i < 3; i++)
        CHECK_INT(driver_see_bytes(&d, "r/node/worker/w1", "hello"), MQC_OK);
    EXPECT(&d, "error:malformed_presence");
    CHECK_CONTAINS(d.error, "on the topic \"r/node/worker/w1\": no Presence that can be read: ");
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/\x01\x02", "hello"), MQC_OK);
    EXPECT(&d, "error:malformed_presence");
    CHECK_CONTAINS(d.error,
                   "on the topic 'r/node/worker/\\x01\\x02': the name in the topic is not");
    driver_fini(&d);
}

static void test_layout_large_malformed_presence_is_cut(void)
{
    static char payload[5000];
    memset(payload, 'x', sizeof payload - 1);
    struct driver d;
    init(&d);
    CHECK_INT(driver_see_bytes(&d, "r/node/worker/w1", payload), MQC_OK);
    EXPECT(&d, "error:malformed_presence");
    CHECK_CONTAINS(d.error, "a presence of 4999 bytes, the limit is 4096");
    driver_fini(&d);
}

static void test_layout_concerns_presence_topics_only(void)
{
    struct driver d;
    init(&d);
    CHECK(mqc__membership_concerns(d.membership, mqc_view_text("r/node/worker/x")));
    CHECK(mqc__membership_concerns(d.membership, mqc_view_text("r/node/")));
    CHECK(!mqc__membership_concerns(d.membership, mqc_view_text("r/node")));
    CHECK(!mqc__membership_concerns(d.membership, mqc_view_text("r/event/node/worker/x")));
    CHECK(!mqc__membership_concerns(d.membership, mqc_view_text("")));
    driver_fini(&d);
}

static void test_layout_members_can_be_read(void)
{
    struct driver d;
    init(&d);
    SEE(&d, .name = "w2", .instance = "A");
    driver_run(&d, 1000);
    SEE(&d, .name = "w2", .instance = "A", .renewal = 2);
    CHECK_UNSIGNED(mqc__membership_count(d.membership), 5);
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_WORKER), 1);
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_PROXY), 0);
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_NONE), 0);
    unsigned seen = 0;
    for (size_t i = 0; i < 5; i++) {
        struct mqc__membership_member member;
        mqc__membership_at(d.membership, i, &member);
        CHECK(!mqc_view_equal(member.name, mqc_view_text("me")));
        if (!mqc_view_equal(member.name, mqc_view_text("w2"))) {
            CHECK(!member.is_up && member.since_ms == 0 && member.last_seen_ms == 0);
            CHECK_UNSIGNED(member.instance.size, 0);
            continue;
        }
        seen++;
        CHECK(member.is_up);
        CHECK_INT(member.type, MQC__NODE_WORKER);
        CHECK_VIEW_TEXT(member.instance, "A");
        CHECK_INT(member.since_ms, 1000000);
        CHECK(member.start_ms != 0);
        CHECK_INT(member.last_seen_ms, 1001000);
    }
    CHECK_UNSIGNED(seen, 1);
    driver_fini(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new_refuses_wrong_options", test_layout_new_refuses_wrong_options},
        {"filters_are_of_the_types_and_the_own_topic",
         test_layout_filters_are_of_the_types_and_the_own_topic},
        {"types_not_listened_to_are_ignored", test_layout_types_not_listened_to_are_ignored},
        {"static_reports_strangers_once", test_layout_static_reports_strangers_once},
        {"static_survives_many_strangers", test_layout_static_survives_many_strangers},
        {"dynamic_takes_whoever_comes", test_layout_dynamic_takes_whoever_comes},
        {"dynamic_is_bounded", test_layout_dynamic_is_bounded},
        {"dynamic_node_may_change_its_type", test_layout_dynamic_node_may_change_its_type},
        {"dynamic_own_name_of_another_type_is_a_duplicate",
         test_layout_dynamic_own_name_of_another_type_is_a_duplicate},
        {"topic_and_presence_must_agree", test_layout_topic_and_presence_must_agree},
        {"malformed_presence_names_its_topic_once",
         test_layout_malformed_presence_names_its_topic_once},
        {"large_malformed_presence_is_cut", test_layout_large_malformed_presence_is_cut},
        {"concerns_presence_topics_only", test_layout_concerns_presence_topics_only},
        {"members_can_be_read", test_layout_members_can_be_read},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_layout", tests);
}
