#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_require(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "not so: %s\n", what);
    abort();
}

void fuzz_require_failure(enum mqc_error error, const struct mqc_error_info *info,
                          enum mqc_error either, enum mqc_error other)
{
    if (error != either && error != other)
        (void)fprintf(stderr, "%s: %s\n", mqc_error_name(error), info->text);
    fuzz_require(error == either || error == other, "a failure has the code that it should have");
    fuzz_require(info->code == error && info->text[0] != '\0', "a failure has words");
}

unsigned fuzz_byte(struct fuzz_source *source)
{
    if (source->left == 0)
        return 0;
    source->left--;
    return *source->at++;
}

unsigned fuzz_two_bytes(struct fuzz_source *source)
{
    const unsigned high = fuzz_byte(source);
    return high << 8 | fuzz_byte(source);
}

struct mqc_view fuzz_rest(const struct fuzz_source *source)
{
    return source->left > 0 ? mqc_view_bytes(source->at, source->left) : mqc_view_text(NULL);
}

char *fuzz_text(const struct fuzz_source *source)
{
    char *text = calloc(1, source->left + 1);
    fuzz_require(text != NULL, "there is memory");
    if (source->left > 0)
        memcpy(text, source->at, source->left);
    return text;
}
