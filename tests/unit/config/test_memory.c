#include "loading.h"

#include "support/failing_malloc.h"

static const char right[] =
    "cluster: {name: c, root: r/c, watch: [manager, worker]}\nnode: n\n"
    "broker:\n  uris: [mqtts://a, mqtt://b]\n"
    "  username: ${HOME:-u}\n"
    "tls: {ca_file: ca.pem, alpn: [a, b], ciphers: '[A, B]'}\n"
    "delivery:\n  prefixes:\n  - {prefix: a/, guarantee: broker}\n"
    "nodes:\n  n: {type: worker}\n  m: {type: manager}\n"
    "pools:\n  a: {type: worker, max_nodes: 1, exclusive: true}\n  b: {type: logger, topic: b}\n"
    "websocket:\n- {tls_options: {cert_file: c, key_file: k}, allowed_origins: ['https://h']}\n"
    "- {listen_port: 1, serve: [metrics]}\nmetrics: {core: [debug]}\n"
    "events:\n  e: {args: [{a: count}, {b: \"table[addr] of set[string]\"}]}\n";

/* Everything in it is right by itself. */
static const char contradicting[] =
    "cluster: {name: c}\nbroker: {uri: mqtt://h}\nnodes: {p: {type: proxy}}\n"
    "pools:\n  a: {type: proxy, max_nodes: 2, exclusive: true}\n"
    "  b: {type: proxy, topic: zeek/cluster/pool/a, max_nodes: 1, exclusive: true}\n"
    "websocket: [{}, {tls_options: {cert_file: c}}]\n";

static const char wrong[] = "cluster:\n\tname: c\nnodess: {}\nbroker:\n  uri: http://${HOME:-h}\n"
                            "  uris: {\nevents: {e: {args: [{n: cuont}]}}\n";

/* Fails the first allocation, then the second, ... until all succeed. Returns how many there are.
 */
static size_t fail_each(const char *text, enum mqc_error expected)
{
    size_t count = 0;
    for (size_t number = 1;; number++) {
        fail_allocation(number);
        struct loaded *loaded = load_text(text);
        if (!allocation_has_failed()) {
            count = allocation_count();
            CHECK_INT(loaded->error, expected);
            break;
        }
        CHECK_INT(loaded->error, MQC_ENOMEM);
        CHECK(loaded->config == NULL);
    }
    fail_allocation(0);
    unload();
    return count;
}

static void test_memory_each_allocation_may_fail(void)
{
    CHECK(fail_each(right, MQC_OK) > 3);
    CHECK(fail_each(wrong, MQC_ECONFIG) > 3);
    CHECK(fail_each(contradicting, MQC_ECONFIG) > 3);
}

static void test_memory_check_may_run_out(void)
{
    struct mqc_error_info info;
    const struct loaded *loaded = load_text(right);
    REQUIRE(loaded->config != NULL);
    enum mqc_error error = MQC_ENOMEM;
    size_t number = 0;
    while (error == MQC_ENOMEM) {
        fail_allocation(++number);
        error = mqc_config_check(loaded->config, &info);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
    }
    CHECK(number > 2);
    fail_allocation(0);
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each allocation", test_memory_each_allocation_may_fail},
        {"check", test_memory_check_may_run_out},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.memory", tests);
}
