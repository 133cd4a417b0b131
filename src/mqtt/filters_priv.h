#ifndef MQC_MQTT_FILTERS_PRIV_H
#define MQC_MQTT_FILTERS_PRIV_H

#include "mqtt/filters.h"

/* The filter with the text, NULL if there is none. */
struct mqc__filter *mqc__filters_find(const struct mqc__filters *filters, const char *text);

#endif
