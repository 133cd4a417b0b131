/* Every allocation fails once: what cannot be done then is said, and nothing is lost. */
#include "support/failing_malloc.h"
#include "support/suite.h"

#include "test_ws_support.h"
#include "ws/protocol.h"

#define ALLOCATIONS 12
#define FIN_TEXT 0x81U

static const char message_json[] =
    "{\"topic\":\"/t\",\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"count\",\"data\":1},"
    "{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":"
    "\"string\",\"data\":\"ping\"},{\"@data-type\":\"vector\",\"data\":[]}]}]}";

static void test_frames_without_memory_end_with_1011(void)
{
    struct mqc__buffer bytes;
    static char payload[10000];
    mqc__buffer_init(&bytes, 1 << 20);
    memset(payload, 'x', sizeof payload);
    client_frame_write(FIN_TEXT, mqc_view_bytes(payload, sizeof payload), &bytes);
    for (size_t number = 0; number < ALLOCATIONS; number++) {
        fail_allocation(number);
        struct mqc__ws_frames *frames = mqc__ws_frames_new(1 << 20);
        struct mqc__ws_input input = {.kind = MQC__WS_NOTHING};
        if (frames != NULL)
            CHECK_UNSIGNED(mqc__ws_frames_feed(frames, mqc__buffer_view(&bytes), &input),
                           bytes.size);
        if (allocation_has_failed() && frames != NULL) {
            CHECK_INT(input.kind, MQC__WS_BROKEN);
            CHECK_UNSIGNED(input.code, 1011);
        } else {
            CHECK_INT(input.kind, frames == NULL ? MQC__WS_NOTHING : MQC__WS_MESSAGE);
        }
        fail_allocation(0);
        mqc__ws_frames_free(&frames);
    }
    mqc__buffer_fini(&bytes);
}

static void test_read_subscriptions_without_memory_says_so(void)
{
    for (size_t number = 0; number < ALLOCATIONS; number++) {
        struct mqc__arena arena;
        struct mqc_view *prefixes = NULL;
        size_t count = 0;
        const char *context = NULL;
        mqc__arena_init(&arena, 1 << 20);
        fail_allocation(number);
        const enum mqc_error error = mqc__ws_read_subscriptions(
            &arena, mqc_view_text("[\"b\",\"a\"]"), &prefixes, &count, &context);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
        CHECK_UNSIGNED(count, allocation_has_failed() ? 0 : 2);
        fail_allocation(0);
        mqc__arena_fini(&arena);
    }
}

/* What one reader has no memory for the other one may still read. */
static void test_read_event_without_memory_says_so_or_reads_it(void)
{
    for (size_t number = 0; number < ALLOCATIONS; number++) {
        struct mqc__arena arena;
        struct mqc__json_message message;
        const char *context = NULL;
        mqc__arena_init(&arena, 1 << 20);
        fail_allocation(number);
        const enum mqc_error error =
            mqc__ws_read_event(&arena, mqc_view_text(message_json), &message, &context, NULL);
        CHECK(error == MQC_OK || (error == MQC_ENOMEM && allocation_has_failed()));
        fail_allocation(0);
        if (error == MQC_OK)
            CHECK_VIEW_TEXT(message.event.name, "ping");
        mqc__arena_fini(&arena);
    }
}

static void test_write_without_memory_says_so(void)
{
    for (size_t number = 0; number < ALLOCATIONS; number++) {
        struct mqc__buffer buffer;
        char context[1000];
        mqc__buffer_init(&buffer, 1 << 20);
        memset(context, 'x', sizeof context);
        fail_allocation(number);
        const enum mqc_error error =
            mqc__ws_write_error("code", mqc_view_bytes(context, sizeof context), &buffer);
        CHECK_INT(error, allocation_has_failed() ? MQC_ENOMEM : MQC_OK);
        fail_allocation(0);
        mqc__buffer_fini(&buffer);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"frames_without_memory_end_with_1011", test_frames_without_memory_end_with_1011},
        {"read_subscriptions_without_memory_says_so",
         test_read_subscriptions_without_memory_says_so},
        {"read_event_without_memory_says_so_or_reads_it",
         test_read_event_without_memory_says_so_or_reads_it},
        {"write_without_memory_says_so", test_write_without_memory_says_so},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.protocol_memory", tests);
}
