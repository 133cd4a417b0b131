/* What is on its way to clients, and the lines that it waits in. */
#include "ws/outgoing.h"

#include "base/thread.h"
#include "support/suite.h"

#include <stdlib.h>

static void test_outgoing_is_a_frame_or_the_bytes(void)
{
    struct mqc__ws_outgoing *event = mqc__ws_outgoing_text(mqc_view_text("hi"));
    struct mqc__ws_outgoing *answer = mqc__ws_outgoing_answer(mqc_view_text(""));
    struct mqc__ws_outgoing *bytes = mqc__ws_outgoing_bytes(mqc_view_text("HTTP"));
    CHECK_VIEW(mqc__ws_outgoing_view(event), mqc_view_text("\x81\x02hi"));
    CHECK_VIEW(mqc__ws_outgoing_view(answer), mqc_view_bytes("\x81\0", 2));
    CHECK_VIEW(mqc__ws_outgoing_view(bytes), mqc_view_text("HTTP"));
    CHECK(!mqc__ws_outgoing_is_answer(event));
    CHECK(mqc__ws_outgoing_is_answer(answer) && mqc__ws_outgoing_is_answer(bytes));
    mqc__ws_outgoing_unref(event);
    mqc__ws_outgoing_unref(answer);
    mqc__ws_outgoing_unref(bytes);
    mqc__ws_outgoing_unref(NULL);
}

#define REFERENCES ((size_t)20000)

static void *unref_all(void *context)
{
    for (size_t i = 0; i < REFERENCES; i++)
        mqc__ws_outgoing_unref(context);
    return NULL;
}

/* A sanitizer sees it freed too early, twice or never. */
static void test_outgoing_goes_with_its_last_reference_of_any_thread(void)
{
    pthread_t threads[3];
    struct mqc__ws_outgoing *outgoing = mqc__ws_outgoing_bytes(mqc_view_text("x"));
    for (size_t i = 0; i < REFERENCES * 3; i++)
        CHECK(mqc__ws_outgoing_ref(outgoing) == outgoing);
    for (size_t i = 0; i < 3; i++)
        REQUIRE(mqc__thread_start(&threads[i], unref_all, outgoing) == MQC_OK);
    mqc__ws_outgoing_unref(outgoing);
    for (size_t i = 0; i < 3; i++)
        (void)pthread_join(threads[i], NULL);
}

static struct mqc__ws_outgoing *numbered(size_t number)
{
    return mqc__ws_outgoing_bytes(mqc_view_bytes(&number, sizeof number));
}

static size_t number_of(const struct mqc__ws_outgoing *outgoing)
{
    size_t number = 0;
    memcpy(&number, mqc__ws_outgoing_view(outgoing).data, sizeof number);
    return number;
}

/* Any mixture of putting in and taking out, around the end of the memory and over its growth. */
static void test_line_keeps_its_order(void)
{
    struct test_random random = {.state = 1};
    struct mqc__ws_line line = {0};
    size_t in = 0;
    size_t out = 0;
    for (size_t i = 0; i < 20000; i++) {
        if (test_random_below(&random, 100) < (i < 10000 ? 60 : 45)) {
            REQUIRE(mqc__ws_line_append(&line, numbered(in++)));
        } else if (in == out) {
            CHECK(mqc__ws_line_take(&line) == NULL);
        } else {
            CHECK_UNSIGNED(number_of(mqc__ws_line_at(&line, in - out - 1)), in - 1);
            struct mqc__ws_outgoing *taken = mqc__ws_line_take(&line);
            CHECK_UNSIGNED(number_of(taken), out++);
            mqc__ws_outgoing_unref(taken);
        }
        CHECK_UNSIGNED(line.count, in - out);
    }
    mqc__ws_line_clear(&line);
    CHECK_UNSIGNED(line.count, 0);
    CHECK(line.items == NULL && mqc__ws_line_take(&line) == NULL);
    mqc__ws_line_clear(&line);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"outgoing_is_a_frame_or_the_bytes", test_outgoing_is_a_frame_or_the_bytes},
        {"outgoing_goes_with_its_last_reference_of_any_thread",
         test_outgoing_goes_with_its_last_reference_of_any_thread},
        {"line_keeps_its_order", test_line_keeps_its_order},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.outgoing", tests);
}
