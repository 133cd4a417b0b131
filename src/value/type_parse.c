#include "value/signature.h"

#include "base/fail.h"

#include <ctype.h>

/* A recursive-descent parser for Zeek's type syntax. */
struct parser {
    struct mqc__arena *arena;
    struct mqc_view text;
    size_t position;
    unsigned depth;
    struct mqc_error_info *info;
};

static const struct {
    const char *name;
    enum mqc_type type;
} scalar_names[] = {
    {"bool", MQC_TYPE_BOOLEAN},      {"count", MQC_TYPE_COUNT},   {"int", MQC_TYPE_INTEGER},
    {"double", MQC_TYPE_REAL},       {"string", MQC_TYPE_STRING}, {"addr", MQC_TYPE_ADDRESS},
    {"subnet", MQC_TYPE_SUBNET},     {"port", MQC_TYPE_PORT},     {"time", MQC_TYPE_TIMESTAMP},
    {"interval", MQC_TYPE_TIMESPAN}, {"enum", MQC_TYPE_ENUM},     {"file", MQC_TYPE_STRING},
};

static enum mqc_error parse_type(struct parser *parser, struct mqc__type_spec *spec_out);

static void skip_blanks(struct parser *parser)
{
    while (parser->position < parser->text.size &&
           isspace((unsigned char)parser->text.data[parser->position]))
        parser->position++;
}

static enum mqc_error fail_expected(struct parser *parser, const char *expected)
{
    skip_blanks(parser);
    const size_t rest = parser->text.size - parser->position;
    if (rest == 0)
        return mqc__fail(parser->info, MQC_EINVAL, "column %zu: expected %s, but the type ends",
                         parser->position + 1, expected);
    return mqc__fail(parser->info, MQC_EINVAL, "column %zu: expected %s, got \"%.*s\"",
                     parser->position + 1, expected, (int)(rest < 30 ? rest : 30),
                     parser->text.data + parser->position);
}

static enum mqc_error fail_memory(struct parser *parser)
{
    return mqc__fail(parser->info, MQC_ENOMEM, "out of memory");
}

static bool take_char(struct parser *parser, char expected)
{
    skip_blanks(parser);
    if (parser->position >= parser->text.size || parser->text.data[parser->position] != expected)
        return false;
    parser->position++;
    return true;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == ':' || c == '$';
}

/* A name; "a::b" is one word, the colon of "a: count" is not part of it. */
static struct mqc_view peek_word(struct parser *parser)
{
    skip_blanks(parser);
    const size_t rest = parser->text.size - parser->position;
    if (rest == 0)
        return mqc_view_text("");
    const char *start = parser->text.data + parser->position;
    size_t size = 0;
    while (size < rest && is_word_char(start[size])) {
        if (start[size] == ':') {
            if (size + 1 >= rest || start[size + 1] != ':')
                break;
            size++;
        }
        size++;
    }
    return mqc_view_bytes(start, size);
}

static bool take_word(struct parser *parser, const char *expected)
{
    const struct mqc_view word = peek_word(parser);
    if (!mqc_view_equal(word, mqc_view_text(expected)))
        return false;
    parser->position += word.size;
    return true;
}

/* Types in a row while their number is not known yet. */
struct type_node {
    struct type_node *next;
    struct mqc__type_spec spec;
};

static enum mqc_error collect_types(struct parser *parser, struct type_node *first, size_t count,
                                    struct mqc__type_spec *spec)
{
    struct mqc__type_spec *types = mqc__arena_array(parser->arena, count, sizeof *types);
    if (types == NULL)
        return fail_memory(parser);
    for (size_t i = 0; i < count; i++, first = first->next)
        types[i] = first->spec;
    spec->index = types;
    spec->index_count = count;
    return MQC_OK;
}

