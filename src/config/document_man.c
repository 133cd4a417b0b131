#include "config/document.h"

#include "config/document_priv.h"

static const char head[] = ".TH MQCLUSTER.YAML 5 \"\" mqcluster \"File formats\"\n"
                           ".SH NAME\n"
                           "mqcluster.yaml \\- the configuration of an mqcluster node\n"
                           ".SH DESCRIPTION\n";

static const char *const paragraphs[] = {
    "A node is configured by one YAML file of at most 1 MiB with one document. The smallest one "
    "is:",
    "Unknown keys, keys given twice, values of a wrong type and values out of range are mistakes; "
    "mqcluster check-config lists all of them with their lines.",
    "A size is a whole number of bytes, or one with a unit: B, kB, MB, GB (powers of 1000), KiB, "
    "MiB, GiB (powers of 1024). A duration is a whole number with a unit: ms, s, m, h, d. Only 0 "
    "needs none.",
    "In every value ${VAR} is replaced by the environment variable VAR, and ${VAR:-text} by text "
    "where VAR is unset or empty. A variable that is unset and has no such default is a mistake. "
    "$$ is a plain '$'.",
};

static const char tail[] = ".SH SEE ALSO\n.BR mqcluster (1)\n";

static void append(struct mqc__buffer *buffer, const char *text)
{
    (void)mqc__buffer_append_text(buffer, text);
}

static const char *escape_of(char c)
{
    switch (c) {
    case '\\': return "\\e";
    case '-': return "\\-";
    case '\'': return "\\(aq";
    case '^': return "\\(ha";
    case '~': return "\\(ti";
    case '`': return "\\(ga";
    default: return NULL;
    }
}

/* Appends text so that groff shows it as it is; a line that begins with '.' would be a request. */
static void append_escaped(struct mqc__buffer *buffer, const char *text)
{
    bool is_line_start = true;
    for (; *text != '\0'; text++) {
        const char *escape = escape_of(*text);
        if (is_line_start && *text == '.')
            append(buffer, "\\&");
        if (escape != NULL)
            append(buffer, escape);
        else
            (void)mqc__buffer_append(buffer, text, 1);
        is_line_start = *text == '\n';
    }
}

static void append_paragraph(struct mqc__buffer *buffer, const char *macro, const char *text)
{
    append(buffer, macro);
    append_escaped(buffer, text);
    append(buffer, "\n");
}

static void append_literal(struct mqc__buffer *buffer, const char *key, const char *text)
{
    append(buffer, ".PP\n.RS 4\n.nf\n");
    if (key != NULL) {
        append_escaped(buffer, key);
        append(buffer, ":\n");
    }
    while (*text != '\0') {
        const size_t size = strcspn(text, "\n") + (strchr(text, '\n') != NULL);
        append(buffer, key != NULL ? "  " : "");
        for (size_t i = 0; i < size; i++)
            append_escaped(buffer, (const char[]){text[i], '\0'});
        text += size;
    }
    append(buffer, "\n.fi\n.RE\n");
}

static void append_option(struct mqc__buffer *buffer, const struct mqc__option *option)
{
    char description[MQC__DESCRIPTION_BYTES];
    if (option->kind == MQC__OPTION_SECTION) {
        append_paragraph(buffer, ".SS ", option->path);
        append_paragraph(buffer, "", option->doc);
        return;
    }
    if (mqc__option_section(option) == NULL)
        append_paragraph(buffer, ".SS ", option->path);
    else
        append_paragraph(buffer, ".TP\n.B ", option->path);
    append_paragraph(buffer, "", option->doc);
    append_paragraph(buffer, ".br\n", mqc__document_describe(option, description));
    if (mqc__document_is_block(option))
        append_literal(buffer, mqc__option_name(option), mqc__document_example(option));
}

bool mqc__config_write_reference(struct mqc__buffer *buffer)
{
    append(buffer, head);
    for (size_t i = 0; i < sizeof paragraphs / sizeof paragraphs[0]; i++) {
        append_paragraph(buffer, i == 0 ? "" : ".PP\n", paragraphs[i]);
        if (i == 0)
            append_literal(buffer, NULL, mqc__document_smallest);
    }
    append(buffer, ".SH OPTIONS\n");
    for (size_t i = 0; i < mqc__option_count(); i++)
        append_option(buffer, mqc__option_at(i));
    append(buffer, tail);
    return !mqc__buffer_failed(buffer);
}
