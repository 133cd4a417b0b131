#include "loading.h"

#include <stdio.h>

/* Lines 1 and 2 of most cases, complete and right. */
#define GOOD "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"

struct expected {
    unsigned line;
    const char *key;
    const char *part; /* of the text */
};

struct wrong {
    const char *yaml;
    struct expected expected[8]; /* all of them, in order */
};

static const struct wrong wrong_options[] = {
    {GOOD "nodess: {}\n", {{3, "nodess", "unknown option 'nodess'; did you mean nodes?"}}},
    {GOOD "qqqqqq: 1\n", {{3, "qqqqqq", "unknown option 'qqqqqq'"}}},
    {GOOD "keep_alive: 5s\n", {{3, "keep_alive", "did you mean broker.keep_alive?"}}},
    {GOOD "tls: {ca: x}\n", {{3, "tls.ca", "unknown option 'ca'"}}},
    {"cluster: {name: c}\nbroker:\n  uri: mqtt://h\n  kepe_alive: 5s\n",
     {{4, "broker.kepe_alive", "did you mean broker.keep_alive?"}}},
    {"clutser: {name: c}\nbroker: {uri: 'mqtt://h'}\n", {{1, "clutser", "did you mean cluster?"}}},
    {"cluster: {nmae: c}\nbroker: {uri: 'mqtt://h'}\n",
     {{1, "cluster.nmae", "did you mean cluster.name?"}}},
    {"node: a\n",
     {{0, "cluster.name", "cluster.name is missing"},
      {0, "broker.uri", "broker.uri (or broker.uris) is missing"}}},
    {"cluster: {}\nbroker: {username: u}\n",
     {{1, "cluster.name", "cluster.name is missing"}, {2, "broker.uri", "is missing"}}},
    {"cluster:\nbroker:\n  uri:\n",
     {{1, "cluster", "the value is missing; expected a mapping"},
      {3, "broker.uri", "the value is missing; expected a single value"}}},
    {"cluster: c\nbroker: [mqtt://h]\n",
     {{1, "cluster", "the single value 'c' stands here; expected a mapping"},
      {2, "broker", "a list stands here; expected a mapping"}}},
    {GOOD "node: ~\n", {{3, "node", "the value is missing"}}},
    {GOOD "node: ''\n", {{3, "node", "empty"}}},
    {GOOD "node: [a]\n", {{3, "node", "a list stands here; expected a single value"}}},
    {GOOD "node: {a: b}\n", {{3, "node", "a mapping stands here"}}},
    {GOOD "node: \"a\\0b\"\n", {{3, "node", "NUL"}}},
    {GOOD "node: \"a\\nb\"\n", {{3, "node", "control character"}}},
    {GOOD "node: a/b\n", {{3, "node", "contains '/'"}}},
    {GOOD "node: !!int 5\n", {{3, "node", "the tag 'tag:yaml.org,2002:int' cannot be used"}}},
    {"cluster: {name: c+}\nbroker: {uri: 'mqtt://h'}\n", {{1, "cluster.name", "contains '+'"}}},
    {"cluster: {name: c, root: /x}\nbroker: {uri: 'mqtt://h'}\n", {{1, "cluster.root", "'/'"}}},
    {GOOD "strict_events: yes\n", {{3, "strict_events", "'yes' is neither true nor false"}}},
    {GOOD "log: {level: loud}\n",
     {{3, "log.level", "'loud' is not possible; expected error, warning, info or debug"}}},
    {GOOD "node: a\nnode: b\n", {{4, "node", "given twice; the first is on line 3"}}},
    {GOOD "cluster: {name: d}\n", {{3, "cluster", "given twice; the first is on line 1"}}},
    {GOOD "[a, b]: c\n", {{3, "", "a key must be a single word"}}},
    {"- a\n- b\n", {{1, "", "a list stands here; expected a mapping"}}},
    {"just text\n", {{1, "", "the single value 'just text' stands here"}}},
    {"", {{0, "", "the file is empty"}}},
    {"# nothing\n\n", {{0, "", "the file is empty"}}},
    {GOOD "---\nnode: a\n", {{3, "", "a second document begins here"}}},
};