/* "[T, T]" */
static enum mqc_error parse_index(struct parser *parser, struct mqc__type_spec *spec)
{
    if (!take_char(parser, '['))
        return fail_expected(parser, "'['");
    struct type_node *first = NULL;
    struct type_node **last = &first;
    size_t count = 0;
    do {
        struct type_node *node = mqc__arena_alloc(parser->arena, sizeof *node);
        if (node == NULL)
            return fail_memory(parser);
        const enum mqc_error error = parse_type(parser, &node->spec);
        if (error != MQC_OK)
            return error;
        *last = node;
        last = &node->next;
        count++;
    } while (take_char(parser, ','));
    if (!take_char(parser, ']'))
        return fail_expected(parser, "',' or ']'");
    return collect_types(parser, first, count, spec);
}

/* "of T" */
static enum mqc_error parse_yield(struct parser *parser, struct mqc__type_spec *spec)
{
    if (!take_word(parser, "of"))
        return fail_expected(parser, "\"of\"");
    struct mqc__type_spec *yield = mqc__arena_alloc(parser->arena, sizeof *yield);
    if (yield == NULL)
        return fail_memory(parser);
    spec->yield = yield;
    return parse_type(parser, yield);
}

struct field_node {
    struct field_node *next;
    struct mqc__field_spec spec;
};

static enum mqc_error parse_attributes(struct parser *parser, struct mqc__field_spec *field)
{
    while (take_char(parser, '&')) {
        const struct mqc_view word = peek_word(parser);
        if (mqc_view_equal(word, mqc_view_text("optional")))
            field->is_optional = true;
        else if (!mqc_view_equal(word, mqc_view_text("log")))
            return fail_expected(parser, "the attribute optional or log");
        parser->position += word.size;
    }
    return MQC_OK;
}

/* "name: T &optional" */
static enum mqc_error parse_field(struct parser *parser, struct mqc__field_spec *field)
{
    const struct mqc_view name = peek_word(parser);
    if (name.size == 0)
        return fail_expected(parser, "a name");
    parser->position += name.size;
    if (!mqc__arena_copy(parser->arena, name, &field->name))
        return fail_memory(parser);
    if (!take_char(parser, ':'))
        return fail_expected(parser, "':'");
    const enum mqc_error error = parse_type(parser, &field->type);
    return error != MQC_OK ? error : parse_attributes(parser, field);
}

static enum mqc_error collect_fields(struct parser *parser, const struct field_node *first,
                                     size_t count, const struct mqc__field_spec **fields_out)
{
    struct mqc__field_spec *fields = mqc__arena_array(parser->arena, count, sizeof *fields);
    if (fields == NULL)
        return fail_memory(parser);
    for (size_t i = 0; i < count; i++, first = first->next)
        fields[i] = first->spec;
    *fields_out = fields;
    return MQC_OK;
}

/* Fields that each end in `separator` (the last one need not), up to `end`; NUL as end is the
 * text's end. */
static enum mqc_error parse_fields(struct parser *parser, char separator, char end,
                                   const struct mqc__field_spec **fields_out, size_t *count_out)
{
    struct field_node *first = NULL;
    struct field_node **last = &first;
    size_t count = 0;
    for (;;) {
        skip_blanks(parser);
        if (end != '\0' ? take_char(parser, end) : parser->position == parser->text.size)
            break;
        if (count > 0 && !take_char(parser, separator))
            return fail_expected(parser, separator == ';' ? "';' or '}'" : "','");
        if (count > 0 && end != '\0' && take_char(parser, end))
            break;
        struct field_node *node = mqc__arena_alloc(parser->arena, sizeof *node);
        if (node == NULL)
            return fail_memory(parser);
        const enum mqc_error error = parse_field(parser, &node->spec);
        if (error != MQC_OK)
            return error;
        *last = node;
        last = &node->next;
        count++;
    }
    *count_out = count;
    return collect_fields(parser, first, count, fields_out);
}

static enum mqc_error parse_record(struct parser *parser, struct mqc__type_spec *spec)
{
    spec->shape = MQC__SHAPE_RECORD;
    if (!take_char(parser, '{'))
        return fail_expected(parser, "'{'");
    return parse_fields(parser, ';', '}', &spec->fields, &spec->field_count);
}

