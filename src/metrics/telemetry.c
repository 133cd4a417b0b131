#include "metrics/telemetry.h"

#include "metrics/series.h"

#include <stdio.h>
#include <stdlib.h>

#define SIDE_COUNT ((size_t)2)
#define LEVEL_COUNT ((size_t)3)
#define DIRECTION_COUNT ((size_t)2)
#define FAMILY_COUNT (SIDE_COUNT * LEVEL_COUNT * DIRECTION_COUNT)

/* Cleaning makes at most three bytes of one. */
#define CLEAN_BYTES (3 * MQC__TELEMETRY_LABEL_BYTES_MAX)

static const char overflow_text[] = "__overflow__";

/* Zeek's; sorted by side, level and direction. */
static const struct {
    const char *name;
    const char *help;
} families[FAMILY_COUNT] = {
    {"zeek_cluster_core_outgoing_events", "Events published by this node."},
    {"zeek_cluster_core_incoming_events", "Events that this node got from the cluster."},
    {"zeek_cluster_core_verbose_outgoing_events",
     "Events published by this node, by topic and handler."},
    {"zeek_cluster_core_verbose_incoming_events",
     "Events that this node got from the cluster, by topic and handler."},
    {"zeek_cluster_core_debug_outgoing_event_sizes",
     "Bytes of the serialised events published by this node."},
    {"zeek_cluster_core_debug_incoming_event_sizes",
     "Bytes of the serialised events that this node got from the cluster."},
    {"zeek_cluster_websocket_outgoing_events", "Events published by WebSocket clients."},
    {"zeek_cluster_websocket_incoming_events", "Events for WebSocket clients."},
    {"zeek_cluster_websocket_verbose_outgoing_events",
     "Events published by WebSocket clients, by topic and handler."},
    {"zeek_cluster_websocket_verbose_incoming_events",
     "Events for WebSocket clients, by topic and handler."},
    {"zeek_cluster_websocket_debug_outgoing_event_sizes",
     "Bytes of the serialised events published by WebSocket clients."},
    {"zeek_cluster_websocket_debug_incoming_event_sizes",
     "Bytes of the serialised events for WebSocket clients."},
};

/* Bytes; Zeek's. */
static const uint64_t bounds[MQC__SERIES_COUNTS - 1] = {10, 50, 100, 500, 1000, 5000, 10000, 50000};

struct mqc__telemetry {
    unsigned levels[SIDE_COUNT];
    char node_id_prefix[32];
    char node_id_label[48];
    struct mqc__series_table tables[FAMILY_COUNT]; /* those that are off stay zeroed */
};

static size_t family_at(size_t side, size_t level, size_t direction)
{
    return (side * LEVEL_COUNT + level) * DIRECTION_COUNT + direction;
}

static size_t side_of(size_t family)
{
    return family / (LEVEL_COUNT * DIRECTION_COUNT);
}

static size_t level_of(size_t family)
{
    return family / DIRECTION_COUNT % LEVEL_COUNT;
}

static size_t direction_of(size_t family)
{
    return family % DIRECTION_COUNT;
}

/* The levels are bits, in the order of the families. */
static bool is_on(const struct mqc__telemetry *telemetry, size_t side, size_t level)
{
    return (telemetry->levels[side] & 1U << level) != 0;
}

static bool has_sizes(size_t level)
{
    return 1U << level == MQC__TELEMETRY_DEBUG;
}

static bool has_topics(size_t level)
{
    return 1U << level != MQC__TELEMETRY_INFO;
}

/* The labels that a family has, out of all. */
static struct mqc__series_labels labels_of(size_t side, size_t level,
                                           const struct mqc__series_labels *all)
{
    const struct mqc_view none = mqc_view_text(NULL);
    return (struct mqc__series_labels){
        .app = side == MQC__TELEMETRY_WEBSOCKET ? all->app : none,
        .topic = has_topics(level) ? all->topic : none,
        .handler = has_topics(level) ? all->handler : none,
    };
}

static enum mqc_error start_family(struct mqc__telemetry *telemetry, size_t family,
                                   size_t series_max)
{
    const size_t side = side_of(family);
    const struct mqc_view overflow = mqc_view_text(overflow_text);
    const struct mqc__series_labels all = {overflow, overflow, overflow};
    const struct mqc__series_labels labels = labels_of(side, level_of(family), &all);
    if (!is_on(telemetry, side, level_of(family)))
        return MQC_OK;
    return mqc__series_init(&telemetry->tables[family], series_max, &labels);
}

struct mqc__telemetry *mqc__telemetry_new(const struct mqc__telemetry_options *options)
{
    struct mqc__telemetry *telemetry = calloc(1, sizeof *telemetry);
    if (telemetry == NULL)
        return NULL;
    const char dot = (char)(options->topic_separator != '\0' ? options->topic_separator : '/');
    telemetry->levels[MQC__TELEMETRY_CORE] = options->core_levels;
    telemetry->levels[MQC__TELEMETRY_WEBSOCKET] = options->websocket_levels;
    (void)snprintf(telemetry->node_id_prefix, sizeof telemetry->node_id_prefix,
                   "zeek%ccluster%cnodeid%c", dot, dot, dot);
    (void)snprintf(telemetry->node_id_label, sizeof telemetry->node_id_label, "%s__normalized__",
                   telemetry->node_id_prefix);
    const size_t series_max =
        options->series_max > 0 ? options->series_max : MQC__TELEMETRY_SERIES_MAX;
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (start_family(telemetry, i, series_max) != MQC_OK) {
            mqc__telemetry_free(&telemetry);
            return NULL;
        }
    return telemetry;
}

