#include "config/parse.h"

#include <stdio.h>

/* More than any configuration needs. libyaml searches its anchors one by one, so their number is
 * also a bound on the time. */
#define DEPTH_MAX 32
#define ANCHORS_MAX 64
#define ALIASES_MAX 256

/* What the first pass counts. */
struct scan {
    unsigned depth;
    unsigned anchors;
    unsigned aliases;
    unsigned documents;
    unsigned second_line;
};

static bool open_parser(const struct mqc__source *source, yaml_parser_t *parser)
{
    if (yaml_parser_initialize(parser) == 0)
        return false;
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)source->text, source->size);
    return true;
}

static void set_place(struct mqc__parse_error *error, const yaml_mark_t *mark)
{
    error->noticed_line = error->line = (unsigned)mark->line + 1;
    error->noticed_column = error->column = (unsigned)mark->column + 1;
}

static enum mqc_error fail_limit(const yaml_event_t *event, const char *what, unsigned max,
                                 struct mqc__parse_error *error_out)
{
    set_place(error_out, &event->start_mark);
    error_out->is_limit = true;
    (void)snprintf(error_out->text, sizeof error_out->text, "%s; at most %u are possible", what,
                   max);
    return MQC_EMALFORMED;
}

/* An unfinished quote, bracket or key is to blame where it begins, not where it is noticed. */
static bool blames_context(const yaml_parser_t *parser)
{
    return parser->context != NULL && strstr(parser->context, "block") == NULL &&
           strstr(parser->context, "plain") == NULL && strstr(parser->context, "next") == NULL;
}

static enum mqc_error fail_parser(const struct mqc__source *source, const yaml_parser_t *parser,
                                  struct mqc__parse_error *error_out)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return MQC_ENOMEM;
    const char *problem = parser->problem != NULL ? parser->problem : "the parser gave up";
    set_place(error_out, &parser->problem_mark);
    if (mqc__source_has_tab(source, error_out->noticed_line, error_out->noticed_column)) {
        (void)snprintf(error_out->text, sizeof error_out->text,
                       "a tab stands where YAML allows only spaces");
        return MQC_EMALFORMED;
    }
    if (!blames_context(parser)) {
        (void)snprintf(error_out->text, sizeof error_out->text, "this is no YAML: %s", problem);
        return MQC_EMALFORMED;
    }
    error_out->line = (unsigned)parser->context_mark.line + 1;
    error_out->column = (unsigned)parser->context_mark.column + 1;
    (void)snprintf(error_out->text, sizeof error_out->text,
                   "this is no YAML: %s %s (noticed on line %u)", problem, parser->context,
                   error_out->noticed_line);
    return MQC_EMALFORMED;
}

static bool has_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.anchor != NULL;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.anchor != NULL;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.anchor != NULL;
    default: return false;
    }
}

static enum mqc_error count_event(struct scan *scan, const yaml_event_t *event,
                                  struct mqc__parse_error *error_out)
{
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
        scan->depth++;
    else if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT)
        scan->depth--;
    else if (event->type == YAML_DOCUMENT_START_EVENT)
        scan->documents++;
    else if (event->type == YAML_ALIAS_EVENT)
        scan->aliases++;
    if (has_anchor(event))
        scan->anchors++;
    if (scan->documents > 1)
        scan->second_line = (unsigned)event->start_mark.line + 1;
    if (scan->depth > DEPTH_MAX)
        return fail_limit(event, "too many levels of nesting", DEPTH_MAX, error_out);
    if (scan->anchors > ANCHORS_MAX)
        return fail_limit(event, "too many anchors (&name)", ANCHORS_MAX, error_out);
    if (scan->aliases > ALIASES_MAX)
        return fail_limit(event, "too many aliases (*name)", ALIASES_MAX, error_out);
    return MQC_OK;
}

/* Reads the file's events up to a second document, before libyaml builds anything from them. */
static enum mqc_error scan_source(const struct mqc__source *source, struct scan *scan,
                                  struct mqc__parse_error *error_out)
{
    yaml_parser_t parser;
    yaml_event_t event;
    if (!open_parser(source, &parser))
        return MQC_ENOMEM;
    enum mqc_error error = MQC_OK;
    bool is_at_end = false;
    while (error == MQC_OK && !is_at_end) {
        if (yaml_parser_parse(&parser, &event) == 0) {
            error = fail_parser(source, &parser, error_out);
            break;
        }
        error = count_event(scan, &event, error_out);
        is_at_end = event.type == YAML_STREAM_END_EVENT || scan->second_line != 0;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return error;
}

enum mqc_error mqc__parse(const struct mqc__source *source, yaml_document_t *document_out,
                          unsigned *second_line_out, struct mqc__parse_error *error_out)
{
    struct scan scan = {0};
    yaml_parser_t parser;
    *error_out = (struct mqc__parse_error){0};
    enum mqc_error error = scan_source(source, &scan, error_out);
    if (error != MQC_OK)
        return error;
    *second_line_out = scan.second_line;
    if (!open_parser(source, &parser))
        return MQC_ENOMEM;
    if (yaml_parser_load(&parser, document_out) == 0)
        error = fail_parser(source, &parser, error_out);
    yaml_parser_delete(&parser);
    return error;
}