static enum mqc_error parse_table(struct parser *parser, struct mqc__type_spec *spec)
{
    spec->shape = MQC__SHAPE_TABLE;
    const enum mqc_error error = parse_index(parser, spec);
    return error != MQC_OK ? error : parse_yield(parser, spec);
}

static bool take_scalar(struct parser *parser, struct mqc__type_spec *spec)
{
    for (size_t i = 0; i < sizeof scalar_names / sizeof scalar_names[0]; i++) {
        if (!take_word(parser, scalar_names[i].name))
            continue;
        spec->shape = MQC__SHAPE_SCALAR;
        spec->scalar = scalar_names[i].type;
        return true;
    }
    return false;
}

/* "enum Notice::Type": Zeek hashes an enum's key with the name of its type, which no value carries.
 */
static enum mqc_error parse_enum_name(struct parser *parser, struct mqc__type_spec *spec)
{
    if (spec->scalar != MQC_TYPE_ENUM)
        return MQC_OK;
    const struct mqc_view name = peek_word(parser);
    parser->position += name.size;
    if (name.size != 0 && !mqc__arena_copy(parser->arena, name, &spec->enum_name))
        return fail_memory(parser);
    return MQC_OK;
}

static enum mqc_error parse_known_type(struct parser *parser, struct mqc__type_spec *spec)
{
    if (take_scalar(parser, spec))
        return parse_enum_name(parser, spec);
    if (take_word(parser, "any")) {
        spec->shape = MQC__SHAPE_ANY;
        return MQC_OK;
    }
    if (take_word(parser, "pattern")) {
        spec->shape = MQC__SHAPE_PATTERN;
        return MQC_OK;
    }
    if (take_word(parser, "set")) {
        spec->shape = MQC__SHAPE_SET;
        return parse_index(parser, spec);
    }
    if (take_word(parser, "table"))
        return parse_table(parser, spec);
    if (take_word(parser, "vector")) {
        spec->shape = MQC__SHAPE_VECTOR;
        return parse_yield(parser, spec);
    }
    if (take_word(parser, "record"))
        return parse_record(parser, spec);
    return fail_expected(parser, "a Zeek type (any, bool, count, int, double, string, addr, "
                                 "subnet, port, time, interval, enum, pattern, file, set[..], "
                                 "table[..] of .., vector of .., record {..})");
}

static enum mqc_error parse_type(struct parser *parser, struct mqc__type_spec *spec_out)
{
    if (parser->depth >= MQC_MAX_DEPTH)
        return mqc__fail(parser->info, MQC_ETOOLARGE, "column %zu: nested deeper than %d",
                         parser->position + 1, MQC_MAX_DEPTH);
    parser->depth++;
    const enum mqc_error error = parse_known_type(parser, spec_out);
    parser->depth--;
    return error;
}

enum mqc_error mqc__type_parse(struct mqc__arena *arena, struct mqc_view text,
                               struct mqc__type_spec *spec_out, struct mqc_error_info *info)
{
    struct parser parser = {.arena = arena, .text = text, .info = info};
    *spec_out = (struct mqc__type_spec){.shape = MQC__SHAPE_ANY};
    const enum mqc_error error = parse_type(&parser, spec_out);
    if (error != MQC_OK)
        return error;
    skip_blanks(&parser);
    return parser.position == text.size ? MQC_OK : fail_expected(&parser, "the end of the type");
}

enum mqc_error mqc__signature_parse(struct mqc__arena *arena, struct mqc_view event,
                                    struct mqc_view params, struct mqc__signature *signature_out,
                                    struct mqc_error_info *info)
{
    struct parser parser = {.arena = arena, .text = params, .info = info};
    if (event.size == 0)
        return mqc__fail(info, MQC_EINVAL, "the event has no name");
    if (!mqc__arena_copy(arena, event, &signature_out->event))
        return fail_memory(&parser);
    return parse_fields(&parser, ',', '\0', &signature_out->params, &signature_out->param_count);
}