static const struct wrong wrong_broker[] = {
    {"cluster: {name: c}\nbroker:\n  uri: mqtt://a\n  uris: [mqtt://b]\n",
     {{4, "broker.uris", "broker.uri and broker.uris are both given"}}},
    {"cluster: {name: c}\nbroker:\n  uris: [mqtt://b]\n  uri: mqtt://a\n",
     {{4, "broker.uri", "broker.uris and broker.uri are both given"}}},
    {"cluster: {name: c}\nbroker: {uris: []}\n", {{2, "broker.uris", "the list is empty"}}},
    {"cluster: {name: c}\nbroker: {uris: 'mqtt://h'}\n",
     {{2, "broker.uris", "expected a list of broker addresses"}}},
    {"cluster: {name: c}\nbroker:\n  uris:\n  - mqtt://a\n  - http://b\n  - 'mqtt://c:0'\n",
     {{5, "broker.uris[1]",
       "'http://b' is no broker address: it does not begin with mqtt:// or mqtts://; expected "
       "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]"},
      {6, "broker.uris[2]", "the port is no number from 1 to 65535"}}},
    {"cluster: {name: c}\nbroker: {uri: 'mqtts:/h:8883'}\n",
     {{2, "broker.uri", "it does not begin with mqtt:// or mqtts://"}}},
    {"cluster: {name: c}\nbroker:\n  uri: mqtt://h\n  username: u\n  password: a\n"
     "  password_file: b\n",
     {{6, "broker.password_file", "broker.password and broker.password_file are both given"},
      {6, "broker.password_file", "cannot be read"}}},
    {"cluster: {name: c}\nbroker:\n  uri: mqtt://h\n  password: a\n",
     {{4, "broker.password", "a password without broker.username"}}},
    {"cluster: {name: c}\nbroker:\n  uri: mqtt://h\n  keep_alive: 4s\n  connect_timeout: 5\n"
     "  backoff_min: 1h\n  max_in_flight: 65536\n  protocol: 4\n",
     {{4, "broker.keep_alive", "'4s' is out of range; expected 5s to 18h"},
      {5, "broker.connect_timeout",
       "'5' is not what this option takes; expected a whole number "
       "with a unit: ms, s, m, h, d, from 100ms to 5m"},
      {6, "broker.backoff_min", "broker.backoff_min is greater than broker.backoff_max"},
      {7, "broker.max_in_flight", "out of range; expected 1 to 65535"},
      {8, "broker.protocol", "'4' is not possible; expected auto, 5 or 3.1.1"}}},
    {"cluster: {name: c}\nbroker:\n  uri: mqtt://h\n  backoff_max: 10ms\n",
     {{4, "broker.backoff_max", "broker.backoff_min is greater than broker.backoff_max"}}},
};

