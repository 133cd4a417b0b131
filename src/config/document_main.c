#include "config/document.h"

#include <stdio.h>
#include <stdlib.h>

/* Prints what is generated from the table of options: the annotated sample or the manual page. */
int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    const bool is_sample = strcmp(what, "sample") == 0;
    if (!is_sample && strcmp(what, "man") != 0) {
        (void)fputs("usage: mqc_config_document sample|man\n", stderr);
        return 2;
    }
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, (size_t)1 << 20);
    const bool is_written =
        is_sample ? mqc__config_write_sample(&buffer) : mqc__config_write_reference(&buffer);
    const struct mqc_view text = mqc__buffer_view(&buffer);
    const bool is_done =
        is_written && fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    mqc__buffer_fini(&buffer);
    if (!is_done)
        (void)fputs("mqc_config_document: cannot write\n", stderr);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
