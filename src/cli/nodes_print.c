#include "cli/nodes_print.h"

#include "cli/output.h"
#include "cli/record.h"

enum { NAME, TYPE, STATE, ID, SINCE, LAST_SEEN, PADDED_COUNT };

static const char *const headings[PADDED_COUNT] = {"NAME", "TYPE",  "STATE",
                                                   "ID",   "SINCE", "LAST SEEN"};

/* What stands in a row, but for the pools. */
struct row {
    const char *cells[PADDED_COUNT];
    char since[MQC__RECORD_TIME_BYTES];
    char last_seen[MQC__RECORD_TIME_BYTES];
};

static const char *time_or_dash(int64_t ns, char text_out[MQC__RECORD_TIME_BYTES])
{
    if (ns == 0)
        return "-";
    mqc__record_time(ns, text_out);
    return text_out;
}

static void make_row(const struct mqc__listed_node *node, struct row *row)
{
    row->cells[NAME] = node->name;
    row->cells[TYPE] = node->type;
    row->cells[STATE] = node->is_up ? "up" : "down";
    row->cells[ID] = node->id[0] != '\0' ? node->id : "-";
    row->cells[SINCE] = time_or_dash(node->since_ns, row->since);
    row->cells[LAST_SEEN] = time_or_dash(node->last_seen_ns, row->last_seen);
}

/* Bytes that would steer a terminal become '?': names and ids come from other hosts. */
static void add_cell(struct mqc__record *record, const char *text, int width)
{
    int size = 0;
    for (; text[size] != '\0'; size++) {
        const unsigned char byte = (unsigned char)text[size];
        mqc__record_add(record, "%c", byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
    mqc__record_add(record, "%*s", size < width ? width - size : 0, "");
}

static void widen(int widths[PADDED_COUNT], const char *const cells[PADDED_COUNT])
{
    for (size_t i = 0; i < PADDED_COUNT; i++)
        if ((int)strlen(cells[i]) > widths[i])
            widths[i] = (int)strlen(cells[i]);
}

static void add_pools(struct mqc__record *record, const struct mqc__listed_node *node)
{
    if (node->pool_count == 0)
        mqc__record_add(record, "-");
    for (size_t i = 0; i < node->pool_count; i++) {
        mqc__record_add(record, "%s", i == 0 ? "" : ",");
        add_cell(record, node->pools[i], 0);
    }
}

static bool print_row(const char *who, const char *const cells[PADDED_COUNT],
                      const int widths[PADDED_COUNT], const struct mqc__listed_node *node)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    for (size_t i = 0; i < PADDED_COUNT; i++)
        add_cell(&record, cells[i], widths[i] + 2);
    if (node != NULL)
        add_pools(&record, node);
    else
        mqc__record_add(&record, "POOLS");
    return mqc__record_print(&record, who);
}

bool mqc__nodes_print_table(const char *who, const struct mqc__node_list *list)
{
    int widths[PADDED_COUNT] = {0};
    struct row row;
    widen(widths, headings);
    for (size_t i = 0; i < list->count; i++) {
        make_row(&list->items[i], &row);
        widen(widths, row.cells);
    }
    bool is_printed = print_row(who, headings, widths, NULL);
    for (size_t i = 0; i < list->count && is_printed; i++) {
        make_row(&list->items[i], &row);
        is_printed = print_row(who, row.cells, widths, &list->items[i]);
    }
    return is_printed;
}

static void add_text_or_null(struct mqc__record *record, const char *name, const char *text)
{
    mqc__record_add(record, ",\"%s\":", name);
    if (text[0] != '\0')
        mqc__record_add_string(record, mqc_view_text(text));
    else
        mqc__record_add(record, "null");
}

static void add_time_or_null(struct mqc__record *record, const char *name, int64_t ns)
{
    char text[MQC__RECORD_TIME_BYTES] = "";
    if (ns != 0)
        mqc__record_time(ns, text);
    add_text_or_null(record, name, text);
}

static bool print_json(const char *who, const struct mqc__listed_node *node)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record, "{\"name\":");
    mqc__record_add_string(&record, mqc_view_text(node->name));
    add_text_or_null(&record, "type", node->type);
    add_text_or_null(&record, "id", node->id);
    mqc__record_add(&record, ",\"up\":%s", node->is_up ? "true" : "false");
    add_time_or_null(&record, "since", node->since_ns);
    add_time_or_null(&record, "last_seen", node->last_seen_ns);
    mqc__record_add(&record, ",\"pools\":[");
    for (size_t i = 0; i < node->pool_count; i++) {
        mqc__record_add(&record, "%s", i == 0 ? "" : ",");
        mqc__record_add_string(&record, mqc_view_text(node->pools[i]));
    }
    mqc__record_add(&record, "]}");
    return mqc__record_print(&record, who);
}

bool mqc__nodes_print_json(const char *who, const struct mqc__node_list *list)
{
    bool is_printed = true;
    for (size_t i = 0; i < list->count && is_printed; i++)
        is_printed = print_json(who, &list->items[i]);
    return is_printed;
}

static bool print_change_line(const char *who, const struct mqc__listed_node *node,
                              const struct mqc__change *change)
{
    struct mqc__record record;
    char at[MQC__RECORD_TIME_BYTES];
    mqc__record_time(change->at_ns, at);
    mqc__record_begin(&record);
    add_cell(&record, at, 0);
    mqc__record_add(&record, "  %-4s  ", change->is_up ? "up" : "down");
    add_cell(&record, node->name, 0);
    mqc__record_add(&record, "  %s  ", node->type);
    add_cell(&record, change->id, 0);
    return mqc__record_print(&record, who);
}

bool mqc__nodes_print_change(const char *who, const struct mqc__listed_node *node,
                             const struct mqc__change *change, bool is_json)
{
    if (!is_json)
        return print_change_line(who, node, change);
    struct mqc__listed_node changed = *node;
    changed.id = change->id;
    if (changed.is_up != change->is_up)
        changed.since_ns = change->at_ns;
    changed.is_up = change->is_up;
    return print_json(who, &changed);
}
