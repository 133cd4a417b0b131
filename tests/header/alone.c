#include <mqcluster.h>

#include "header/alone.h"

const char *version_in_c(void)
{
    return mqc_version();
}
