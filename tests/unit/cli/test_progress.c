#include "cli/progress.h"

#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Standard error goes to a file while a test looks at what is drawn. */
struct capture {
    FILE *file;
    int saved_fd;
};

static bool capture_begin(struct capture *capture)
{
    capture->file = tmpfile();
    capture->saved_fd = dup(STDERR_FILENO);
    return capture->file != NULL && capture->saved_fd >= 0 &&
           dup2(fileno(capture->file), STDERR_FILENO) >= 0;
}

static void capture_end(struct capture *capture, char *text_out, size_t size)
{
    (void)fflush(stderr);
    (void)dup2(capture->saved_fd, STDERR_FILENO);
    (void)close(capture->saved_fd);
    rewind(capture->file);
    text_out[fread(text_out, 1, size - 1, capture->file)] = '\0';
    (void)fclose(capture->file);
}

static void test_progress_redraws_at_most_four_times_a_second(void)
{
    struct mqc__progress progress;
    struct capture capture;
    char text[2000];
    int drawn = 0;
    REQUIRE(capture_begin(&capture));
    mqc__progress_start(&progress, 1000);
    for (int64_t now_ms = 1000; now_ms <= 2000; now_ms++)
        mqc__progress_update(&progress, (uint64_t)(now_ms - 1000), 0, now_ms);
    capture_end(&capture, text, sizeof text);
    for (const char *at = text; (at = strchr(at, '\r')) != NULL; at++)
        drawn++;
    CHECK_INT(drawn, 4);
    CHECK_CONTAINS(text, "250 events, 1000/s, 0 refused");
    CHECK_CONTAINS(text, "1000 events, 1000/s, 0 refused");
}

static void test_progress_that_is_off_draws_nothing(void)
{
    struct mqc__progress progress = {.is_on = false};
    struct capture capture;
    char text[200];
    REQUIRE(capture_begin(&capture));
    mqc__progress_update(&progress, 1, 1, 100000);
    mqc__progress_hide(&progress);
    mqc__progress_finish(&progress, 1, 1, 200000);
    capture_end(&capture, text, sizeof text);
    CHECK_TEXT(text, "");
}

static void test_progress_hidden_and_finished_leaves_whole_lines(void)
{
    struct mqc__progress progress;
    struct capture capture;
    char text[400];
    REQUIRE(capture_begin(&capture));
    mqc__progress_start(&progress, 0);
    mqc__progress_update(&progress, 10, 1, 500);
    mqc__progress_hide(&progress);
    mqc__progress_hide(&progress);
    (void)fputs("a report\n", stderr);
    mqc__progress_finish(&progress, 40, 2, 2000);
    capture_end(&capture, text, sizeof text);
    CHECK_TEXT(text, "\r\033[K10 events, 20/s, 1 refused\r\033[Ka report\n"
                     "\r\033[K40 events, 20/s, 2 refused\n");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"redraw", test_progress_redraws_at_most_four_times_a_second},
        {"off", test_progress_that_is_off_draws_nothing},
        {"hide and finish", test_progress_hidden_and_finished_leaves_whole_lines},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cli.progress", tests);
}
