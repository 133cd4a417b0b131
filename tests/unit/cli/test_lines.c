#include "cli/lines.h"

#include "support/suite.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define LIMIT 8

/* What came out of the reader, as text: "[line]" for a line, "!" for one that is too long. */
struct outcome {
    char text[400];
    size_t size;
    uint64_t last_number;
};

static void note(struct outcome *outcome, const char *data, size_t size)
{
    if (size > sizeof outcome->text - 1 - outcome->size)
        size = sizeof outcome->text - 1 - outcome->size;
    memcpy(outcome->text + outcome->size, data, size);
    outcome->size += size;
    outcome->text[outcome->size] = '\0';
}

/* Takes all that is there; true at the end of input. */
static bool take_all(struct mqc__lines *lines, struct outcome *outcome)
{
    for (;;) {
        struct mqc_view line;
        switch (mqc__lines_next(lines, &line)) {
        case MQC__LINES_LINE:
            note(outcome, "[", 1);
            note(outcome, line.data, line.size);
            note(outcome, "]", 1);
            break;
        case MQC__LINES_TOO_LONG: note(outcome, "!", 1); break;
        case MQC__LINES_MORE: return false;
        case MQC__LINES_END: return true;
        }
        outcome->last_number = lines->number;
    }
}

/* Feeds the text in two pieces through a pipe, cut at `cut`. */
static void feed(const char *text, size_t cut, struct outcome *outcome)
{
    struct mqc__lines lines;
    int ends[2];
    const size_t size = strlen(text);
    *outcome = (struct outcome){.size = 0};
    REQUIRE(pipe(ends) == 0);
    mqc__lines_init(&lines, LIMIT);
    CHECK(write(ends[1], text, cut) == (ssize_t)cut);
    if (cut != 0)
        CHECK(mqc__lines_read(&lines, ends[0]) == MQC_OK);
    CHECK(!take_all(&lines, outcome));
    CHECK(write(ends[1], text + cut, size - cut) == (ssize_t)(size - cut));
    CHECK(close(ends[1]) == 0);
    for (size_t i = 0; !take_all(&lines, outcome); i++) {
        REQUIRE(i < 10);
        CHECK(mqc__lines_read(&lines, ends[0]) == MQC_OK);
    }
    CHECK(close(ends[0]) == 0);
    mqc__lines_fini(&lines);
}

static const struct {
    const char *text;
    const char *expected;
    uint64_t count;
} cases[] = {
    {"", "", 0},
    {"a", "[a]", 1},
    {"a\n", "[a]", 1},
    {"a\nb", "[a][b]", 2},
    {"\n\n", "[][]", 2},
    {"a\r\nb\r\n", "[a][b]", 2},
    {"a\rb\n", "[a\rb]", 1},
    {"12345678\nx\n", "[12345678][x]", 2},
    {"12345678\r\nx\n", "[12345678][x]", 2},
    {"12345678", "[12345678]", 1},
    {"123456789\nx\n", "![x]", 2},
    {"123456789", "!", 1},
    {"123456789\n", "!", 1},
    {"1234567890123456789012345678901234567890\nx\n\n", "![x][]", 3},
    {"x\n1234567890123456789012345678901234567890", "[x]!", 2},
    {"123456789\n123456789\n", "!!", 2},
};

static void test_lines_cut_anywhere_are_the_same(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t cut = 0; cut <= strlen(cases[i].text); cut++) {
            struct outcome outcome;
            feed(cases[i].text, cut, &outcome);
            CHECK_TEXT(outcome.text, cases[i].expected);
            CHECK_UNSIGNED(outcome.last_number, cases[i].count);
        }
    }
}

/* What is left to hand out, a last line without its end too, and an end not seen yet count. */
static void test_lines_are_done_after_the_last_line_at_the_end(void)
{
    struct mqc__lines lines;
    struct mqc_view line;
    int ends[2];
    REQUIRE(pipe(ends) == 0 && write(ends[1], "a\nb", 3) == 3);
    mqc__lines_init(&lines, LIMIT);
    CHECK(mqc__lines_read(&lines, ends[0]) == MQC_OK);
    CHECK(mqc__lines_next(&lines, &line) == MQC__LINES_LINE);
    CHECK(mqc__lines_next(&lines, &line) == MQC__LINES_MORE);
    CHECK(!mqc__lines_is_done(&lines));
    CHECK(close(ends[1]) == 0 && mqc__lines_read(&lines, ends[0]) == MQC_OK);
    CHECK(!mqc__lines_is_done(&lines));
    CHECK(mqc__lines_next(&lines, &line) == MQC__LINES_LINE);
    CHECK(mqc__lines_is_done(&lines));
    mqc__lines_fini(&lines);
    CHECK(close(ends[0]) == 0);
}

static bool has_input(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

static void test_lines_memory_stays_within_bounds(void)
{
    enum { CHUNK_COUNT = 200, CHUNK_BYTES = 60000 };
    struct mqc__lines lines;
    struct outcome outcome = {.size = 0};
    int ends[2];
    char *chunk = calloc(1, CHUNK_BYTES);
    REQUIRE(chunk != NULL && pipe(ends) == 0);
    mqc__lines_init(&lines, 100000);
    for (int i = 0; i < CHUNK_COUNT; i++) {
        REQUIRE(write(ends[1], chunk, CHUNK_BYTES) == CHUNK_BYTES);
        while (has_input(ends[0])) {
            CHECK(mqc__lines_read(&lines, ends[0]) == MQC_OK);
            CHECK(!take_all(&lines, &outcome));
            CHECK(lines.capacity <= 2 * (100000 + 2) + 65536);
        }
    }
    CHECK_TEXT(outcome.text, "!");
    mqc__lines_fini(&lines);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    free(chunk);
}

static void test_lines_read_of_a_bad_descriptor_fails(void)
{
    struct mqc__lines lines;
    mqc__lines_init(&lines, LIMIT);
    CHECK(mqc__lines_read(&lines, -1) == MQC_EIO);
    mqc__lines_fini(&lines);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"cut anywhere", test_lines_cut_anywhere_are_the_same},
        {"done at the end", test_lines_are_done_after_the_last_line_at_the_end},
        {"bounded memory", test_lines_memory_stays_within_bounds},
        {"bad descriptor", test_lines_read_of_a_bad_descriptor_fails},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cli.lines", tests);
}
