#include "config/config_priv.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "config/password.h"
#include "config/path.h"
#include "config/scalar.h"
#include "mqtt/uri.h"

enum mqc_error mqc__text_assign(struct mqc_config *config, struct mqc_view text,
                                const char **text_out, struct mqc_error_info *info)
{
    struct mqc_view copy;
    if (text.size == 0)
        return mqc__fail(info, MQC_ECONFIG, "the value is empty; expected a text");
    if (text.size > MQC__CONFIG_TEXT_BYTES_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the text has %zu bytes, at most %zu are possible",
                         text.size, MQC__CONFIG_TEXT_BYTES_MAX);
    if (memchr(text.data, '\0', text.size) != NULL)
        return mqc__fail(info, MQC_ECONFIG, "the text contains a NUL character");
    if (!mqc__utf8_is_valid(text))
        return mqc__fail(info, MQC_ECONFIG, "the text is not UTF-8");
    if (!mqc__arena_copy(&config->arena, text, &copy))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    *text_out = copy.data;
    return MQC_OK;
}

/* Text that people read; a line end here comes from a slip, for instance in an environment
 * variable. */
static enum mqc_error assign_plain(struct mqc_config *config, struct mqc_view text,
                                   const char **text_out, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const enum mqc_error error = mqc__text_assign(config, text, text_out, info);
    if (error == MQC_OK && mqc__utf8_has_control(text))
        return mqc__fail(info, MQC_ECONFIG, "%s contains a control character",
                         mqc__excerpt(text, excerpt));
    return error;
}

enum mqc_error mqc__option_text(struct mqc_config *config, const struct mqc__option *option,
                                struct mqc_view text, const char **text_out,
                                struct mqc_error_info *info)
{
    const char *copy = NULL;
    enum mqc_error error = option->is_secret ? mqc__text_assign(config, text, &copy, info)
                                             : assign_plain(config, text, &copy, info);
    if (error == MQC_OK && option->check != NULL)
        error = option->check(copy, info);
    if (error == MQC_OK)
        *text_out = copy;
    return error == MQC_OK || error == MQC_ENOMEM ? error : MQC_ECONFIG;
}

enum mqc_error mqc__uri_assign(struct mqc_config *config, struct mqc_view text,
                               const char **uri_out, struct mqc_error_info *info)
{
    struct mqc__uri uri;
    struct mqc_error_info mistake;
    const char *copy = NULL;
    const enum mqc_error error = mqc__text_assign(config, text, &copy, info);
    if (error != MQC_OK)
        return error;
    if (mqc__uri_parse(copy, &uri, &mistake) != MQC_OK)
        return mqc__fail(info, MQC_ECONFIG, "%s", mistake.text);
    *uri_out = copy;
    return MQC_OK;
}

static enum mqc_error assign_uri(struct mqc_config *config, struct mqc_view text,
                                 struct mqc_error_info *info)
{
    const char *copy = NULL;
    const enum mqc_error error = mqc__uri_assign(config, text, &copy, info);
    if (error != MQC_OK)
        return error;
    const char **uris = mqc__arena_alloc(&config->arena, sizeof *uris);
    if (uris == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    uris[0] = copy;
    config->settings.broker.uris = uris;
    config->settings.broker.uri_count = 1;
    return MQC_OK;
}

static enum mqc_error assign_file(struct mqc_config *config, struct mqc_view text,
                                  const char **path_out, struct mqc_error_info *info)
{
    char path[PATH_MAX];
    const char *name = NULL;
    struct mqc_view copy;
    enum mqc_error error = assign_plain(config, text, &name, info);
    if (error == MQC_OK)
        error = mqc__path_resolve(config->directory, name, path, info);
    if (error != MQC_OK)
        return error;
    if (!mqc__arena_copy(&config->arena, mqc_view_text(path), &copy))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    *path_out = copy.data;
    return MQC_OK;
}

static enum mqc_error assign_password_file(struct mqc_config *config,
                                           const struct mqc__option *option, struct mqc_view text,
                                           const char **password_out, struct mqc_error_info *info)
{
    const char *path = NULL;
    const char *password = NULL;
    enum mqc_error error = assign_plain(config, text, &path, info);
    if (error == MQC_OK)
        error = mqc__password_read(&config->arena, config->directory, path, &password, info);
    if (error == MQC_OK && option->check != NULL)
        error = option->check(password, info);
    if (error == MQC_OK)
        *password_out = password;
    return error;
}

_Static_assert(sizeof(bool) == 1, "a byte choice is stored in a bool");

static enum mqc_error assign_byte_choice(const struct mqc__option *option, struct mqc_view text,
                                         unsigned char *byte_out, struct mqc_error_info *info)
{
    int value = 0;
    const enum mqc_error error = mqc__scalar_choice(option->choices, text, &value, info);
    if (error == MQC_OK)
        *byte_out = (unsigned char)value;
    return error;
}

enum mqc_error mqc__option_assign(struct mqc_config *config, void *target,
                                  const struct mqc__option *option, struct mqc_view text,
                                  struct mqc_error_info *info)
{
    void *slot = (char *)target + option->offset;
    switch (option->kind) {
    case MQC__OPTION_BOOL: return mqc__scalar_bool(text, slot, info);
    case MQC__OPTION_INTEGER:
    case MQC__OPTION_SIZE:
    case MQC__OPTION_DURATION: return mqc__scalar_number(option, text, slot, info);
    case MQC__OPTION_CHOICE: return mqc__scalar_choice(option->choices, text, slot, info);
    case MQC__OPTION_BYTE_CHOICE: return assign_byte_choice(option, text, slot, info);
    case MQC__OPTION_CHOICES: return mqc__option_assign_choices(target, option, text, info);
    case MQC__OPTION_TEXT: return mqc__option_text(config, option, text, slot, info);
    case MQC__OPTION_TEXTS: return mqc__option_assign_texts(config, target, option, text, info);
    case MQC__OPTION_FILE: return assign_file(config, text, slot, info);
    case MQC__OPTION_PASSWORD_FILE: return assign_password_file(config, option, text, slot, info);
    case MQC__OPTION_URI: return assign_uri(config, text, info);
    case MQC__OPTION_SECTION:
    case MQC__OPTION_URIS:
    case MQC__OPTION_PREFIXES:
    case MQC__OPTION_NODES:
    case MQC__OPTION_POOLS:
    case MQC__OPTION_EVENTS:
    case MQC__OPTION_WEBSOCKETS: break;
    }
    return mqc__fail(info, MQC_ECONFIG, "%s is no single value; it can only be given in a file",
                     option->path);
}
