/* The text forms of values and types: what is read and written again reads as the same. The first
 * byte of an input chooses the form. */
#include "fuzz.h"
#include "value/signature.h"
#include "value/text.h"

#include <stdlib.h>

#define LIMIT_BYTES ((size_t)1 << 20)
#define FORMAT_BYTES ((size_t)1 << 16)

static void check_type(struct mqc_view text)
{
    struct mqc__arena arena;
    struct mqc__type_spec spec;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, LIMIT_BYTES);
    const enum mqc_error error = mqc__type_parse(&arena, text, &spec, &info);
    if (error == MQC_OK) {
        char *written = calloc(2, FORMAT_BYTES);
        fuzz_require(written != NULL, "there is memory");
        char *again = written + FORMAT_BYTES;
        mqc__type_format(&spec, written, FORMAT_BYTES);
        fuzz_require(mqc__type_parse(&arena, mqc_view_text(written), &spec, &info) == MQC_OK,
                     written);
        mqc__type_format(&spec, again, FORMAT_BYTES);
        fuzz_require(strcmp(written, again) == 0, written);
        free(written);
    } else {
        fuzz_require_failure(error, &info, MQC_EINVAL, MQC_ETOOLARGE);
    }
    mqc__arena_fini(&arena);
}

static void check_signature(struct mqc_view text)
{
    struct mqc__arena arena;
    struct mqc__signature signature;
    struct mqc__signature copy;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_init(&arena, LIMIT_BYTES);
    const enum mqc_error error =
        mqc__signature_parse(&arena, mqc_view_text("e"), text, &signature, &info);
    if (error != MQC_OK)
        fuzz_require_failure(error, &info, MQC_EINVAL, MQC_ETOOLARGE);
    else if (mqc__signature_copy(&arena, &signature, &copy) == MQC_OK)
        fuzz_require(mqc__signature_equal(&signature, &copy), "a copy is equal");
    mqc__arena_fini(&arena);
}

/* Writes a scalar in its text form; false: it has none of its own. */
static bool write_scalar(const struct mqc_value *value, char text_out[MQC__TEXT_BYTES])
{
    switch (value->type) {
    case MQC_TYPE_ADDRESS: (void)mqc__address_format(&value->as.address, text_out); return true;
    case MQC_TYPE_SUBNET: (void)mqc__subnet_format(&value->as.subnet, text_out); return true;
    case MQC_TYPE_PORT: (void)mqc__port_format(&value->as.port, text_out); return true;
    case MQC_TYPE_TIMESTAMP: (void)mqc__timestamp_format(value->as.ns, text_out); return true;
    case MQC_TYPE_TIMESPAN: (void)mqc__timespan_format(value->as.ns, text_out); return true;
    case MQC_TYPE_REAL: (void)mqc__real_format(value->as.real, text_out); return true;
    default: return false;
    }
}

static void check_scalar(enum mqc_type type, struct mqc_view text)
{
    char written[MQC__TEXT_BYTES];
    char again[MQC__TEXT_BYTES];
    struct mqc_value value;
    if (!mqc__scalar_parse(type, text, &value) || !write_scalar(&value, written))
        return;
    fuzz_require(value.type == type, "a value has the type that was asked for");
    fuzz_require(strlen(written) < sizeof written, "the text fits");
    fuzz_require(mqc__scalar_parse(type, mqc_view_text(written), &value), written);
    (void)write_scalar(&value, again);
    fuzz_require(strcmp(written, again) == 0, written);
}

static void check_number(struct mqc_view text)
{
    double real = 0;
    int64_t ns = 0;
    const struct mqc__number_span span = mqc__number_span(text);
    fuzz_require(span.size <= text.size, "a number ends within its text");
    if (span.size > 0 && span.size <= MQC__REAL_TEXT_BYTES)
        fuzz_require(mqc__real_parse(mqc_view_bytes(text.data, span.size), &real),
                     "a number is a real");
    (void)mqc__seconds_parse(text, &ns);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fuzz_source source = {.at = data, .left = size};
    const unsigned form = fuzz_byte(&source) % 32;
    if (form == 0)
        check_type(fuzz_rest(&source));
    else if (form == 1)
        check_signature(fuzz_rest(&source));
    else if (form == 2)
        check_number(fuzz_rest(&source));
    else
        check_scalar((enum mqc_type)((form - 3) % (MQC_TYPE_VECTOR + 1)), fuzz_rest(&source));
    return 0;
}
