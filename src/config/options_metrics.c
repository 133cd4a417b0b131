#include "config/options_priv.h"

static const struct mqc__choice level_choices[] = {{"info", MQC__METRICS_INFO},
                                                   {"verbose", MQC__METRICS_VERBOSE},
                                                   {"debug", MQC__METRICS_DEBUG},
                                                   {NULL, 0}};

static const struct mqc__option rows[] = {
    {.path = "metrics",
     .kind = MQC__OPTION_SECTION,
     .doc = "How finely events are counted, for those who look at /metrics; websocket.serve says "
            "where that is served."},
    {.path = "metrics.core",
     .kind = MQC__OPTION_CHOICES,
     .offset = AT(metrics.core),
     .given_offset = AT(metrics.has_core),
     .choices = level_choices,
     .default_text = "[info]",
     .doc = "What is counted of this node's own events, Zeek's Cluster::Telemetry::core_metrics. "
            "info: how many there are. verbose: how many of each topic and event. debug: their "
            "sizes, of each topic and event. [] counts none."},
    {.path = "metrics.websocket",
     .kind = MQC__OPTION_CHOICES,
     .offset = AT(metrics.websocket),
     .given_offset = AT(metrics.has_websocket),
     .choices = level_choices,
     .default_text = "[info]",
     .doc = "The same for the events of WebSocket clients, of each application's name, Zeek's "
            "Cluster::Telemetry::websocket_metrics."},
    {.path = "metrics.max_series",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT(metrics.max_series),
     .default_text = "1000",
     .min = 1,
     .max = 1000000,
     .doc = "How many different topics, events and applications are counted apart in each metric; "
            "what comes after them is counted together. It bounds memory, and the work of "
            "Prometheus."},
};

const struct mqc__option_table mqc__options_metrics = MQC__OPTION_TABLE(rows);
