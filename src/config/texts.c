#include "config/config_priv.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "config/scalar.h"

void mqc__option_set_texts(void *target, const struct mqc__option *option, const char **texts,
                           size_t count)
{
    char *settings = target;
    *(const char ***)(void *)(settings + option->offset) = texts;
    *(size_t *)(void *)(settings + option->count_offset) = count;
}

void mqc__option_set_choices(void *target, const struct mqc__option *option, unsigned bits)
{
    char *settings = target;
    *(unsigned *)(void *)(settings + option->offset) = bits;
    *(bool *)(void *)(settings + option->given_offset) = true;
}

static struct mqc_view trim(struct mqc_view text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = mqc_view_bytes(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* Takes what stands before the next comma off the beginning of *rest. */
static struct mqc_view take_item(struct mqc_view *rest)
{
    const char *comma = memchr(rest->data, ',', rest->size);
    const size_t size = comma != NULL ? (size_t)(comma - rest->data) : rest->size;
    const size_t taken = size + (comma != NULL ? 1 : 0);
    const struct mqc_view item = trim(mqc_view_bytes(rest->data, size));
    *rest = trim(mqc_view_bytes(rest->data + taken, rest->size - taken));
    return item;
}

/* Splits a list in brackets, as YAML has it; a text without them is the only entry. Returns how
 * many entries there are, one more than the limit for all that are too many. */
static size_t split(struct mqc_view text, struct mqc_view items_out[MQC__CONFIG_TEXTS_MAX])
{
    if (text.size < 2 || text.data[0] != '[' || text.data[text.size - 1] != ']') {
        items_out[0] = text;
        return 1;
    }
    size_t count = 0;
    struct mqc_view rest = trim(mqc_view_bytes(text.data + 1, text.size - 2));
    while (rest.size > 0 && count < MQC__CONFIG_TEXTS_MAX)
        items_out[count++] = take_item(&rest);
    return rest.size > 0 ? MQC__CONFIG_TEXTS_MAX + 1 : count;
}

static enum mqc_error fail_length(struct mqc_error_info *info)
{
    return mqc__fail(info, MQC_ECONFIG, "the list has over %zu entries, more than are possible",
                     MQC__CONFIG_TEXTS_MAX);
}

enum mqc_error mqc__option_assign_texts(struct mqc_config *config, void *target,
                                        const struct mqc__option *option, struct mqc_view text,
                                        struct mqc_error_info *info)
{
    struct mqc_view items[MQC__CONFIG_TEXTS_MAX];
    const size_t count = split(text, items);
    if (count > MQC__CONFIG_TEXTS_MAX)
        return fail_length(info);
    const char **texts = mqc__arena_array(&config->arena, count, sizeof *texts);
    if (texts == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const enum mqc_error error = mqc__option_text(config, option, items[i], &texts[i], info);
        if (error != MQC_OK)
            return error;
    }
    mqc__option_set_texts(target, option, texts, count);
    return MQC_OK;
}

enum mqc_error mqc__option_add_choice(const struct mqc__option *option, struct mqc_view word,
                                      unsigned *bits, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    int value = 0;
    const enum mqc_error error = mqc__scalar_choice(option->choices, word, &value, info);
    if (error != MQC_OK)
        return error;
    if ((*bits & 1U << value) != 0)
        return mqc__fail(info, MQC_ECONFIG, "%s is given twice", mqc__excerpt(word, excerpt));
    *bits |= 1U << value;
    return MQC_OK;
}

enum mqc_error mqc__option_assign_choices(void *target, const struct mqc__option *option,
                                          struct mqc_view text, struct mqc_error_info *info)
{
    struct mqc_view items[MQC__CONFIG_TEXTS_MAX];
    const size_t count = split(text, items);
    unsigned bits = 0;
    if (count > MQC__CONFIG_TEXTS_MAX)
        return fail_length(info);
    for (size_t i = 0; i < count; i++) {
        const enum mqc_error error = mqc__option_add_choice(option, items[i], &bits, info);
        if (error != MQC_OK)
            return error;
    }
    mqc__option_set_choices(target, option, bits);
    return MQC_OK;
}
