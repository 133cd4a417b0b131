#include "config/source.h"

#include "base/buffer.h"

#include <stdlib.h>

#define USUAL_INDENT ((size_t)2)
#define LARGEST_INDENT ((size_t)16)

static size_t indentation_of(struct mqc_view line)
{
    size_t length = 0;
    while (length < line.size && (line.data[length] == ' ' || line.data[length] == '\t'))
        length++;
    return length;
}

/* Neither blank nor a comment. */
static bool has_content(struct mqc_view line)
{
    const size_t indent = indentation_of(line);
    return indent < line.size && line.data[indent] != '#';
}

static bool is_indented_by_tab(struct mqc_view line)
{
    const size_t indent = indentation_of(line);
    return has_content(line) && indent > 0 && memchr(line.data, '\t', indent) != NULL;
}

bool mqc__source_has_tab(const struct mqc__source *source, unsigned line, unsigned column)
{
    const struct mqc_view text = mqc__source_line(source, line);
    if (is_indented_by_tab(text))
        return true;
    return column >= 1 && column <= text.size && text.data[column - 1] == '\t';
}

static struct mqc_view rest_of(const struct mqc__source *source, struct mqc_view line)
{
    const char *end = source->text + source->size;
    const char *next = line.data + line.size;
    if (next < end)
        next += next[0] == '\r' && next + 1 < end && next[1] == '\n' ? 2 : 1;
    return mqc_view_bytes(next, (size_t)(end - next));
}

static struct mqc_view first_line(struct mqc_view text)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != '\n' && text.data[size] != '\r')
        size++;
    return mqc_view_bytes(text.data, size);
}

/* As many blanks as the file's first indented line has. */
static size_t usual_indent(const struct mqc__source *source)
{
    struct mqc_view text = mqc_view_bytes(source->text, source->size);
    while (text.size > 0) {
        const struct mqc_view line = first_line(text);
        const size_t indent = indentation_of(line);
        if (has_content(line) && indent > 0 && indent <= LARGEST_INDENT &&
            !is_indented_by_tab(line))
            return indent;
        text = rest_of(source, line);
    }
    return USUAL_INDENT;
}

static void append_mended(struct mqc__buffer *buffer, struct mqc_view line, size_t indent)
{
    static const char blanks[] = "                ";
    const size_t length = indentation_of(line);
    for (size_t i = 0; i < length; i++)
        (void)mqc__buffer_append(buffer, blanks, line.data[i] == '\t' ? indent : 1);
    (void)mqc__buffer_append(buffer, line.data + length, line.size - length);
}

static void report_tab(struct mqc__source *source, struct mqc__problems *problems,
                       struct mqc_view text, unsigned line)
{
    char key[64];
    const struct mqc__block block = mqc__source_block(source, line);
    const struct mqc_view name = mqc__source_block_key(source, &block);
    const size_t size = name.size < sizeof key ? name.size : 0;
    if (size > 0)
        memcpy(key, name.data, size);
    key[size] = '\0';
    const char *tab = memchr(text.data, '\t', text.size);
    const struct mqc__spot spot = {line, tab != NULL ? (unsigned)(tab - text.data) + 1 : 1, key};
    mqc__problems_add(problems, &spot,
                      "a tab is used for indentation, where YAML allows only spaces");
    if (source->first_tab_line == 0)
        source->first_tab_line = line;
    source->last_tab_line = line;
}

bool mqc__source_mend_tabs(struct mqc__source *source, struct mqc__problems *problems)
{
    struct mqc__buffer mended;
    /* The bound keeps a file of tabs from growing without limit. */
    mqc__buffer_init(&mended, 2 * MQC__SOURCE_BYTES_MAX);
    const size_t indent = usual_indent(source);
    struct mqc_view text = mqc_view_bytes(source->text, source->size);
    for (unsigned line = 1; text.size > 0 && !mqc__problems_must_stop(problems); line++) {
        const struct mqc_view whole = first_line(text);
        const struct mqc_view rest = rest_of(source, whole);
        if (is_indented_by_tab(whole)) {
            report_tab(source, problems, whole, line);
            append_mended(&mended, whole, indent);
        } else {
            (void)mqc__buffer_append(&mended, whole.data, whole.size);
        }
        (void)mqc__buffer_append(&mended, whole.data + whole.size,
                                 text.size - whole.size - rest.size);
        text = rest;
    }
    problems->is_out_of_memory = problems->is_out_of_memory || mqc__buffer_failed(&mended);
    if (mqc__buffer_failed(&mended) || source->first_tab_line == 0) {
        mqc__buffer_fini(&mended);
        return false;
    }
    explicit_bzero(source->text, source->size);
    free(source->text);
    source->text = mended.data;
    source->size = mended.size;
    return true;
}

/* Top-level keys stand in the first column; so does what only continues or closes a value. */
static bool begins_block(struct mqc_view line)
{
    return line.size > 0 && strchr(" \t#-]}", line.data[0]) == NULL;
}

struct mqc__block mqc__source_block(const struct mqc__source *source, unsigned line)
{
    struct mqc__block block = {.first_line = 1, .end_line = 1};
    struct mqc_view text = mqc_view_bytes(source->text, source->size);
    while (text.size > 0) {
        const struct mqc_view whole = first_line(text);
        const bool is_new = begins_block(whole);
        if (is_new && block.end_line > line)
            break;
        if (is_new) {
            block.first_line = block.end_line;
            block.start = source->size - text.size;
        }
        text = rest_of(source, whole);
        block.end_line++;
    }
    block.end = source->size - text.size;
    return block;
}

struct mqc_view mqc__source_block_key(const struct mqc__source *source,
                                      const struct mqc__block *block)
{
    const struct mqc_view line =
        first_line(mqc_view_bytes(source->text + block->start, block->end - block->start));
    size_t size = 0;
    while (size < line.size && (line.data[size] == '_' || line.data[size] == '-' ||
                                (line.data[size] >= 'a' && line.data[size] <= 'z')))
        size++;
    const bool is_key = size < line.size && line.data[size] == ':';
    return mqc_view_bytes(line.data, is_key ? size : 0);
}

bool mqc__source_blank(struct mqc__source *source, const struct mqc__block *block)
{
    bool was_blank = true;
    for (size_t i = block->start; i < block->end; i++) {
        char *c = &source->text[i];
        if (*c == '\n' || *c == '\r' || *c == ' ')
            continue;
        was_blank = false;
        *c = ' ';
    }
    return !was_blank;
}
