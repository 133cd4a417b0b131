#include "config/document_priv.h"

#include "config/scalar.h"

#include <stdio.h>

const char mqc__document_smallest[] = "cluster: {name: site-7}\n"
                                      "broker: {uri: \"mqtt://127.0.0.1:1883\"}\n";

bool mqc__document_is_section(const struct mqc__option *option)
{
    return option->kind == MQC__OPTION_SECTION || option->kind == MQC__OPTION_WEBSOCKETS;
}

bool mqc__document_is_block(const struct mqc__option *option)
{
    return option->kind == MQC__OPTION_PREFIXES || option->kind == MQC__OPTION_NODES ||
           option->kind == MQC__OPTION_POOLS || option->kind == MQC__OPTION_EVENTS;
}

const char *mqc__document_example(const struct mqc__option *option)
{
    return option->example != NULL ? option->example : option->default_text;
}

static const char *noun_of(enum mqc__option_kind kind)
{
    switch (kind) {
    case MQC__OPTION_SECTION: return "A mapping";
    case MQC__OPTION_BOOL: return "true or false";
    case MQC__OPTION_INTEGER: return "A whole number";
    case MQC__OPTION_SIZE: return "A size";
    case MQC__OPTION_DURATION: return "A duration";
    case MQC__OPTION_TEXT: return "A text";
    case MQC__OPTION_TEXTS: return "A list of texts, or one text";
    case MQC__OPTION_CHOICE:
    case MQC__OPTION_BYTE_CHOICE: return "";
    case MQC__OPTION_CHOICES: return "A list of words, or one word: ";
    case MQC__OPTION_FILE:
    case MQC__OPTION_PASSWORD_FILE: return "A file name";
    case MQC__OPTION_URI: return "A broker's address";
    case MQC__OPTION_URIS: return "A list of broker addresses";
    case MQC__OPTION_PREFIXES:
        return "A list of {prefix: TEXT, guarantee: WORD, urgent: true or false}";
    case MQC__OPTION_NODES: return "A mapping of names to {type: WORD}";
    case MQC__OPTION_POOLS:
        return "A mapping of names to {type: WORD, max_nodes: NUMBER, exclusive: true or false, "
               "topic: TEXT}";
    case MQC__OPTION_EVENTS: return "A mapping of names to {args: [{NAME: TYPE}, ...]}";
    case MQC__OPTION_WEBSOCKETS: return "A mapping of these options, or a list of such mappings";
    }
    return "";
}

/* What the value may be. */
static void describe_values(const struct mqc__option *option, char *text, size_t size)
{
    char min[MQC__SCALAR_BYTES];
    char max[MQC__SCALAR_BYTES];
    const char *noun = noun_of(option->kind);
    const size_t noun_size = strlen(noun);
    if (option->choices != NULL && noun_size < size) {
        memcpy(text, noun, noun_size);
        mqc__scalar_list_choices(option->choices, text + noun_size, size - noun_size);
    } else if (option->max != 0)
        (void)snprintf(text, size, "%s, %s to %s%s", noun,
                       mqc__scalar_format(option->kind, option->min, min),
                       mqc__scalar_format(option->kind, option->max, max),
                       option->may_be_off ? ", or off" : "");
    else
        (void)snprintf(text, size, "%s", noun);
}

static const struct mqc__option *alternative_of(const struct mqc__option *option)
{
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *other = mqc__option_at(i);
        if (other->excludes != NULL && strcmp(other->excludes, option->path) == 0)
            return other;
    }
    return NULL;
}

/* What holds when the option is not given. */
static void describe_absence(const struct mqc__option *option, char *text, size_t size)
{
    const struct mqc__option *alternative = alternative_of(option);
    if (option->is_required && alternative != NULL)
        (void)snprintf(text, size, "; required, unless %s is given", alternative->path);
    else if (option->is_required)
        (void)snprintf(text, size, "; required");
    else if (option->default_text != NULL)
        (void)snprintf(text, size, "; default %s", option->default_text);
    else if (option->default_note != NULL)
        (void)snprintf(text, size, "; default: %s", option->default_note);
    else
        text[0] = '\0';
}

const char *mqc__document_describe(const struct mqc__option *option,
                                   char text_out[MQC__DESCRIPTION_BYTES])
{
    char values[MQC__DESCRIPTION_BYTES / 2];
    char absence[MQC__DESCRIPTION_BYTES / 2 - 2];
    describe_values(option, values, sizeof values);
    describe_absence(option, absence, sizeof absence);
    (void)snprintf(text_out, MQC__DESCRIPTION_BYTES, "%s%s.", values, absence);
    return text_out;
}
