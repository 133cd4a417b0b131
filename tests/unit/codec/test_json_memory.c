/* The Nth allocation fails, for every N: reading and writing say so, or do all the same. */
#include "test_json_support.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_MALLOC 0
#endif
#endif
#if !defined(HAS_OWN_MALLOC) && defined(__GLIBC__)
#define HAS_OWN_MALLOC 1
#endif

/* Which allocations fail: the one after so many, and perhaps all that follow. */
static struct {
    bool is_on;
    bool is_for_good;
    long allowed;
    long denied;
} failing;

#if HAS_OWN_MALLOC

/* glibc's functions behind the three that this program puts in their place. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static bool is_denied(void)
{
    if (!failing.is_on)
        return false;
    if (failing.allowed > 0) {
        failing.allowed--;
        return false;
    }
    if (failing.denied != 0 && !failing.is_for_good)
        return false;
    failing.denied++;
    return true;
}

#define REPLACES_LIBC __attribute__((visibility("default")))

REPLACES_LIBC void *malloc(size_t size)
{
    return is_denied() ? NULL : __libc_malloc(size);
}

REPLACES_LIBC void *calloc(size_t count, size_t size)
{
    return is_denied() ? NULL : __libc_calloc(count, size);
}

REPLACES_LIBC void *realloc(void *memory, size_t size)
{
    return is_denied() ? NULL : __libc_realloc(memory, size);
}

#endif

static bool can_fail(void)
{
#if HAS_OWN_MALLOC
    return true;
#else
    suite_skip("allocations cannot be made to fail in this build");
    return false;
#endif
}

#define LONG_TEXT                                                                                  \
    "a text that is longer than what json-c sets aside at first, with an escape \\u00e4 in its "   \
    "middle, so that its buffer has to grow while it is being read"

static const char message_json[] =
    "{\"type\":\"data-message\",\"topic\":\"/t/" LONG_TEXT "\",\"@data-type\":\"vector\",\"data\":["
    "{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},"
    "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"e\"},"
    "{\"@data-type\":\"vector\",\"data\":["
    "{\"@data-type\":\"real\",\"data\":0.1},"
    "{\"@data-type\":\"string\",\"data\":\"" LONG_TEXT LONG_TEXT "\\u0000\"},"
    "{\"@data-type\":\"real\",\"data\":1.5},"
    "{\"@data-type\":\"set\",\"data\":[{\"@data-type\":\"address\",\"data\":\"10.0.0.2\"},"
    "{\"@data-type\":\"address\",\"data\":\"10.0.0.1\"}]},"
    "{\"@data-type\":\"table\",\"data\":[{\"key\":{\"@data-type\":\"boolean\",\"data\":true},"
    "\"value\":{\"@data-type\":\"none\"}}]},"
    "{\"@data-type\":\"real\",\"data\":nan}]}]}]}";

static const char request_json[] =
    "{\"hrw\":{\"pool\":\"p\",\"key\":[1,-1,2.5]},\"event\":\"e\",\"args\":[\"" LONG_TEXT
    "\",[[true],1.25]]}";

/* Reads and writes once; the text must be freed. */
typedef enum mqc_error (*round_trip_fn)(struct mqc__buffer *text);

static enum mqc_error round_trip_message(struct mqc__buffer *text)
{
    struct mqc__arena arena;
    struct mqc__json_message message;
    struct mqc_error_info info;
    mqc__arena_init(&arena, 1 << 20);
    enum mqc_error error =
        mqc__json_read_message(&arena, mqc_view_text(message_json), &message, &info);
    if (error == MQC_OK)
        error = mqc__json_write_message(message.topic, &message.event, text);
    mqc__arena_fini(&arena);
    return error;
}

static enum mqc_error round_trip_request(struct mqc__buffer *text)
{
    struct mqc__arena arena;
    struct mqc__json_request request;
    struct mqc_error_info info;
    mqc__arena_init(&arena, 1 << 20);
    enum mqc_error error =
        mqc__json_read_plain(&arena, mqc_view_text(request_json), NULL, &request, &info);
    if (error == MQC_OK)
        error = mqc__json_write_value(&request.hrw_key, text);
    if (error == MQC_OK)
        error = mqc__json_write_args(&request.event, text);
    mqc__arena_fini(&arena);
    return error;
}

/* Returns how many allocations were denied. */
static long check_failing_after(round_trip_fn round_trip, long allowed, bool is_for_good,
                                struct mqc_view expected)
{
    struct mqc__buffer text;
    mqc__buffer_init(&text, SIZE_MAX);
    failing.allowed = allowed;
    failing.denied = 0;
    failing.is_for_good = is_for_good;
    failing.is_on = true;
    const enum mqc_error error = round_trip(&text);
    failing.is_on = false;
    if (error == MQC_OK)
        CHECK_VIEW(mqc__buffer_view(&text), expected);
    else
        CHECK_TEXT(mqc_error_name(error), "MQC_ENOMEM");
    mqc__buffer_fini(&text);
    return failing.denied;
}

static void check_every_failure(round_trip_fn round_trip)
{
    if (!can_fail())
        return;
    struct mqc__buffer expected;
    mqc__buffer_init(&expected, SIZE_MAX);
    REQUIRE(round_trip(&expected) == MQC_OK);
    for (int is_for_good = 0; is_for_good <= 1; is_for_good++) {
        long allowed = 0;
        while (check_failing_after(round_trip, allowed, is_for_good != 0,
                                   mqc__buffer_view(&expected)) != 0)
            allowed++;
        CHECK(allowed > 20);
    }
    mqc__buffer_fini(&expected);
}

static void test_message_allocation_fails_reported(void)
{
    check_every_failure(round_trip_message);
}

static void test_request_allocation_fails_reported(void)
{
    check_every_failure(round_trip_request);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"message_allocation_fails", test_message_allocation_fails_reported},
        {"request_allocation_fails", test_request_allocation_fails_reported},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_memory", tests);
}
