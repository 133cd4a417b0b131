#include "codec/json_priv.h"
#include "value/sort.h"
#include "value/text.h"

/*
 * Reads a data message as nearly every client writes it, in one pass and without json-c: members in
 * Zeek's order, strings without \\u, plain numbers. It takes a tenth of the time. Whatever is
 * unusual, wrong, or over a limit it leaves to the reader that knows all, and says nothing about
 * it.
 */

/* Deeper values go the long way. */
#define DEPTH_MAX 32

/* Usual events have no more values at once. */
#define SCRATCH_VALUES 32

/* The vector, set or table entries that are being read are the last ones in `pending`, behind those
 * around them. */
struct quick {
    struct mqc__arena *arena;
    const char *at;
    const char *end;
    struct mqc__buffer pending; /* struct mqc_value in a row */
};

static void skip_blanks(struct quick *q)
{
    while (q->at != q->end && (*q->at == ' ' || *q->at == '\n' || *q->at == '\r' || *q->at == '\t'))
        q->at++;
}

/* Takes a character with the blanks before it. */
static bool take(struct quick *q, char c)
{
    skip_blanks(q);
    if (q->at == q->end || *q->at != c)
        return false;
    q->at++;
    return true;
}

static bool take_string(struct quick *q, struct mqc_view *text_out)
{
    if (!take(q, '"'))
        return false;
    const char *start = q->at;
    while (q->at != q->end && (unsigned char)*q->at >= 0x20 && *q->at != '"' && *q->at != '\\')
        q->at++;
    if (q->at == q->end || *q->at != '"')
        return false;
    *text_out = mqc_view_bytes(start, (size_t)(q->at - start));
    q->at++;
    return true;
}

static bool take_name(struct quick *q, struct mqc_view name)
{
    if (!take(q, '"') || (size_t)(q->end - q->at) <= name.size ||
        memcmp(q->at, name.data, name.size) != 0 || q->at[name.size] != '"')
        return false;
    q->at += name.size + 1;
    return take(q, ':');
}

/* Takes a string that may have escapes and returns it as it is written. */
static bool take_escaped(struct quick *q, struct mqc_view *text_out)
{
    if (!take(q, '"'))
        return false;
    const char *start = q->at;
    while (q->at != q->end && (unsigned char)*q->at >= 0x20 && *q->at != '"')
        q->at += *q->at == '\\' && q->end - q->at > 1 ? 2 : 1;
    if (q->at == q->end || *q->at != '"')
        return false;
    *text_out = mqc_view_bytes(start, (size_t)(q->at - start));
    q->at++;
    return true;
}

/* Replaces escapes of one letter, in place; false when there is another one. */
static bool replace_escapes(char *text, size_t *size)
{
    static const char letters[] = "\"\\/bfnrtv";
    static const char codes[] = "\"\\/\b\f\n\r\t\v";
    size_t to = 0;
    for (size_t from = 0; from < *size; from++) {
        char c = text[from];
        if (c == '\\') {
            from++;
            const char *letter =
                from < *size ? memchr(letters, text[from], sizeof letters - 1) : NULL;
            if (letter == NULL)
                return false;
            c = codes[letter - letters];
        }
        text[to++] = c;
    }
    *size = to;
    return true;
}

static bool take_text(struct quick *q, struct mqc_view *text_out)
{
    struct mqc_view text;
    if (!take_escaped(q, &text))
        return false;
    char *copy = mqc__arena_alloc(q->arena, text.size + 1);
    size_t size = text.size;
    if (copy == NULL)
        return false;
    memcpy(copy, text.data, size);
    if (memchr(copy, '\\', size) != NULL && !replace_escapes(copy, &size))
        return false;
    *text_out = mqc_view_bytes(copy, mqc__json_restore_bytes(copy, size));
    return true;
}

/* Takes a number that goes on in no other way than it was understood. */
static bool take_number(struct quick *q, bool is_integer, struct mqc_view *number_out)
{
    skip_blanks(q);
    const struct mqc_view rest = mqc_view_bytes(q->at, (size_t)(q->end - q->at));
    const struct mqc__number_span span = mqc__number_span(rest);
    if (span.size == 0 || span.is_integer != is_integer)
        return false;
    *number_out = mqc_view_bytes(q->at, span.size);
    q->at += span.size;
    return true;
}

static bool take_word(struct quick *q, struct mqc_view word)
{
    skip_blanks(q);
    if (!mqc_view_starts_with(mqc_view_bytes(q->at, (size_t)(q->end - q->at)), word))
        return false;
    q->at += word.size;
    return true;
}

static bool read_boolean(struct quick *q, struct mqc_value *value_out)
{
    *value_out = mqc_boolean(take_word(q, mqc_view_bytes("true", 4)));
    return value_out->as.boolean || take_word(q, mqc_view_bytes("false", 5));
}

static bool read_value(struct quick *q, int depth, struct mqc_value *value_out);

static bool push_value(struct quick *q, int depth)
{
    struct mqc_value value;
    return read_value(q, depth, &value) && mqc__buffer_append(&q->pending, &value, sizeof value);
}

static bool push_entry(struct quick *q, int depth)
{
    return take(q, '{') && take_name(q, mqc_view_bytes("key", 3)) && push_value(q, depth) &&
           take(q, ',') && take_name(q, mqc_view_bytes("value", 5)) && push_value(q, depth) &&
           take(q, '}');
}

/* Reads an array and leaves its values in `pending`. */
static bool push_items(struct quick *q, bool (*push)(struct quick *q, int depth), int depth)
{
    if (!take(q, '['))
        return false;
    if (take(q, ']'))
        return true;
    do {
        if (!push(q, depth))
            return false;
    } while (take(q, ','));
    return take(q, ']');
}

