#include "api/zeek_words.h"

#include "base/fail.h"

/* What of a name is shown. */
static int shown(struct mqc_view name)
{
    return name.size < 100 ? (int)name.size : 100;
}

void mqc__api_zeek_words(const struct mqc__signature *signature, const struct mqc_event *event,
                         struct mqc_error_info *info)
{
    const struct mqc_view name = event->name;
    if (info->code != MQC_ETYPE && info->code != MQC_EUNDECLARED)
        return;
    if (signature == NULL) {
        (void)mqc__fail(info, info->code, "Failed to lookup handler for '%.*s'", shown(name),
                        name.data);
        return;
    }
    if (signature->param_count != event->arg_count) {
        (void)mqc__fail(info, info->code,
                        "Unserialize error '%.*s' arg_types.size()=%zu and args.size()=%zu",
                        shown(name), name.data, signature->param_count, event->arg_count);
        return;
    }
    const struct mqc_error_info why = *info;
    (void)mqc__fail(info, info->code, "Unserialize error for event '%.*s': %s", shown(name),
                    name.data, why.text);
}