void mqc__telemetry_free(struct mqc__telemetry **telemetry)
{
    if (*telemetry == NULL)
        return;
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        mqc__series_fini(&(*telemetry)->tables[i]);
    free(*telemetry);
    *telemetry = NULL;
}

bool mqc__telemetry_wants_bytes(const struct mqc__telemetry *telemetry,
                                enum mqc__telemetry_side side)
{
    return (telemetry->levels[side] & MQC__TELEMETRY_DEBUG) != 0;
}

/* --- Counting -----------------------------------------------------------------------------------
 */

static struct mqc_view clean_label(struct mqc_view text, char room[CLEAN_BYTES])
{
    return text.size > MQC__TELEMETRY_LABEL_BYTES_MAX ? mqc_view_text(overflow_text)
                                                      : mqc__prometheus_clean(text, room);
}

/* Node ids are made anew whenever a node starts. */
static struct mqc_view topic_label(const struct mqc__telemetry *telemetry, struct mqc_view topic,
                                   char room[CLEAN_BYTES])
{
    return mqc_view_starts_with(topic, mqc_view_text(telemetry->node_id_prefix))
               ? mqc_view_text(telemetry->node_id_label)
               : clean_label(topic, room);
}

static size_t bucket_of(size_t bytes)
{
    size_t at = 0;
    while (at < MQC__SERIES_COUNTS - 1 && bytes > bounds[at])
        at++;
    return at;
}

static void count_in(struct mqc__telemetry *telemetry, size_t level,
                     const struct mqc__telemetry_event *event, const struct mqc__series_labels *all)
{
    const struct mqc__series_labels labels = labels_of(event->side, level, all);
    struct mqc__series *series = mqc__series_find(
        &telemetry->tables[family_at(event->side, level, event->direction)], &labels);
    const size_t at = has_sizes(level) ? bucket_of(event->bytes) : 0;
    atomic_fetch_add_explicit(&series->counts[at], 1, memory_order_relaxed);
    if (has_sizes(level))
        atomic_fetch_add_explicit(&series->sum, event->bytes, memory_order_relaxed);
}

void mqc__telemetry_count(struct mqc__telemetry *telemetry,
                          const struct mqc__telemetry_event *event)
{
    char rooms[3][CLEAN_BYTES];
    struct mqc__series_labels all = {.app = mqc_view_text("unknown")};
    if (event->app.size > 0)
        all.app = clean_label(event->app, rooms[0]);
    if (telemetry->levels[event->side] & ~(unsigned)MQC__TELEMETRY_INFO) {
        all.topic = topic_label(telemetry, event->topic, rooms[1]);
        all.handler = clean_label(event->handler, rooms[2]);
    }
    for (size_t level = 0; level < LEVEL_COUNT; level++)
        if (is_on(telemetry, event->side, level))
            count_in(telemetry, level, event, &all);
}

/* --- Writing ------------------------------------------------------------------------------------
 */

struct writing {
    struct mqc__prometheus *writer;
    size_t family;
    bool has_begun;
};

static void begin(struct writing *writing)
{
    if (writing->has_begun)
        return;
    writing->has_begun = true;
    if (has_sizes(level_of(writing->family)))
        mqc__prometheus_begin_histogram(writing->writer, families[writing->family].name,
                                        families[writing->family].help);
    else
        mqc__prometheus_begin_counter(writing->writer, families[writing->family].name,
                                      families[writing->family].help);
}

static size_t write_labels(size_t family, const struct mqc__series_labels *labels,
                           struct mqc__prometheus_label labels_out[4])
{
    size_t count = 0;
    if (side_of(family) == MQC__TELEMETRY_WEBSOCKET)
        labels_out[count++] = (struct mqc__prometheus_label){"app", labels->app};
    if (has_topics(level_of(family))) {
        labels_out[count++] = (struct mqc__prometheus_label){"topic", labels->topic};
        labels_out[count++] = (struct mqc__prometheus_label){"handler", labels->handler};
    }
    /* Zeek's place in a script, which there is none of here. */
    if (has_sizes(level_of(family)) && direction_of(family) == MQC__TELEMETRY_OUTGOING)
        labels_out[count++] =
            (struct mqc__prometheus_label){"script_location", mqc_view_text("none")};
    return count;
}

static void write_series(void *context, struct mqc__series *series)
{
    struct writing *writing = context;
    struct mqc__prometheus_label items[4];
    uint64_t counts[MQC__SERIES_COUNTS];
    const struct mqc__prometheus_labels labels = {
        items, write_labels(writing->family, &series->labels, items)};
    for (size_t i = 0; i < MQC__SERIES_COUNTS; i++)
        counts[i] = atomic_load_explicit(&series->counts[i], memory_order_relaxed);
    begin(writing);
    if (!has_sizes(level_of(writing->family))) {
        mqc__prometheus_count(writing->writer, labels, counts[0]);
        return;
    }
    const struct mqc__prometheus_histogram histogram = {
        .bounds = bounds,
        .bound_count = MQC__SERIES_COUNTS - 1,
        .counts = counts,
        .sum = atomic_load_explicit(&series->sum, memory_order_relaxed),
    };
    mqc__prometheus_histogram(writing->writer, labels, &histogram);
}

void mqc__telemetry_write(struct mqc__telemetry *telemetry, struct mqc__prometheus *writer)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        struct writing writing = {.writer = writer, .family = i};
        if (is_on(telemetry, side_of(i), level_of(i)))
            mqc__series_each(&telemetry->tables[i], write_series, &writing);
    }
}
