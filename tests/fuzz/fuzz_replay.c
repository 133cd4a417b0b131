/* In the place of libFuzzer: gives a target the files that it is called with, and those in folders.
 * The seeds stay a test of every build that way, also without clang. */
#include "fuzz.h"
#include "support/suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static unsigned file_count;

static int replay(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)walk;
    if (kind != FTW_F)
        return 0;
    char *text = NULL;
    size_t size = 0;
    fuzz_require(test_read_file(path, &text, &size), path);
    /* In memory of its own that ends where the input ends, so that reading on is noticed. */
    unsigned char *data = malloc(size > 0 ? size : 1);
    fuzz_require(data != NULL, "there is memory");
    memcpy(data, text, size);
    free(text);
    (void)printf("%s\n", path);
    (void)fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    file_count++;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        fuzz_require(nftw(argv[i], replay, 8, FTW_PHYS) == 0, argv[i]);
    (void)printf("%u inputs\n", file_count);
    return file_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
