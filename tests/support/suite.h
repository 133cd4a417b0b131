#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include "base/view.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * CUnit with assertions that print both values, and an exit status that follows the failures.
 * A failed CHECK does not end its test; a failed REQUIRE does.
 */

/* Runs the tests (the last entry is CU_TEST_INFO_NULL) as one suite, prints each failure and a
 * closing line "suite NAME: N passed, N failed, N skipped", and returns main's exit status. */
int suite_run(const char *name, CU_TestInfo tests[]);

/* Marks the running test as skipped, with the reason; it then counts as skipped, not as passed. */
void suite_skip(const char *reason);

bool check_true(bool is_true, const char *text, const char *file, unsigned line, bool is_fatal);
bool check_int(long long got, long long expected, const char *text, const char *file,
               unsigned line);
bool check_unsigned(unsigned long long got, unsigned long long expected, const char *text,
                    const char *file, unsigned line);
bool check_text(const char *got, const char *expected, const char *text, const char *file,
                unsigned line);
bool check_view(struct mqc_view got, struct mqc_view expected, const char *text, const char *file,
                unsigned line);
bool check_contains(const char *got, const char *part, const char *text, const char *file,
                    unsigned line);

#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__, false)
#define REQUIRE(condition) (void)check_true((condition), #condition, __FILE__, __LINE__, true)
#define CHECK_INT(got, expected)                                                                   \
    check_int((long long)(got), (long long)(expected), #got, __FILE__, __LINE__)
#define CHECK_UNSIGNED(got, expected)                                                              \
    check_unsigned((unsigned long long)(got), (unsigned long long)(expected), #got, __FILE__,      \
                   __LINE__)
#define CHECK_TEXT(got, expected) check_text((got), (expected), #got, __FILE__, __LINE__)
#define CHECK_VIEW(got, expected) check_view((got), (expected), #got, __FILE__, __LINE__)
/* The view holds exactly the text. */
#define CHECK_VIEW_TEXT(got, expected)                                                             \
    check_view((got), mqc_view_text(expected), #got, __FILE__, __LINE__)
#define CHECK_CONTAINS(got, part) check_contains((got), (part), #got, __FILE__, __LINE__)

/* A small repeatable random generator for property tests. */
struct test_random {
    uint64_t state;
};
uint64_t test_random_next(struct test_random *random);
/* 0 .. below-1 */
uint64_t test_random_below(struct test_random *random, uint64_t below);

/* Reads a whole file; the caller frees *text_out. false when it cannot be read. */
bool test_read_file(const char *path, char **text_out, size_t *size_out);

#endif