/* Moves what was pushed since `start` into the arena. */
static bool pop_values(struct quick *q, size_t start, void **values_out, size_t *count_out)
{
    const size_t bytes = q->pending.size - start;
    *count_out = bytes / sizeof(struct mqc_value);
    *values_out = mqc__arena_alloc(q->arena, bytes);
    if (*values_out == NULL)
        return false;
    if (bytes != 0)
        memcpy(*values_out, q->pending.data + start, bytes);
    q->pending.size = start;
    return true;
}

static bool read_list(struct quick *q, enum mqc_type type, int depth, struct mqc_value *value_out)
{
    const size_t start = q->pending.size;
    void *items = NULL;
    size_t count = 0;
    if (!push_items(q, push_value, depth + 1) || !pop_values(q, start, &items, &count))
        return false;
    *value_out = type == MQC_TYPE_SET ? mqc_set(items, count) : mqc_vector(items, count);
    return type == MQC_TYPE_VECTOR || mqc__values_sort(items, count);
}

static bool read_table(struct quick *q, int depth, struct mqc_value *value_out)
{
    _Static_assert(sizeof(struct mqc_entry) == 2 * sizeof(struct mqc_value), "two values in a row");
    const size_t start = q->pending.size;
    void *entries = NULL;
    size_t count = 0;
    if (!push_items(q, push_entry, depth + 1) || !pop_values(q, start, &entries, &count))
        return false;
    *value_out = mqc_table(entries, count / 2);
    return mqc__entries_sort(entries, count / 2);
}

static bool read_scalar(struct quick *q, enum mqc_type type, struct mqc_value *value_out)
{
    struct mqc_view text;
    return take_string(q, &text) && mqc__scalar_parse(type, text, value_out);
}

static bool read_data(struct quick *q, enum mqc_type type, int depth, struct mqc_value *value_out)
{
    struct mqc_view number;
    value_out->type = type;
    switch (type) {
    case MQC_TYPE_NONE: return take(q, '{') && take(q, '}');
    case MQC_TYPE_BOOLEAN: return read_boolean(q, value_out);
    case MQC_TYPE_COUNT:
        return take_number(q, true, &number) && mqc__count_parse(number, &value_out->as.count);
    case MQC_TYPE_INTEGER:
        return take_number(q, true, &number) && mqc__integer_parse(number, &value_out->as.integer);
    case MQC_TYPE_REAL:
        return take_number(q, false, &number) && mqc__real_parse(number, &value_out->as.real);
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: return take_text(q, &value_out->as.text);
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return read_list(q, type, depth, value_out);
    case MQC_TYPE_TABLE: return read_table(q, depth, value_out);
    default: return read_scalar(q, type, value_out);
    }
}

static bool read_value(struct quick *q, int depth, struct mqc_value *value_out)
{
    struct mqc_view name;
    enum mqc_type type = MQC_TYPE_NONE;
    *value_out = mqc_none();
    return depth <= DEPTH_MAX && take(q, '{') && take_name(q, mqc_view_bytes("@data-type", 10)) &&
           take_string(q, &name) && mqc__json_find_type(name, &type) && take(q, ',') &&
           take_name(q, mqc_view_bytes("data", 4)) && read_data(q, type, depth, value_out) &&
           take(q, '}');
}

/* The members of the whole message, each at most once. */
struct members {
    bool has_type;
    bool has_topic;
    bool has_data_type;
    bool has_data;
    struct mqc_view topic;
    struct mqc_value data;
};

static bool is_first(bool *was_there)
{
    const bool is_first = !*was_there;
    *was_there = true;
    return is_first;
}

static bool read_member(struct quick *q, struct members *members)
{
    struct mqc_view name;
    struct mqc_view text;
    if (!take_string(q, &name) || !take(q, ':'))
        return false;
    if (mqc_view_equal(name, mqc_view_bytes("type", 4)))
        return is_first(&members->has_type) && take_string(q, &text);
    if (mqc_view_equal(name, mqc_view_bytes("topic", 5)))
        return is_first(&members->has_topic) && take_text(q, &members->topic);
    if (mqc_view_equal(name, mqc_view_bytes("@data-type", 10)))
        return is_first(&members->has_data_type) && take_string(q, &text) &&
               mqc_view_equal(text, mqc_view_bytes("vector", 6));
    return mqc_view_equal(name, mqc_view_bytes("data", 4)) && members->has_data_type &&
           is_first(&members->has_data) &&
           read_list(q, MQC_TYPE_VECTOR, MQC__JSON_MESSAGE_DEPTH, &members->data);
}

static bool read_members(struct quick *q, struct members *members)
{
    if (!take(q, '{'))
        return false;
    do {
        if (!read_member(q, members))
            return false;
    } while (take(q, ','));
    if (!take(q, '}') || !members->has_topic || !members->has_data)
        return false;
    skip_blanks(q);
    return q->at == q->end;
}

bool mqc__json_quick(struct mqc__arena *arena, struct mqc_view json, struct mqc_view *topic_out,
                     struct mqc_value *data_out)
{
    if (json.size == 0)
        return false;
    struct quick quick = {.arena = arena, .at = json.data, .end = json.data + json.size};
    struct members members = {.has_type = false};
    const struct mqc__arena_mark mark = mqc__arena_mark(arena);
    struct mqc_value scratch[SCRATCH_VALUES];
    mqc__buffer_init_scratch(&quick.pending, scratch, sizeof scratch, arena->limit_bytes);
    const bool is_read = read_members(&quick, &members);
    mqc__buffer_fini(&quick.pending);
    if (!is_read) {
        mqc__arena_rewind(arena, mark);
        return false;
    }
    *topic_out = members.topic;
    *data_out = members.data;
    return true;
}
