#include "config/options_priv.h"

/* In the order in which they are documented. */
static const struct mqc__option_table *const tables[] = {
    &mqc__options_cluster, &mqc__options_broker,    &mqc__options_tls,     &mqc__options_delivery,
    &mqc__options_layout,  &mqc__options_websocket, &mqc__options_metrics, &mqc__options_log,
};

#define TABLE_COUNT (sizeof tables / sizeof tables[0])

size_t mqc__option_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        count += tables[i]->count;
    return count;
}

const struct mqc__option *mqc__option_at(size_t index)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (index < tables[i]->count)
            return &tables[i]->rows[index];
        index -= tables[i]->count;
    }
    return NULL;
}

size_t mqc__option_index(const struct mqc__option *option)
{
    size_t index = 0;
    while (mqc__option_at(index) != option)
        index++;
    return index;
}
