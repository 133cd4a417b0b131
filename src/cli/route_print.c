#include "cli/route_print.h"

#include "cli/record.h"

#include <inttypes.h>

bool mqc__route_print(const char *who, const struct mqc_key *key, const struct mqc_route *route,
                      bool is_in_turn)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record, "%s  %s  ", route->node, route->topic);
    if (!is_in_turn)
        mqc__record_add(&record, "hash %" PRIu32 "  weight %" PRIu32 "  ", route->key_hash,
                        route->weight);
    mqc__record_add(&record, "site %" PRIu32 "  ", route->site_id);
    mqc__record_add_value(&record, &key->value);
    return mqc__record_print(&record, who);
}

bool mqc__route_print_json(const char *who, const struct mqc_key *key,
                           const struct mqc_route *route, bool is_in_turn)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record, "{\"key\":");
    mqc__record_add_value(&record, &key->value);
    if (is_in_turn)
        mqc__record_add(&record, ",\"hash\":null");
    else
        mqc__record_add(&record, ",\"hash\":%" PRIu32, route->key_hash);
    mqc__record_add(&record, ",\"node\":");
    mqc__record_add_string(&record, mqc_view_text(route->node));
    mqc__record_add(&record, ",\"topic\":");
    mqc__record_add_string(&record, mqc_view_text(route->topic));
    mqc__record_add(&record, ",\"site_id\":%" PRIu32, route->site_id);
    if (is_in_turn)
        mqc__record_add(&record, ",\"weight\":null}");
    else
        mqc__record_add(&record, ",\"weight\":%" PRIu32 "}", route->weight);
    return mqc__record_print(&record, who);
}
