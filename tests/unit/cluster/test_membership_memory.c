/* The Nth allocation fails, for every N; and how much is taken for each node. */
#include "membership_driver.h"

#include <malloc.h>
#include <stdio.h>

/* Every allocation of the modules goes through these. */
static size_t allocation_count;
static size_t failing_allocation; /* 0: none */
static size_t taken_bytes;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static bool must_fail(void)
{
    return ++allocation_count == failing_allocation;
}

static void *count_bytes(void *memory)
{
    taken_bytes += malloc_usable_size(memory);
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : count_bytes(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : count_bytes(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (must_fail())
        return NULL;
    taken_bytes -= malloc_usable_size(memory);
    return count_bytes(__real_realloc(memory, size));
}

void __wrap_free(void *memory)
{
    taken_bytes -= malloc_usable_size(memory);
    __real_free(memory);
}

/* The log of what was done, as text. */
struct record {
    char text[4000];
    size_t size;
};

static void act(void *context, const struct mqc__membership_action *action)
{
    struct record *r = context;
    const size_t room = sizeof r->text - r->size;
    const int size = snprintf(
        r->text + r->size, room, "%d %.*s %.*s %s\n", (int)action->kind, (int)action->name.size,
        action->name.size != 0 ? action->name.data : "", (int)action->instance.size,
        action->instance.size != 0 ? action->instance.data : "",
        action->tag != NULL ? action->tag : "");
    r->size += (size_t)size < room ? (size_t)size : room - 1;
}

/* A story with everything that takes memory: new nodes, new instances, rivals, strangers. */
static const struct {
    const char *name;
    const char *instance;
    uint64_t renewal;
    uint64_t start_ms;
} story[] = {
    {"w1", "A", 1, 10}, {"w2", "A", 1, 10}, {"w1", "B", 1, 11}, {"w1", "A", 2, 10},
    {"w1", "C", 1, 12}, {"x", "A", 1, 10},  {"me", "Z", 1, 10}, {"w2", "0", 1, 5},
    {"w1", "D", 1, 13}, {"x", "B", 1, 11},
};

/* Takes one message of the story until it succeeds; returns false if it had to be repeated. */
static bool tell(struct mqc__membership *membership, size_t i, struct mqc__buffer *payload)
{
    char topic[40];
    const struct mqc__presence presence = {
        .is_up = true,
        .type = mqc_view_text("worker"),
        .name = mqc_view_text(story[i].name),
        .instance = mqc_view_text(story[i].instance),
        .renewal = story[i].renewal,
        .lease_ms = DRIVER_LEASE_MS,
        .start_ms = story[i].start_ms,
    };
    const size_t failing = failing_allocation;
    failing_allocation = 0;
    mqc__buffer_clear(payload);
    CHECK_INT(mqc__presence_encode(&presence, payload), MQC_OK);
    failing_allocation = failing;
    (void)snprintf(topic, sizeof topic, "r/node/worker/%s", story[i].name);
    const struct mqc__membership_message message = {
        .topic = mqc_view_text(topic), .payload = mqc__buffer_view(payload), .expiry_ms = -1};
    const int64_t now_ms = 1000000 + (int64_t)i * 100;
    const enum mqc_error error = mqc__membership_received(membership, &message, now_ms);
    if (error == MQC_OK)
        return true;
    CHECK_INT(error, MQC_ENOMEM);
    CHECK_INT(mqc__membership_received(membership, &message, now_ms), MQC_OK);
    return false;
}

/* Returns false if an allocation failed. */
static bool run_story(bool is_dynamic, struct record *r, struct mqc__buffer *payload)
{
    struct mqc__membership_options options = driver_options();
    options.is_dynamic = is_dynamic;
    const struct mqc__membership_sink sink = {.context = r, .act = act};
    struct mqc__membership *membership = NULL;
    *r = (struct record){.size = 0};
    allocation_count = 0;
    bool is_whole = true;
    enum mqc_error error = mqc__membership_new(&options, &sink, &membership, NULL);
    if (error != MQC_OK) {
        CHECK_INT(error, MQC_ENOMEM);
        CHECK(membership == NULL);
        is_whole = false;
        error = mqc__membership_new(&options, &sink, &membership, NULL);
    }
    CHECK_INT(error, MQC_OK);
    REQUIRE(membership != NULL);
    mqc__membership_connected(membership, 1000000);
    mqc__membership_acknowledged(membership, 1000000);
    for (size_t i = 0; i < sizeof story / sizeof story[0]; i++)
        is_whole = tell(membership, i, payload) && is_whole;
    /* Nothing else needs memory. */
    const size_t count = allocation_count;
    struct mqc__membership_action will;
    CHECK(mqc__membership_will(membership, &will));
    for (int64_t now_ms = 1005000; now_ms <= 1050000; now_ms += 5000) {
        mqc__membership_tick(membership, now_ms);
        mqc__membership_acknowledged(membership, now_ms);
    }
    mqc__membership_close(membership, mqc_view_text("stopped"), 1050000);
    CHECK_UNSIGNED(allocation_count, count);
    mqc__membership_free(&membership);
    return is_whole;
}

static void fail_each(bool is_dynamic)
{
    static struct record expected;
    static struct record got;
    struct mqc__buffer payload;
    mqc__buffer_init(&payload, MQC__PRESENCE_OWN_BYTES_MAX);
    CHECK(mqc__buffer_extend(&payload, MQC__PRESENCE_OWN_BYTES_MAX) != NULL);
    CHECK(run_story(is_dynamic, &expected, &payload));
    CHECK(allocation_count > 20);
    const size_t total = allocation_count;
    for (size_t n = 1; n <= total; n++) {
        failing_allocation = n;
        CHECK(!run_story(is_dynamic, &got, &payload));
        CHECK_TEXT(got.text, expected.text);
    }
    failing_allocation = 0;
    mqc__buffer_fini(&payload);
}

static void test_memory_each_allocation_may_fail(void)
{
    fail_each(false);
    fail_each(true);
}

/* Names and ids as a large site would have them. */
static void test_memory_of_a_node_is_bounded(void)
{
    enum { NODES = 20000 };
    static char text[40];
    struct mqc__membership_options options = driver_options();
    options.is_dynamic = true;
    options.nodes_max = NODES;
    struct driver d;
    driver_init(&d, &options);
    driver_connect(&d);
    const size_t before = taken_bytes;
    for (int i = 0; i < NODES; i++) {
        (void)snprintf(text, sizeof text, "worker-%05d-00112233aabb", i);
        char name[20];
        (void)snprintf(name, sizeof name, "worker-%05d", i);
        SEE(&d, .name = name, .instance = text);
        mqc__buffer_clear(&d.log);
    }
    CHECK_UNSIGNED(mqc__membership_up_count(d.membership, MQC__NODE_WORKER), NODES);
    CHECK((taken_bytes - before) / NODES <= 450);
    driver_fini(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each_allocation_may_fail", test_memory_each_allocation_may_fail},
        {"of_a_node_is_bounded", test_memory_of_a_node_is_bounded},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_memory", tests);
}
