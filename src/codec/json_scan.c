#include "base/fail.h"
#include "codec/json_priv.h"
#include "value/text.h"

#include <limits.h>
#include <stdio.h>

/* What json-c takes for an array and for any other value, at most, its place in an array
 * included; the bytes of strings and numbers come on top. */
#define ARRAY_HEAP_BYTES 192
#define SCALAR_HEAP_BYTES 112

/* What the token before was, as far as it decides what may follow. */
enum previous {
    AT_START,    /* nothing: one value must follow */
    AFTER_OPEN,  /* [ or {: a value, a name or the closing bracket */
    AFTER_COMMA, /* a value or a name */
    AFTER_NAME,  /* a name and its colon: a value */
    AFTER_VALUE, /* a value: a comma or the closing bracket */
};

struct scanner {
    struct mqc_view json;
    size_t at;
    enum previous previous;
    unsigned depth;
    bool is_object[MQC__JSON_LEVELS + 1]; /* by depth */
    size_t heap_bytes;                    /* what json-c will take */
    size_t heap_limit;
    struct mqc__json_scan *scan;
    struct mqc_error_info *info;
};

static enum mqc_error fail(const struct scanner *s, const char *what)
{
    const enum mqc_error error = mqc__fail(s->info, MQC_EMALFORMED, "not valid JSON: %s", what);
    mqc__fail_place(s->info, "byte %zu", s->at + 1);
    return error;
}

static enum mqc_error fail_too_large(const struct scanner *s, const char *what)
{
    const enum mqc_error error = mqc__fail(s->info, MQC_ETOOLARGE, "the JSON text %s", what);
    mqc__fail_place(s->info, "byte %zu", s->at + 1);
    return error;
}

/* The byte at an offset from here; 0 behind the end, which no token goes on with. */
static unsigned char peek(const struct scanner *s, size_t offset)
{
    return s->json.size - s->at > offset ? (unsigned char)s->json.data[s->at + offset] : 0;
}

static enum mqc_error put(struct scanner *s, const char *bytes, size_t size)
{
    struct mqc__buffer *text = &s->scan->text;
    if (size > text->limit_bytes - text->size)
        return fail_too_large(s, "is too large");
    return mqc__buffer_append(text, bytes, size) ? MQC_OK
                                                 : mqc__fail(s->info, MQC_ENOMEM, "out of memory");
}

static enum mqc_error put_text(struct scanner *s, const char *text)
{
    return put(s, text, strlen(text));
}

static enum mqc_error charge(struct scanner *s, size_t bytes)
{
    if (bytes > s->heap_limit - s->heap_bytes)
        return fail_too_large(s, "has too many values");
    s->heap_bytes += bytes;
    return MQC_OK;
}

static bool is_name_expected(const struct scanner *s)
{
    return s->is_object[s->depth] && (s->previous == AFTER_OPEN || s->previous == AFTER_COMMA);
}

/* Checks that a value may stand here and separates it from the null that begins its array. */
static enum mqc_error begin_value(struct scanner *s)
{
    if (s->previous == AFTER_VALUE)
        return fail(s, s->depth == 0 ? "text after the end" : "comma expected");
    if (is_name_expected(s))
        return fail(s, "member name expected");
    const bool is_first_item = s->previous == AFTER_OPEN;
    s->previous = AFTER_VALUE;
    return is_first_item ? put_text(s, ",") : MQC_OK;
}

static enum mqc_error scan_open(struct scanner *s, bool is_object)
{
    enum mqc_error error = begin_value(s);
    if (error == MQC_OK)
        error = charge(s, ARRAY_HEAP_BYTES);
    if (error != MQC_OK)
        return error;
    if (s->depth == MQC__JSON_LEVELS)
        return fail_too_large(s, "is nested too deep");
    s->depth++;
    if (s->scan->levels < s->depth)
        s->scan->levels = s->depth;
    s->is_object[s->depth] = is_object;
    s->previous = AFTER_OPEN;
    s->at++;
    return put_text(s, is_object ? "[" : "[null");
}

