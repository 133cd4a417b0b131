#include "config/path.h"

#include "base/fail.h"

#include <stdbool.h>
#include <stdio.h>

enum mqc_error mqc__path_resolve(const char *directory, const char *name, char path_out[PATH_MAX],
                                 struct mqc_error_info *info)
{
    const bool is_whole = name[0] == '/' || directory == NULL;
    const int length = snprintf(path_out, PATH_MAX, "%s%s", is_whole ? "" : directory, name);
    if (length < 0 || length >= PATH_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the file's name is too long");
    return MQC_OK;
}