static const struct wrong wrong_delivery[] = {
    {GOOD "delivery:\n  outbox_bytes: 512KiB\n",
     {{4, "delivery.outbox_bytes",
       "delivery.max_event_bytes is greater than delivery.outbox_bytes"}}},
    {GOOD "delivery:\n  max_event_bytes: 1KiB\n  batch_bytes: 1MiB\n  outbox_bytes: 64KiB\n",
     {{5, "delivery.batch_bytes", "delivery.batch_bytes is greater than delivery.outbox_bytes"}}},
    {GOOD "delivery:\n  prefixes:\n  - {prefix: a}\n  - {guarantee: broker, prefix: b, x: 1}\n"
          "  - {prefix: b, guarantee: all}\n  - a\n  - {prefix: \"a\\0\", guarantee: broker}\n"
          "  - {prefx: a, guarantee: broker}\n  - {prefix: c, guarantee: broker, urgent: soon}\n",
     {{5, "delivery.prefixes[0]", "the key guarantee is missing"},
      {6, "delivery.prefixes[1].x", "unknown key 'x'; expected prefix, guarantee or urgent"},
      {7, "delivery.prefixes[2]", "the prefix 'b' is given twice; the first is entry 1"},
      {7, "delivery.prefixes[2].guarantee",
       "'all' is not possible; expected broker, best_effort or end_to_end"},
      {8, "delivery.prefixes[3]", "'a' stands here; expected a mapping with prefix and guarantee"},
      {9, "delivery.prefixes[4].prefix", "NUL"},
      {10, "delivery.prefixes[5].prefx", "did you mean prefix?"},
      {11, "delivery.prefixes[6].urgent", "'soon'"}}},
    {GOOD "delivery:\n  durability: both\n  directory: var/lib\n  spool_bytes: 1023KiB\n"
          "  fsync: sometimes\n  fsync_interval: 9ms\n  keep_time: 31d\n  keep_bytes: 63KiB\n",
     {{4, "delivery.durability", "'both' is not possible; expected memory or disk"},
      {5, "delivery.directory", "'var/lib' is no absolute path; expected one that begins with '/'"},
      {6, "delivery.spool_bytes", "'1023KiB' is out of range; expected 1MiB to 1024GiB"},
      {7, "delivery.fsync", "'sometimes' is not possible; expected always, interval or never"},
      {8, "delivery.fsync_interval", "'9ms' is out of range; expected 10ms to 1h"},
      {9, "delivery.keep_time", "'31d' is out of range; expected 1s to 30d"},
      {10, "delivery.keep_bytes", "'63KiB' is out of range; expected 64KiB to 16GiB"}}},
    {GOOD "delivery:\n  directory: ''\n", {{4, "delivery.directory", "the value is empty"}}},
    {GOOD "delivery:\n  guarantee: end_to_end\n  keep_bytes: 64KiB\n",
     {{5, "delivery.keep_bytes", "delivery.max_event_bytes is greater than delivery.keep_bytes"}}},
    {GOOD "delivery:\n  keep_bytes: 1000kB\n"
          "  prefixes: [{prefix: a, guarantee: end_to_end}]\n",
     {{4, "delivery.keep_bytes", "delivery.max_event_bytes is greater than delivery.keep_bytes"}}},
    {GOOD "delivery:\n  durability: disk\n  max_event_bytes: 2MiB\n  spool_bytes: 1MiB\n",
     {{5, "delivery.max_event_bytes",
       "delivery.max_event_bytes is greater than delivery.spool_bytes"}}},
    {GOOD "delivery: {prefixes: {a: broker}}\n",
     {{3, "delivery.prefixes", "a mapping stands here; expected a list of"}}},
};

static const struct wrong wrong_nodes[] = {
    {GOOD "node: b\nnodes:\n  a: {type: manager}\n",
     {{3, "node", "the node 'b' is not one of those listed in nodes"}}},
    {GOOD "node: b\nnodes:\n  a: {type: boss}\n",
     {{5, "nodes.a.type",
       "'boss' is not possible; expected manager, logger, proxy, worker or "
       "control"}}},
    {GOOD "nodes:\n  a:\n  b: worker\n  c: {}\n  d: {typ: worker}\n  e/f: {type: worker}\n"
          "  g: {type: worker}\n  g: {type: worker}\n",
     {{4, "nodes.a", "the value is missing; expected a mapping with type"},
      {5, "nodes.b", "the single value 'worker' stands here; expected a mapping with type"},
      {6, "nodes.c", "the key type is missing"},
      {7, "nodes.d.typ", "unknown key 'typ'; did you mean type?"},
      {8, "nodes.e/f", "contains '/'"},
      {10, "nodes.g", "given twice; the first is on line 9"}}},
    {GOOD "node: n\nnodes:\n  g: {type: worker}\n  g: {type: worker}\n  n: {type: worker}\n",
     {{6, "nodes.g", "given twice; the first is on line 5"}}},
    {GOOD "node: n\nnodes: {'': {type: worker}}\n", {{4, "nodes.", "the value is empty"}}},
    {GOOD "nodes: [a, b]\n",
     {{3, "nodes", "a list stands here; expected a mapping of node names"}}},
    {GOOD "nodes:\n", {{3, "nodes", "the value is missing"}}},
};

