#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

/* What the fuzz targets share. Each is one source with LLVMFuzzerTestOneInput, which libFuzzer
 * calls with bytes that it makes up; fuzz_replay.c calls it with files. */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Ends the program with the words when what must always be so is not. */
void fuzz_require(bool is_so, const char *what);

/* A failure is one of the two codes and has words for it. */
void fuzz_require_failure(enum mqc_error error, const struct mqc_error_info *info,
                          enum mqc_error either, enum mqc_error other);

/* An input, read from the front; zeros when it is used up. */
struct fuzz_source {
    const unsigned char *at;
    size_t left;
};

unsigned fuzz_byte(struct fuzz_source *source);

/* Two bytes, the high one first. */
unsigned fuzz_two_bytes(struct fuzz_source *source);

/* What is left of the input; nothing has no pointer either. */
struct mqc_view fuzz_rest(const struct fuzz_source *source);

/* What is left of the input as text, cut at the first NUL; the caller frees it. */
char *fuzz_text(const struct fuzz_source *source);

#endif
