#include "config/loader.h"

#include "base/utf8.h"
#include "config/spelling.h"

#include <stdio.h>

#define NAMES_BYTES 120

/* Writes the first `count` names as "a, b or c", with `joint` before the last; cut to fit. */
static void join_names(const struct mqc__field_names *names, size_t count, const char *joint,
                       char text_out[NAMES_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < NAMES_BYTES; i++) {
        const char *before = i + 1 < count ? ", " : joint;
        used += (size_t)snprintf(text_out + used, NAMES_BYTES - used, "%s%s", i == 0 ? "" : before,
                                 names->list[i]);
    }
}

static size_t count_names(const struct mqc__field_names *names)
{
    size_t count = 0;
    while (names->list[count] != NULL)
        count++;
    return count;
}

static void report_unknown(struct mqc__loader *loader, const struct mqc__pair *pair,
                           const struct mqc__field_names *names)
{
    char excerpt[MQC__EXCERPT_BYTES];
    char expected[NAMES_BYTES];
    const char *nearest = mqc__spelling_nearest(pair->key, names->list);
    (void)mqc__excerpt(pair->key, excerpt);
    join_names(names, count_names(names), " or ", expected);
    mqc__problems_add(loader->problems, &pair->key_spot, "unknown key %s; %s%s%s", excerpt,
                      nearest != NULL ? "did you mean " : "expected ",
                      nearest != NULL ? nearest : expected, nearest != NULL ? "?" : "");
}

static void report_missing(struct mqc__loader *loader, const struct mqc__spot *spot,
                           const struct mqc__field_names *names, const struct mqc__pair *values)
{
    for (size_t i = 0; i < names->required_count; i++)
        if (values[i].value == NULL)
            mqc__problems_add(loader->problems, spot, "the key %s is missing", names->list[i]);
}

static void take_field(struct mqc__loader *loader, const struct mqc__pair *pair,
                       const struct mqc__field_names *names, struct mqc__pair *values_out)
{
    size_t at = 0;
    while (names->list[at] != NULL && !mqc_view_equal(mqc_view_text(names->list[at]), pair->key))
        at++;
    if (names->list[at] == NULL)
        report_unknown(loader, pair, names);
    else if (pair->value != NULL)
        values_out[at] = *pair;
}

bool mqc__read_fields(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_t *node, const struct mqc__field_names *names,
                      struct mqc__pair *values_out)
{
    struct mqc__pair *pairs = NULL;
    size_t count = 0;
    char required[NAMES_BYTES];
    char expected[NAMES_BYTES + 20];
    join_names(names, names->required_count, " and ", required);
    (void)snprintf(expected, sizeof expected, "a mapping with %s", required);
    const size_t before = loader->problems->count;
    if (!mqc__read_mapping(loader, spot, node, expected, &pairs, &count))
        return false;
    memset(values_out, 0, count_names(names) * sizeof *values_out);
    for (size_t i = 0; i < count; i++)
        take_field(loader, &pairs[i], names, values_out);
    /* A key with a slip in it is probably the one that is missing. */
    if (loader->problems->count == before)
        report_missing(loader, spot, names, values_out);
    return !mqc__loader_must_stop(loader);
}
