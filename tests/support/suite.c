#include "support/suite.h"

#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_skipped;
static unsigned skipped_count;

static void report(const char *text, const char *file, unsigned line, bool is_fatal)
{
    (void)CU_assertImplementation(CU_FALSE, line, text, file, "", is_fatal ? CU_TRUE : CU_FALSE);
}

static void before_test(const CU_pTest test, const CU_pSuite suite)
{
    (void)suite;
    (void)test;
    is_skipped = false;
}

static void after_test(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    (void)suite;
    (void)failure;
    if (is_skipped)
        skipped_count++;
    if (getenv("MQC_TEST_VERBOSE") != NULL)
        (void)printf("  %s%s\n", test->pName, is_skipped ? " (skipped)" : "");
}

int suite_run(const char *name, CU_TestInfo tests[])
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    CU_SuiteInfo suites[] = {{name, NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        (void)fprintf(stderr, "suite %s: %s\n", name, CU_get_error_msg());
        return EXIT_FAILURE;
    }
    CU_set_test_start_handler(before_test);
    CU_set_test_complete_handler(after_test);
    const bool has_run = CU_run_all_tests() == CUE_SUCCESS;
    const unsigned run = CU_get_number_of_tests_run();
    const unsigned failed = CU_get_number_of_tests_failed();
    for (CU_pFailureRecord f = CU_get_failure_list(); f != NULL; f = f->pNext)
        (void)printf("%s:%u: %s: %s\n", f->strFileName, f->uiLineNumber,
                     f->pTest != NULL ? f->pTest->pName : name, f->strCondition);
    (void)printf("suite %s: %u passed, %u failed, %u skipped\n", name, run - failed - skipped_count,
                 failed, skipped_count);
    CU_cleanup_registry();
    return has_run && run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void suite_skip(const char *reason)
{
    is_skipped = true;
    (void)printf("skipped: %s\n", reason);
}

static bool check_with(bool is_true, const char *description, const char *file, unsigned line,
                       bool is_fatal)
{
    if (!is_true)
        report(description, file, line, is_fatal);
    return is_true;
}

bool check_true(bool is_true, const char *text, const char *file, unsigned line, bool is_fatal)
{
    return check_with(is_true, text, file, line, is_fatal);
}

bool check_int(long long got, long long expected, const char *text, const char *file, unsigned line)
{
    char description[512];
    (void)snprintf(description, sizeof description, "%s is %lld, expected %lld", text, got,
                   expected);
    return check_with(got == expected, description, file, line, false);
}

bool check_unsigned(unsigned long long got, unsigned long long expected, const char *text,
                    const char *file, unsigned line)
{
    char description[512];
    (void)snprintf(description, sizeof description, "%s is %llu, expected %llu", text, got,
                   expected);
    return check_with(got == expected, description, file, line, false);
}

bool check_text(const char *got, const char *expected, const char *text, const char *file,
                unsigned line)
{
    if (got == NULL)
        return check_with(expected == NULL, "text is NULL", file, line, false);
    return check_view(mqc_view_text(got), mqc_view_text(expected), text, file, line);
}

bool check_view(struct mqc_view got, struct mqc_view expected, const char *text, const char *file,
                unsigned line)
{
    char description[2048];
    (void)snprintf(description, sizeof description,
                   "%s is \"%.*s\" (%zu bytes), expected \"%.*s\" (%zu bytes)", text,
                   (int)(got.size < 800 ? got.size : 800), got.size != 0 ? got.data : "", got.size,
                   (int)(expected.size < 800 ? expected.size : 800),
                   expected.size != 0 ? expected.data : "", expected.size);
    return check_with(mqc_view_equal(got, expected), description, file, line, false);
}

bool check_contains(const char *got, const char *part, const char *text, const char *file,
                    unsigned line)
{
    char description[2048];
    (void)snprintf(description, sizeof description,
                   "%s is \"%.900s\", expected it to contain \"%.400s\"", text,
                   got != NULL ? got : "(null)", part);
    return check_with(got != NULL && strstr(got, part) != NULL, description, file, line, false);
}

uint64_t test_random_next(struct test_random *random)
{
    /* splitmix64 */
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t test_random_below(struct test_random *random, uint64_t below)
{
    return below != 0 ? test_random_next(random) % below : 0;
}

bool test_read_file(const char *path, char **text_out, size_t *size_out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t size = 0;
    size_t capacity = 1 << 16;
    char *text = malloc(capacity);
    while (text != NULL) {
        size += fread(text + size, 1, capacity - size - 1, file);
        if (size + 1 < capacity)
            break;
        capacity *= 2;
        char *larger = realloc(text, capacity);
        if (larger == NULL)
            free(text);
        text = larger;
    }
    (void)fclose(file);
    if (text == NULL)
        return false;
    text[size] = '\0';
    *text_out = text;
    if (size_out != NULL)
        *size_out = size;
    return true;
}
