#include "loading.h"

#include <stdlib.h>

/* Every allocation of the modules goes through these; the one with this number fails. */
static size_t allocation;
static size_t failing_allocation;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool must_fail(void)
{
    return ++allocation == failing_allocation;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

static const char right[] =
    "cluster: {name: c, root: r/c, watch: [manager, worker]}\nnode: n\n"
    "broker:\n  uris: [mqtts://a, mqtt://b]\n"
    "  username: ${HOME:-u}\n"
    "tls: {ca_file: ca.pem, alpn: [a, b], ciphers: '[A, B]'}\n"
    "delivery:\n  prefixes:\n  - {prefix: a/, guarantee: broker}\n"
    "nodes:\n  n: {type: worker}\n  m: {type: manager}\n"
    "pools:\n  a: {type: worker, max_nodes: 1, exclusive: true}\n  b: {type: logger, topic: b}\n"
    "events:\n  e: {args: [{a: count}, {b: \"table[addr] of set[string]\"}]}\n";

/* Everything in it is right by itself. */
static const char contradicting[] =
    "cluster: {name: c}\nbroker: {uri: mqtt://h}\nnodes: {p: {type: proxy}}\n"
    "pools:\n  a: {type: proxy, max_nodes: 2, exclusive: true}\n"
    "  b: {type: proxy, topic: zeek/cluster/pool/a, max_nodes: 1, exclusive: true}\n";

static const char wrong[] = "cluster:\n\tname: c\nnodess: {}\nbroker:\n  uri: http://${HOME:-h}\n"
                            "  uris: {\nevents: {e: {args: [{n: cuont}]}}\n";

/* Fails the first allocation, then the second, ... until all succeed. Returns how many there are.
 */
static size_t fail_each(const char *text, enum mqc_error expected)
{
    failing_allocation = 0;
    for (;;) {
        allocation = 0;
        failing_allocation++;
        struct loaded *loaded = load_text(text);
        if (allocation < failing_allocation) {
            CHECK_INT(loaded->error, expected);
            break;
        }
        CHECK_INT(loaded->error, MQC_ENOMEM);
        CHECK(loaded->config == NULL);
    }
    unload();
    failing_allocation = 0;
    return allocation;
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
    for (failing_allocation = 1; error == MQC_ENOMEM; failing_allocation++) {
        allocation = 0;
        error = mqc_config_check(loaded->config, &info);
        CHECK_INT(error, allocation < failing_allocation ? MQC_OK : MQC_ENOMEM);
    }
    CHECK(failing_allocation > 3);
    failing_allocation = 0;
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
