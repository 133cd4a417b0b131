#include "config/document.h"

#include "config/document_priv.h"

#include <stdio.h>

#define LINE_COLUMNS ((size_t)96)

static const char introduction[] = "The configuration of one mqcluster node. The smallest one is:";

static const char explanation[] =
    "Below, every option is explained. A line with '#' and no blank or several behind it shows an "
    "option with its default or an example: remove the '#' to set it, and those of the sections "
    "above it. Sizes are bytes or have a unit (kB, KiB, MB, MiB, GB, GiB); durations have one (ms, "
    "s, m, h, d). ${VAR} is replaced by the environment's VAR, ${VAR:-text} by text where VAR is "
    "not set, and $$ is a plain '$'.";

static void append(struct mqc__buffer *buffer, const char *text)
{
    (void)mqc__buffer_append_text(buffer, text);
}

/* Appends text as a comment of several lines, filled up to LINE_COLUMNS. */
static void append_comment(struct mqc__buffer *buffer, const char *margin, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        const size_t size = strcspn(text, " ");
        if (column != 0 && column + 1 + size > LINE_COLUMNS) {
            append(buffer, "\n");
            column = 0;
        }
        append(buffer, column == 0 ? margin : " ");
        (void)mqc__buffer_append(buffer, text, size);
        column += size + (column == 0 ? strlen(margin) : 1);
        text += size + strspn(text + size, " ");
    }
    append(buffer, "\n");
}

/* Appends every line of a text with a margin before it. */
static void append_lines(struct mqc__buffer *buffer, const char *hash, const char *indent,
                         const char *text)
{
    while (*text != '\0') {
        const size_t size = strcspn(text, "\n");
        append(buffer, hash);
        append(buffer, indent);
        (void)mqc__buffer_append(buffer, text, size);
        append(buffer, "\n");
        text += size + (text[size] == '\n');
    }
}

static bool has_required(const struct mqc__option *section)
{
    for (size_t i = 0; i < mqc__option_count(); i++)
        if (mqc__option_at(i)->is_required && mqc__option_section(mqc__option_at(i)) == section)
            return true;
    return false;
}

/* Returns what stands before the option's key: two blanks for each section that it is in. */
static const char *indent_of(const struct mqc__option *option)
{
    static const char blanks[] = "        ";
    const char *indent = blanks + sizeof blanks - 1;
    for (const char *dot = strchr(option->path, '.'); dot != NULL && indent > blanks;
         dot = strchr(dot + 1, '.'))
        indent -= 2;
    return indent;
}

static void append_margined(struct mqc__buffer *buffer, const struct mqc__option *option,
                            const char *text)
{
    char margin[16];
    (void)snprintf(margin, sizeof margin, "%s# ", indent_of(option));
    append_comment(buffer, margin, text);
}

static void append_key(struct mqc__buffer *buffer, const struct mqc__option *option, bool is_set)
{
    append(buffer, is_set ? "" : "#");
    append(buffer, indent_of(option));
    append(buffer, mqc__option_name(option));
    append(buffer, ":");
}

/* Appends what stands behind the key. */
static void append_example(struct mqc__buffer *buffer, const struct mqc__option *option)
{
    char indent[16];
    const char *example = mqc__document_example(option);
    if (mqc__document_is_block(option)) {
        (void)snprintf(indent, sizeof indent, "%s  ", indent_of(option));
        append(buffer, "\n");
        append_lines(buffer, "#", indent, example);
        return;
    }
    append(buffer, " ");
    append(buffer, example);
    append(buffer, "\n");
}

static void append_option(struct mqc__buffer *buffer, const struct mqc__option *option)
{
    char description[MQC__DESCRIPTION_BYTES];
    append(buffer, "\n");
    append_margined(buffer, option, option->doc);
    if (option->kind != MQC__OPTION_SECTION)
        append_margined(buffer, option, mqc__document_describe(option, description));
    if (mqc__document_is_section(option)) {
        append_key(buffer, option, has_required(option));
        append(buffer, "\n");
        return;
    }
    append_key(buffer, option, option->is_required);
    append_example(buffer, option);
}

bool mqc__config_write_sample(struct mqc__buffer *buffer)
{
    append_comment(buffer, "# ", introduction);
    append(buffer, "#\n");
    append_lines(buffer, "#", " ", mqc__document_smallest);
    append(buffer, "#\n");
    append_comment(buffer, "# ", explanation);
    for (size_t i = 0; i < mqc__option_count(); i++)
        append_option(buffer, mqc__option_at(i));
    return !mqc__buffer_failed(buffer);
}