static const struct wrong wrong_membership[] = {
    {"cluster:\n  name: c\n  topic_separator: ':'\n  lease: 2s\n"
     "  watch: [worker, boss, proxy, worker]\nbroker: {uri: 'mqtt://h'}\n",
     {{3, "cluster.topic_separator", "':' is not possible; expected / or ."},
      {4, "cluster.lease", "'2s' is out of range; expected 3s to 1h"},
      {5, "cluster.watch[1]",
       "'boss' is not possible; expected manager, logger, proxy, worker or control"},
      {5, "cluster.watch[3]", "'worker' is given twice"}}},
    {"cluster: {name: c, watch: {a: b}, lease: 3500ms}\nbroker: {uri: 'mqtt://h'}\n",
     {{1, "cluster.watch", "a mapping stands here; expected a single value"},
      {1, "cluster.lease", "'3500ms' is no multiple of 1s"}}},
    {"cluster: {name: c, watch: none, lease: 61m}\nbroker: {uri: 'mqtt://h'}\n",
     {{1, "cluster.watch", "'none' is not possible"},
      {1, "cluster.lease", "'61m' is out of range"}}},
    {GOOD "membership: open\nmanager_is_logger: maybe\ndelivery: {to_self: 1}\n",
     {{3, "membership", "'open' is not possible; expected static or dynamic"},
      {4, "manager_is_logger", "'maybe' is neither true nor false"},
      {5, "delivery.to_self", "'1' is neither true nor false"}}},
    {GOOD "membershp: static\nmanager_is_loger: true\npool: {}\n",
     {{3, "membershp", "did you mean membership?"},
      {4, "manager_is_loger", "did you mean manager_is_logger?"},
      {5, "pool", "did you mean pools?"}}},
};

static const struct wrong wrong_pools[] = {
    {GOOD "pools:\n  a: {type: manager}\n  b: {type: control, max_nodes: 0}\n"
          "  c: {max_nodes: 4294967296, type: boss}\n  d: {type: proxy, exclusive: yes}\n"
          "  e: {type: proxy, topic: ''}\n  f: {type: proxy, topic: \"a\\0\"}\n",
     {{4, "pools.a.type", "'manager' is not possible; expected worker, proxy or logger"},
      {5, "pools.b.type", "'control' is not possible"},
      {5, "pools.b.max_nodes", "'0' is out of range; expected 1 to 4294967295"},
      {6, "pools.c.max_nodes", "'4294967296' is out of range"},
      {6, "pools.c.type", "'boss' is not possible"},
      {7, "pools.d.exclusive", "'yes' is neither true nor false"},
      {8, "pools.e.topic", "the value is empty"},
      {9, "pools.f.topic", "NUL"}}},
    {GOOD "pools:\n  a:\n  b: proxy\n  c: {}\n  d: {typ: proxy}\n  e/f: {type: proxy}\n"
          "  g: {type: proxy, exclusiv: true, size: 1}\n  b: {type: proxy}\n",
     {{4, "pools.a", "the value is missing; expected a mapping with type"},
      {5, "pools.b", "the single value 'proxy' stands here; expected a mapping with type"},
      {6, "pools.c", "the key type is missing"},
      {7, "pools.d.typ", "unknown key 'typ'; did you mean type?"},
      {8, "pools.e/f", "contains '/'"},
      {9, "pools.g.exclusiv", "unknown key 'exclusiv'; did you mean exclusive?"},
      {9, "pools.g.size", "unknown key 'size'; expected type, max_nodes, exclusive or topic"},
      {10, "pools.b", "given twice; the first is on line 5"}}},
    {GOOD "pools: [a, b]\n",
     {{3, "pools", "a list stands here; expected a mapping of pool names"}}},
    {GOOD "pools:\n", {{3, "pools", "the value is missing"}}},
    {GOOD "pools:\n  a:\n    type: proxy\n    exclusive: true\n",
     {{4, "pools.a", "'max_nodes' field must be set when using the 'exclusive' flag"}}},
};

