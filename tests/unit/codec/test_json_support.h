#ifndef TESTS_UNIT_CODEC_TEST_JSON_SUPPORT_H
#define TESTS_UNIT_CODEC_TEST_JSON_SUPPORT_H

#include "codec/json.h"
#include "support/suite.h"

/* What a JSON text was read as. */
struct json_result {
    enum mqc_error error;
    struct mqc_error_info info;
    struct mqc__arena arena;
    struct mqc__buffer text; /* the value written again, with a NUL */
};

/* Reads a tagged value with an arena of limit_bytes and writes it again. The caller frees the
 * result with json_result_fini(). */
void json_result_init(struct json_result *result, struct mqc_view json, size_t limit_bytes);
void json_result_fini(struct json_result *result);

/* Checks that a tagged value is read and written as `written`. */
void check_reads(const char *json, const char *written, const char *file, unsigned line);

/* Checks that reading a tagged value fails with the error. */
void check_refuses(struct mqc_view json, enum mqc_error error, const char *file, unsigned line);

#define CHECK_READS(json, written) check_reads(json, written, __FILE__, __LINE__)
#define CHECK_REFUSES(json, error) check_refuses(mqc_view_text(json), error, __FILE__, __LINE__)
#define CHECK_REFUSES_VIEW(json, error) check_refuses(json, error, __FILE__, __LINE__)

/* Makes `count` times `open`, then `inner`, then as many `close`; the caller frees the text. */
char *json_nested(const char *open, const char *inner, const char *close, size_t count);

#endif
