#include "config/loader.h"

#include "base/utf8.h"
#include "config/text_check.h"

/* Parameters need names of their own only to be told apart in messages; long lists are compared one
 * by one, so they are bounded. */
#define PARAMETERS_MAX ((size_t)256)

static void read_type(struct mqc__loader *loader, const struct mqc__pair *pair,
                      struct mqc__type_spec *type_out)
{
    char excerpt[MQC__EXCERPT_BYTES];
    struct mqc_view text;
    struct mqc_error_info info;
    if (!mqc__read_scalar(loader, &pair->value_spot, pair->value, &text))
        return;
    /* The parser repeats what it does not understand. */
    if (mqc__utf8_has_control(text)) {
        mqc__problems_add(loader->problems, &pair->value_spot,
                          "the type %s contains a control character", mqc__excerpt(text, excerpt));
        return;
    }
    const enum mqc_error error = mqc__type_parse(&loader->config->arena, text, type_out, &info);
    if (error == MQC_ENOMEM)
        loader->fatal = MQC_ENOMEM;
    else if (error != MQC_OK)
        mqc__problems_add(loader->problems, &pair->value_spot, "the type %s is wrong at %s",
                          mqc__excerpt(text, excerpt), info.text);
}

static void read_name(struct mqc__loader *loader, const struct mqc__pair *pair,
                      struct mqc_view *name_out)
{
    struct mqc_error_info info;
    const enum mqc_error error = mqc__check_parameter_name(pair->key, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->key_spot, error, &info);
    else if (!mqc__arena_copy(&loader->config->arena, pair->key, name_out))
        loader->fatal = MQC_ENOMEM;
}

static void read_parameter(struct mqc__loader *loader, const struct mqc__spot *spot,
                           const yaml_node_t *node, struct mqc__field_spec *param_out)
{
    struct mqc__pair *pairs = NULL;
    size_t count = 0;
    if (!mqc__read_mapping(loader, spot, node, "{NAME: TYPE}, as in {host: addr}", &pairs, &count))
        return;
    if (count != 1)
        mqc__problems_add(loader->problems, spot,
                          "%zu names stand in one entry; expected {NAME: TYPE} for each parameter",
                          count);
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        if (pairs[i].value == NULL)
            continue;
        read_name(loader, &pairs[i], &param_out->name);
        read_type(loader, &pairs[i], &param_out->type);
    }
}

static void check_repeat(struct mqc__loader *loader, const struct mqc__spot *spot,
                         const struct mqc__field_spec *params, size_t i)
{
    char excerpt[MQC__EXCERPT_BYTES];
    for (size_t j = 0; j < i && params[i].name.size != 0; j++) {
        if (!mqc_view_equal(params[i].name, params[j].name))
            continue;
        mqc__problems_add(loader->problems, spot,
                          "the parameter %s is given twice; the first is entry %zu",
                          mqc__excerpt(params[i].name, excerpt), j);
        return;
    }
}

static void read_parameters(struct mqc__loader *loader, const struct mqc__pair *pair,
                            struct mqc__signature *signature)
{
    const struct mqc__spot *spot = &pair->value_spot;
    size_t count = 0;
    if (!mqc__read_list(loader, spot, pair->value,
                        "a list of parameters, [{NAME: TYPE}, ...], [] for none", &count))
        return;
    if (count > PARAMETERS_MAX) {
        mqc__problems_add(loader->problems, spot, "%zu parameters, at most %zu are possible", count,
                          PARAMETERS_MAX);
        return;
    }
    struct mqc__field_spec *params =
        mqc__loader_array(loader, &loader->config->arena, count, sizeof *params);
    if (params == NULL)
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++) {
        char key[MQC__KEY_BYTES];
        struct mqc__spot item_spot;
        const yaml_node_t *item = mqc__list_item(loader, spot, pair->value, i, key, &item_spot);
        read_parameter(loader, &item_spot, item, &params[i]);
        check_repeat(loader, &item_spot, params, i);
    }
    signature->params = params;
    signature->param_count = count;
}

static void read_event(struct mqc__loader *loader, const struct mqc__pair *pair,
                       struct mqc__signature *signature)
{
    static const struct mqc__field_names names = {{"args"}, 1};
    struct mqc__pair fields[1];
    struct mqc_error_info info;
    const enum mqc_error error = mqc__check_event_name(pair->key, &info);
    if (error != MQC_OK)
        mqc__loader_fail(loader, &pair->key_spot, error, &info);
    else if (!mqc__arena_copy(&loader->config->arena, pair->key, &signature->event))
        loader->fatal = MQC_ENOMEM;
    if (mqc__read_fields(loader, &pair->value_spot, pair->value, &names, fields) &&
        fields[0].value != NULL)
        read_parameters(loader, &fields[0], signature);
}

void mqc__read_events(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_t *node)
{
    struct mqc__pair *pairs = NULL;
    size_t count = 0;
    if (!mqc__read_mapping(loader, spot, node,
                           "a mapping of event names to {args: [{NAME: TYPE}, ...]}", &pairs,
                           &count))
        return;
    struct mqc__signature *signatures =
        mqc__loader_array(loader, &loader->config->arena, count, sizeof *signatures);
    if (signatures == NULL)
        return;
    for (size_t i = 0; i < count && !mqc__loader_must_stop(loader); i++)
        if (pairs[i].value != NULL)
            read_event(loader, &pairs[i], &signatures[i]);
    loader->config->settings.signatures = signatures;
    loader->config->settings.signature_count = count;
}
