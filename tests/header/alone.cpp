#include <mqcluster.h>

#include "header/alone.h"

const char *version_in_cxx()
{
    return mqc_version();
}

int comparison_in_cxx()
{
    const mqc_value a[] = {mqc_count(1), mqc_string_text("one")};
    const mqc_value b[] = {mqc_count(1), mqc_string_text("two")};
    const mqc_value sets[] = {mqc_set(a, 2), mqc_set(b, 2)};
    return mqc_value_compare(&sets[0], &sets[1]);
}

const char *config_set_in_cxx(const char *uri)
{
    mqc_config *config = mqc_config_new();
    if (config == nullptr)
        return "no configuration";
    mqc_error_info info;
    const mqc_error code = mqc_config_set(config, "broker.uri", uri, &info);
    mqc_config_free(&config);
    return mqc_error_name(code);
}
