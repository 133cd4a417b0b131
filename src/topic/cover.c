#include "topic/cover.h"

#include "topic/subscriptions.h"

#include <stdlib.h>
#include <string.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Orders filters by what stands before their '#', so that one comes before all that it covers. */
static int compare_filters(const void *a, const void *b)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    while (*left == *right && *left != '#') {
        left++;
        right++;
    }
    if (*left == '#' || *right == '#')
        return COMPARE(*right == '#', *left == '#');
    return COMPARE((unsigned char)*left, (unsigned char)*right);
}

/* One covers another when what stands before its '#' is a prefix, and then nothing that it does not
 * cover sorts between the two: so only the last that covers anything is to be looked at. */
size_t mqc__cover(const char **filters, size_t count, const struct mqc__cover_rule *rule)
{
    const char *cover = NULL;
    size_t kept = 0;
    if (count > 1)
        qsort(filters, count, sizeof *filters, compare_filters);
    for (size_t i = 0; i < count; i++) {
        const bool is_repeated = kept != 0 && strcmp(filters[kept - 1], filters[i]) == 0;
        if (is_repeated || (cover != NULL && mqc__filter_covers(cover, filters[i])))
            continue;
        filters[kept++] = filters[i];
        if (rule == NULL || !rule->is_refused(rule->context, filters[i]))
            cover = filters[i];
    }
    return kept;
}
