#ifndef MQC_BASE_FAIL_H
#define MQC_BASE_FAIL_H

#include "base/error.h"

/* Fills *info (which may be NULL) with the code and the formatted text, and returns the code. */
enum mqc_error mqc__fail(struct mqc_error_info *info, enum mqc_error code, const char *format, ...)
    MQC_PRINTF(3, 4);

/* Sets the place of *info (which may be NULL); text that does not fit is cut. */
void mqc__fail_place(struct mqc_error_info *info, const char *format, ...) MQC_PRINTF(2, 3);

#endif
