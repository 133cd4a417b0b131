#include "backend/payload.h"
#include "codec/compress.h"
#include "support/suite.h"

#include <stdlib.h>

/* Reads `size` bytes of events that were compressed; says how much memory that took. */
static enum mqc_error read_compressed(struct mqc_view events, size_t *event_count_out,
                                      size_t *memory_out)
{
    struct mqc__compressor *compressor = mqc__compressor_new(3);
    struct mqc__decompressor decompressor = {NULL, NULL};
    struct mqc__buffer wire;
    mqc__buffer_init(&wire, (size_t)1 << 20);
    REQUIRE(compressor != NULL);
    REQUIRE(mqc__compress(compressor, events, &wire));
    struct mqc__arena arena;
    mqc__arena_init(&arena, mqc__payload_memory_limit(wire.size));
    const struct mqc__payload_source source = {.payload = mqc__buffer_view(&wire),
                                               .decompressor = &decompressor};
    struct mqc__envelope envelope;
    struct mqc_error_info info;
    const enum mqc_error error = mqc__payload_read(&arena, &source, &envelope, &info);
    *event_count_out = envelope.event_count;
    *memory_out = arena.used_bytes;
    mqc__arena_fini(&arena);
    mqc__buffer_fini(&wire);
    mqc__decompressor_fini(&decompressor);
    mqc__compressor_free(&compressor);
    return error;
}

/* `count` times the events of the text. */
static char *repeat(const char *events, size_t size, size_t count)
{
    char *bytes = malloc(size * count);
    if (bytes == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * size, events, size);
    return bytes;
}

/* Far more than a payload of that size may take that is not compressed. */
static void test_compressed_events_have_the_memory_of_plain_ones(void)
{
    enum { COUNT = 100000 };
    size_t event_count = 0;
    size_t memory = 0;
    char *events = repeat("\x2a\x07\x0a\x01"
                          "e\x12\x02\x08\x01",
                          9, COUNT);
    CHECK_INT(read_compressed(mqc_view_bytes(events, (size_t)9 * COUNT), &event_count, &memory),
              MQC_OK);
    CHECK_UNSIGNED(event_count, COUNT);
    CHECK(memory > mqc__payload_memory_limit(0) + (size_t)9 * COUNT);
    free(events);
}

/* Two bytes each, which take a hundred times as much when decoded. */
static void test_compressed_events_cannot_amplify_more_than_plain_ones(void)
{
    const size_t size = MQC__COMPRESSED_EVENTS_BYTES_MAX;
    size_t event_count = 1;
    size_t memory = 0;
    char *events = repeat("\x2a\x00", 2, size / 2);
    CHECK(read_compressed(mqc_view_bytes(events, size), &event_count, &memory) != MQC_OK);
    CHECK_UNSIGNED(event_count, 0);
    CHECK(memory <= size + mqc__payload_memory_limit(size));
    free(events);
}

int main(void)
{
#define TEST(name) {#name, test_##name}
    CU_TestInfo tests[] = {
        TEST(compressed_events_have_the_memory_of_plain_ones),
        TEST(compressed_events_cannot_amplify_more_than_plain_ones),
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.payload", tests);
}