/* Nothing in them is wrong by itself. */
static const struct wrong wrong_sets_of_pools[] = {
    {GOOD "pools:\n  a: {type: proxy}\n  b:\n    topic: zeek/cluster/pool/a\n    type: worker\n"
          "  c: {type: logger, topic: zeek/cluster/pool/a}\n  d: {type: proxy, topic: x}\n",
     {{5, "pools.b", "the topic 'zeek/cluster/pool/a' is that of the pool 'a' already"},
      {8, "pools.c", "the topic 'zeek/cluster/pool/a' is that of the pool 'a' already"}}},
    {"cluster: {name: c, topic_separator: .}\nbroker: {uri: 'mqtt://h'}\n"
     "pools:\n  a: {type: proxy, topic: zeek/cluster/pool/c}\n"
     "  b: {type: proxy, topic: zeek.cluster.pool.c}\n  c: {type: proxy}\n",
     {{6, "pools.c", "the topic 'zeek.cluster.pool.c' is that of the pool 'b' already"}}},
    {GOOD "nodes: {p1: {type: proxy}, p2: {type: proxy}, w: {type: worker}, c: {type: control}}\n"
          "pools:\n  z: {type: proxy, max_nodes: 2, exclusive: true}\n"
          "  a: {type: proxy, max_nodes: 1, exclusive: true}\n"
          "  b: {type: worker, max_nodes: 2, exclusive: true}\n"
          "  c: {type: worker, max_nodes: 1, exclusive: true}\n"
          "  d: {type: proxy, max_nodes: 9}\n",
     {{6, "pools.a", "not enough proxy nodes to satisfy pool exclusivity requirements: need 3"},
      {7, "pools.b", "not enough worker nodes to satisfy pool exclusivity requirements: need 2"}}},
    {GOOD "manager_is_logger: false\nnodes: {m: {type: manager}, l: {type: logger}}\n"
          "pools: {a: {type: logger, max_nodes: 2, exclusive: true}}\n",
     {{5, "pools.a", "not enough logger nodes"}}},
    {GOOD "pools: {a: {type: proxy, max_nodes: 1, exclusive: true}}\n",
     {{3, "pools.a", "need 1 nodes; lower max_nodes, or list more in nodes"}}},
    /* What is wrong elsewhere may be why there are too few. */
    {GOOD "nodes: {p: {type: prxy}}\npools: {a: {type: proxy, max_nodes: 1, exclusive: true}}\n",
     {{3, "nodes.p.type", "'prxy' is not possible"}}},
    {GOOD "pools:\n  a: {type: proxy, topic: t}\n  b: {type: proxy, topic: t}\n  c: {typ: x}\n",
     {{5, "pools.b", "the topic 't' is that of the pool 'a' already"},
      {6, "pools.c.typ", "did you mean type?"}}},
};

