#include "config/options_priv.h"

#include "base/log.h"

static const struct mqc__choice log_level_choices[] = {{"error", MQC_LOG_ERROR},
                                                       {"warning", MQC_LOG_WARNING},
                                                       {"info", MQC_LOG_INFO},
                                                       {"debug", MQC_LOG_DEBUG},
                                                       {NULL, 0}};

static const struct mqc__option rows[] = {
    {.path = "log", .kind = MQC__OPTION_SECTION, .doc = "What the node writes to its log."},
    {.path = "log.level",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(log.level),
     .choices = log_level_choices,
     .default_text = "info",
     .doc = "The least grave lines that are written."},
};

const struct mqc__option_table mqc__options_log = MQC__OPTION_TABLE(rows);
