#ifndef MQC_CONFIG_OPTIONS_PRIV_H
#define MQC_CONFIG_OPTIONS_PRIV_H

#include "config/option.h"
#include "config/settings.h"

/* What the parts of the table of options are written with. */

#define AT(member) offsetof(struct mqc__settings, member)

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* The rows of one or several sections. */
struct mqc__option_table {
    const struct mqc__option *rows;
    size_t count;
};

#define MQC__OPTION_TABLE(rows)                                                                    \
    {                                                                                              \
        (rows), sizeof(rows) / sizeof(rows)[0]                                                     \
    }

extern const struct mqc__option_table mqc__options_cluster;
extern const struct mqc__option_table mqc__options_broker;
extern const struct mqc__option_table mqc__options_tls;
extern const struct mqc__option_table mqc__options_delivery;
extern const struct mqc__option_table mqc__options_layout;
extern const struct mqc__option_table mqc__options_websocket;
extern const struct mqc__option_table mqc__options_metrics;
extern const struct mqc__option_table mqc__options_log;

#endif
