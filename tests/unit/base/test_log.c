#include "base/log.h"
#include "support/suite.h"

#include <pthread.h>

#define THREADS 4
#define LINES_EACH 2000

/* What a sink was given. `is_inside` is not guarded on purpose: the log promises one call at a
 * time. */
struct lines {
    unsigned count;
    unsigned overlaps;
    bool is_inside;
    enum mqc_log_level level;
    char last[2048];
};

static void take_line(void *context, enum mqc_log_level level, const char *text)
{
    struct lines *lines = context;
    if (lines->is_inside)
        lines->overlaps++;
    lines->is_inside = true;
    lines->count++;
    lines->level = level;
    (void)snprintf(lines->last, sizeof lines->last, "%s", text);
    lines->is_inside = false;
}

static void test_log_without_sink_is_silent(void)
{
    struct lines lines = {0};
    mqc__log(MQC_LOG_ERROR, "nobody reads %s", "this");
    mqc_log_set(take_line, &lines, MQC_LOG_DEBUG);
    mqc_log_set(NULL, NULL, MQC_LOG_DEBUG);
    mqc__log(MQC_LOG_ERROR, "nor %s", "this");
    CHECK_UNSIGNED(lines.count, 0);
}

static void test_log_passes_the_level_and_graver_ones(void)
{
    for (int wanted = MQC_LOG_ERROR; wanted <= MQC_LOG_DEBUG; wanted++) {
        for (int level = MQC_LOG_ERROR; level <= MQC_LOG_DEBUG; level++) {
            struct lines lines = {0};
            mqc_log_set(take_line, &lines, (enum mqc_log_level)wanted);
            mqc__log((enum mqc_log_level)level, "%s %d", "line", level);
            CHECK_UNSIGNED(lines.count, level <= wanted ? 1 : 0);
            if (lines.count != 0)
                CHECK_INT(lines.level, level);
        }
    }
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
}

static void test_log_formats_and_cuts_lines(void)
{
    static char large[4000];
    memset(large, 'x', sizeof large - 1);
    struct lines lines = {0};
    mqc_log_set(take_line, &lines, MQC_LOG_INFO);
    mqc__log(MQC_LOG_INFO, "%s: %d%%", "done", 100);
    CHECK_TEXT(lines.last, "done: 100%");
    mqc__log(MQC_LOG_INFO, "subscribed to %s", "/x\n2026 error\x1b[0m\x7f");
    CHECK_TEXT(lines.last, "subscribed to /x?2026 error?[0m?");
    mqc__log(MQC_LOG_INFO, "%s", large);
    CHECK(strlen(lines.last) >= 500);
    CHECK(strlen(lines.last) < sizeof large - 1);
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
}

static void test_log_set_replaces_the_sink(void)
{
    struct lines first = {0};
    struct lines second = {0};
    mqc_log_set(take_line, &first, MQC_LOG_INFO);
    mqc__log(MQC_LOG_INFO, "one");
    mqc_log_set(take_line, &second, MQC_LOG_INFO);
    mqc__log(MQC_LOG_INFO, "two");
    CHECK_TEXT(first.last, "one");
    CHECK_TEXT(second.last, "two");
    CHECK_UNSIGNED(first.count, 1);
    CHECK_UNSIGNED(second.count, 1);
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
}

static void *write_lines(void *unused)
{
    for (int i = 0; i < LINES_EACH; i++)
        mqc__log(MQC_LOG_INFO, "line %d", i);
    return unused;
}

static void test_log_from_many_threads_calls_the_sink_one_at_a_time(void)
{
    struct lines lines = {0};
    pthread_t threads[THREADS];
    mqc_log_set(take_line, &lines, MQC_LOG_INFO);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, write_lines, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
    CHECK_UNSIGNED(lines.count, THREADS * LINES_EACH);
    CHECK_UNSIGNED(lines.overlaps, 0);
}

static void test_log_level_names_are_words(void)
{
    CHECK_TEXT(mqc_log_level_name(MQC_LOG_ERROR), "error");
    CHECK_TEXT(mqc_log_level_name(MQC_LOG_WARNING), "warning");
    CHECK_TEXT(mqc_log_level_name(MQC_LOG_INFO), "info");
    CHECK_TEXT(mqc_log_level_name(MQC_LOG_DEBUG), "debug");
    CHECK_TEXT(mqc_log_level_name((enum mqc_log_level)17), "unknown");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"without_sink_is_silent", test_log_without_sink_is_silent},
        {"passes_the_level_and_graver_ones", test_log_passes_the_level_and_graver_ones},
        {"formats_and_cuts_lines", test_log_formats_and_cuts_lines},
        {"set_replaces_the_sink", test_log_set_replaces_the_sink},
        {"from_many_threads_calls_the_sink_one_at_a_time",
         test_log_from_many_threads_calls_the_sink_one_at_a_time},
        {"level_names_are_words", test_log_level_names_are_words},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.log", tests);
}