static const struct wrong wrong_events[] = {
    {GOOD
     "events:\n  ping:\n    args:\n    - n: cuont\n    - a b: count\n    - {x: count, y: any}\n"
     "    - count\n    - n:\n    - n: count\n",
     {{6, "events.ping.args[0].n", "the type 'cuont' is wrong at column 1: expected a Zeek type"},
      {7, "events.ping.args[1].a b", "'a b' is no parameter name"},
      {8, "events.ping.args[2]", "2 names stand in one entry"},
      {9, "events.ping.args[3]", "the single value 'count' stands here; expected {NAME: TYPE}"},
      {10, "events.ping.args[4]", "the parameter 'n' is given twice; the first is entry 0"},
      {10, "events.ping.args[4].n", "the value is missing"},
      {11, "events.ping.args[5]", "the parameter 'n' is given twice"}}},
    {GOOD "events:\n  pi ng: {args: []}\n  a::b::c: {args: []}\n  a: {}\n  b: {args: {n: count}}\n"
          "  c: {args: [{}]}\n  d: [count]\n  e: {arg: []}\n",
     {{4, "events.pi ng", "'pi ng' is no event name"},
      {6, "events.a", "the key args is missing"},
      {7, "events.b.args", "a mapping stands here; expected a list of parameters"},
      {8, "events.c.args[0]", "0 names stand in one entry"},
      {9, "events.d", "a list stands here; expected a mapping with args"},
      {10, "events.e.arg", "did you mean args?"}}},
    {GOOD "events: {e: {args: [{n: \"set[\"}, {m: \"a\\x1bb\"}]}}\n",
     {{3, "events.e.args[0].n", "the type 'set[' is wrong at column 5"},
      {3, "events.e.args[1].m", "contains a control character"}}},
};

static const struct wrong wrong_syntax[] = {
    {GOOD "events:\n  e: {args: [{n: set[addr]}]}\n",
     {{4, "events", "needs quotes: \"set[addr]\""}}},
    {"cluster:\n\tname: c\nbroker: {uri: 'mqtt://h'}\n",
     {{2, "cluster", "a tab is used for indentation, where YAML allows only spaces"}}},
    {"cluster:\n    name: c\nbroker:\n    uri: mqtt://h\n\tkeep_alive: 1s\nnodess: {}\nlog:\n"
     "\tlevel: x\n",
     {{5, "broker", "a tab is used"},
      {5, "broker.keep_alive", "out of range"},
      {6, "nodess", "did you mean nodes?"},
      {8, "log", "a tab is used"},
      {8, "log.level", "'x' is not possible"}}},
    {"cluster:\n  name: c\nbroker:\n  uri: mqtt://h\n-\tx\n", {{5, "broker", "this is no YAML"}}},
    {"cluster: {name: c\nbroker:\n  uri: http://h\nlog:\n  level: x\n",
     {{1, "cluster",
       "this is no YAML: did not find expected ',' or '}' while parsing a flow "
       "mapping (noticed on line 2)"},
      {3, "broker.uri", "is no broker address"},
      {5, "log.level", "'x' is not possible"}}},
    {"cluster:\n  name: \"c\nbroker:\n  uri: http://h\n",
     {{2, "cluster",
       "found unexpected end of stream while scanning a quoted scalar (noticed on line "
       "5)"},
      {4, "broker.uri", "is no broker address"}}},
    {"cluster: {name: c}\nbroker:\n  uri: *nobody\nlog: {level: x}\n",
     {{3, "broker", "found undefined alias"}, {4, "log.level", "'x'"}}},
    {GOOD "node: \xff\xfe\nlog: {level: \x01}\n",
     {{3, "", "byte 0xff is not UTF-8"},
      {4, "", "a control character, 0x01"},
      {4, "log.level", "'_' is not possible"}}},
    {GOOD "node: \xc2\x85\n", {{3, "", "a control character, 0x85"}}},
};