static enum mqc_error scan_close(struct scanner *s, bool is_object)
{
    if (s->depth == 0 || s->is_object[s->depth] != is_object)
        return fail(s, "closing bracket without its opening one");
    if (s->previous != AFTER_OPEN && s->previous != AFTER_VALUE)
        return fail(s, "value or name expected before the closing bracket");
    s->depth--;
    s->previous = AFTER_VALUE;
    s->at++;
    return put_text(s, "]");
}

static enum mqc_error scan_comma(struct scanner *s)
{
    if (s->depth == 0 || s->previous != AFTER_VALUE)
        return fail(s, "unexpected comma");
    s->previous = AFTER_COMMA;
    s->at++;
    return put_text(s, ",");
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const unsigned char lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads \uXXXX at an offset; -1 when there is none. */
static long unicode_escape(const struct scanner *s, size_t offset)
{
    if (peek(s, offset) != '\\' || peek(s, offset + 1) != 'u')
        return -1;
    long code = 0;
    for (size_t i = 2; i < 6; i++) {
        const int digit = hex_digit(peek(s, offset + i));
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static enum mqc_error scan_unicode(struct scanner *s)
{
    const long code = unicode_escape(s, 0);
    if (code < 0)
        return fail(s, "\\u without four hexadecimal digits");
    if (code >= 0xdc00 && code <= 0xdfff)
        return fail(s, "low surrogate without a high one");
    size_t size = 6;
    if (code < 0x800) {
        s->scan->string_bytes += code < 0x80 ? 1 : 2;
    } else if (code < 0xd800 || code > 0xdbff) {
        s->scan->string_bytes += 3;
    } else {
        const long low = unicode_escape(s, size);
        if (low < 0xdc00 || low > 0xdfff)
            return fail(s, "high surrogate without a low one");
        s->scan->string_bytes += 4;
        size = 12;
    }
    const enum mqc_error error = put(s, s->json.data + s->at, size);
    s->at += size;
    return error;
}

static enum mqc_error scan_escape(struct scanner *s)
{
    const unsigned char c = peek(s, 1);
    if (c == 'u')
        return scan_unicode(s);
    if (c == '\0' || strchr("\"\\/bfnrtv", c) == NULL)
        return fail(s, "unknown escape in a string");
    s->scan->string_bytes++;
    /* Zeek writes \v; JSON has no such escape. */
    const enum mqc_error error =
        c == 'v' ? put_text(s, "\\u000b") : put(s, s->json.data + s->at, 2);
    s->at += 2;
    return error;
}

static enum mqc_error scan_control(struct scanner *s)
{
    char escape[8];
    (void)snprintf(escape, sizeof escape, "\\u%04x", peek(s, 0));
    s->scan->string_bytes++;
    s->at++;
    return put_text(s, escape);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static enum mqc_error scan_plain_run(struct scanner *s)
{
    const size_t start = s->at;
    while (s->at < s->json.size && is_plain((unsigned char)s->json.data[s->at]))
        s->at++;
    s->scan->string_bytes += s->at - start;
    return put(s, s->json.data + start, s->at - start);
}

/* Rewrites a string, from its opening quote to its closing one. */
static enum mqc_error scan_string(struct scanner *s)
{
    const size_t bytes_before = s->scan->string_bytes;
    s->at++;
    enum mqc_error error = put_text(s, "\"");
    while (error == MQC_OK) {
        if (s->at == s->json.size)
            return fail(s, "string without its closing quote");
        const unsigned char c = peek(s, 0);
        if (c == '"')
            break;
        if (c == '\\')
            error = scan_escape(s);
        else
            error = c < 0x20 ? scan_control(s) : scan_plain_run(s);
    }
    if (error == MQC_OK)
        error = charge(s, SCALAR_HEAP_BYTES + s->scan->string_bytes - bytes_before);
    if (error != MQC_OK)
        return error;
    s->at++;
    return put_text(s, "\"");
}

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->json.size && strchr(" \t\n\r", s->json.data[s->at]) != NULL &&
           s->json.data[s->at] != '\0')
        s->at++;
}

static enum mqc_error scan_name(struct scanner *s)
{
    enum mqc_error error = scan_string(s);
    if (error != MQC_OK)
        return error;
    skip_blanks(s);
    if (peek(s, 0) != ':')
        return fail(s, "colon expected after a member name");
    s->at++;
    s->previous = AFTER_NAME;
    return put_text(s, ",");
}

static enum mqc_error scan_string_or_name(struct scanner *s)
{
    if (is_name_expected(s))
        return scan_name(s);
    const enum mqc_error error = begin_value(s);
    return error == MQC_OK ? scan_string(s) : error;
}

static bool fits_64_bits(struct mqc_view integer)
{
    uint64_t count = 0;
    int64_t negative = 0;
    return mqc__count_parse(integer, &count) || mqc__integer_parse(integer, &negative);
}

static enum mqc_error scan_number(struct scanner *s)
{
    const struct mqc_view rest = mqc_view_bytes(s->json.data + s->at, s->json.size - s->at);
    const struct mqc__number_span span = mqc__number_span(rest);
    const struct mqc_view number = mqc_view_bytes(rest.data, span.size);
    if (span.size == 0)
        return fail(s, "value expected");
    enum mqc_error error = begin_value(s);
    if (error == MQC_OK)
        error = charge(s, SCALAR_HEAP_BYTES + 2 * number.size);
    if (error == MQC_OK && number.data[0] == '.')
        error = put_text(s, "0");
    if (error == MQC_OK)
        error = put(s, number.data, number.size);
    if (error == MQC_OK && span.is_integer && !fits_64_bits(number))
        error = put_text(s, ".0");
    s->at += span.size;
    return error;
}

static enum mqc_error scan_word(struct scanner *s)
{
    static const struct {
        const char *text;
        const char *rewritten;
    } words[] = {{"true", "true"}, {"false", "false"}, {"null", "null"}, {"nan", "NaN"}};
    const struct mqc_view rest = mqc_view_bytes(s->json.data + s->at, s->json.size - s->at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const struct mqc_view word = mqc_view_text(words[i].text);
        if (!mqc_view_starts_with(rest, word))
            continue;
        enum mqc_error error = begin_value(s);
        if (error == MQC_OK)
            error = charge(s, SCALAR_HEAP_BYTES);
        s->at += word.size;
        return error == MQC_OK ? put_text(s, words[i].rewritten) : error;
    }
    return scan_number(s);
}

static enum mqc_error scan_token(struct scanner *s)
{
    switch (peek(s, 0)) {
    case '{': return scan_open(s, true);
    case '[': return scan_open(s, false);
    case '}': return scan_close(s, true);
    case ']': return scan_close(s, false);
    case ',': return scan_comma(s);
    case '"': return scan_string_or_name(s);
    default: return scan_word(s);
    }
}

static enum mqc_error scan_all(struct scanner *s)
{
    for (skip_blanks(s); s->at < s->json.size; skip_blanks(s)) {
        const enum mqc_error error = scan_token(s);
        if (error != MQC_OK)
            return error;
    }
    if (s->previous == AT_START)
        return fail(s, "the text is empty");
    if (s->depth != 0)
        return fail(s, "the text ends early");
    return put(s, "", 1);
}

enum mqc_error mqc__json_scan(struct mqc_view json, size_t heap_limit,
                              struct mqc__json_scan *scan_out, struct mqc_error_info *info)
{
    struct scanner scanner = {
        .json = json,
        .heap_limit = heap_limit,
        .scan = scan_out,
        .info = info,
    };
    *scan_out = (struct mqc__json_scan){.levels = 0};
    /* json-c counts in int. */
    mqc__buffer_init(&scan_out->text, heap_limit < INT_MAX ? heap_limit : INT_MAX);
    const enum mqc_error error = scan_all(&scanner);
    if (error != MQC_OK)
        mqc__buffer_fini(&scan_out->text);
    return error;
}
