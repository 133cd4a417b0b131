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
    "cluster: {name: c, root: r/c}\nnode: n\nbroker:\n  uris: [mqtts://a, mqtt://b]\n"
    "  username: ${HOME:-u}\n"
    "tls: {ca_file: ca.pem, alpn: [a, b], ciphers: '[A, B]'}\n"
    "delivery:\n  prefixes:\n  - {prefix: a/, guarantee: broker}\n"
    "nodes:\n  n: {type: worker}\n"
    "events:\n  e: {args: [{a: count}, {b: \"table[addr] of set[string]\"}]}\n";

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
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each allocation", test_memory_each_allocation_may_fail},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.memory", tests);
}