static void check_case(const struct wrong *wrong)
{
    const struct loaded *loaded = load_text(wrong->yaml);
    size_t count = 0;
    while (count < 8 && wrong->expected[count].key != NULL)
        count++;
    bool is_right = CHECK_INT(loaded->error, MQC_ECONFIG);
    is_right = CHECK_UNSIGNED(loaded->count, count) && is_right;
    for (size_t i = 0; i < count && i < loaded->count; i++) {
        is_right = CHECK_UNSIGNED(loaded->problems[i].line, wrong->expected[i].line) && is_right;
        is_right = CHECK_TEXT(loaded->problems[i].key, wrong->expected[i].key) && is_right;
        is_right = CHECK_CONTAINS(loaded->problems[i].text, wrong->expected[i].part) && is_right;
    }
    if (is_right)
        return;
    (void)printf("for this file:\n%s\nit says:\n", wrong->yaml);
    for (size_t i = 0; i < loaded->count; i++)
        (void)printf("%u:%u [%s] %s\n", loaded->problems[i].line, loaded->problems[i].column,
                     loaded->problems[i].key, loaded->problems[i].text);
}

#define CHECK_CASES(cases)                                                                         \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++)                              \
            check_case(&(cases)[i]);                                                               \
        unload();                                                                                  \
    } while (0)

static void test_wrong_options_are_named(void)
{
    CHECK_CASES(wrong_options);
}

static void test_wrong_broker_is_named(void)
{
    CHECK_CASES(wrong_broker);
}

static void test_wrong_delivery_is_named(void)
{
    CHECK_CASES(wrong_delivery);
}

static void test_wrong_nodes_are_named(void)
{
    CHECK_CASES(wrong_nodes);
}

static void test_wrong_membership_is_named(void)
{
    CHECK_CASES(wrong_membership);
}

static void test_wrong_pools_are_named(void)
{
    CHECK_CASES(wrong_pools);
    CHECK_CASES(wrong_sets_of_pools);
}

static void test_wrong_events_are_named(void)
{
    CHECK_CASES(wrong_events);
}

static void test_wrong_syntax_is_named(void)
{
    CHECK_CASES(wrong_syntax);
}

static void test_wrong_column_is_that_of_the_value(void)
{
    const struct loaded *loaded = load_text(GOOD "log: {level: x}\n");
    CHECK_UNSIGNED(loaded->problems[0].column, 14);
    loaded = load_text(GOOD "node: b\nnodse: x\n");
    CHECK_UNSIGNED(loaded->problems[0].column, 1);
    loaded = load_text(GOOD "pools: {a: {type: proxy, topc: x, max_nodes: -1}}\n");
    CHECK_UNSIGNED(loaded->problems[0].column, 26);
    CHECK_UNSIGNED(loaded->problems[1].column, 46);
    loaded = load_text(GOOD "pools: {a: {type: proxy, max_nodes: 1, exclusive: true}}\n");
    CHECK_UNSIGNED(loaded->problems[0].column, 9);
    unload();
}

static void test_wrong_password_is_never_shown(void)
{
    static const char *const files[] = {
        "broker: {password: \"hidden\\0secret\"}\n",
        "broker: {uri: 'mqtt://user:secret@host'}\n",
        "broker: {uris: ['mqtt://user:secret@host']}\n",
        "cluster: {name: c}\nbroker: {uri: 'mqtt://h', password: secret}\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const struct loaded *loaded = load_text(files[i]);
        CHECK(loaded->count > 0);
        for (size_t j = 0; j < loaded->count; j++)
            CHECK(strstr(loaded->problems[j].text, "secret") == NULL);
    }
    CHECK_CONTAINS(load_text(files[1])->problems[0].text, "broker.password_file");
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"options", test_wrong_options_are_named},
        {"broker", test_wrong_broker_is_named},
        {"delivery", test_wrong_delivery_is_named},
        {"nodes", test_wrong_nodes_are_named},
        {"membership", test_wrong_membership_is_named},
        {"pools", test_wrong_pools_are_named},
        {"events", test_wrong_events_are_named},
        {"syntax", test_wrong_syntax_is_named},
        {"column", test_wrong_column_is_that_of_the_value},
        {"password", test_wrong_password_is_never_shown},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.wrong", tests);
}
