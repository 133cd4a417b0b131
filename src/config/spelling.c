#include "config/spelling.h"

#include <stdint.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t mqc__spelling_tolerance(struct mqc_view word)
{
    return word.size < 3 ? 0 : smaller(1 + word.size / 5, 4);
}

static size_t next_cell(struct mqc_view a, struct mqc_view b, size_t i, size_t j,
                        size_t rows[3][MQC__SPELLING_BYTES_MAX + 1])
{
    const size_t *older = rows[0];
    const size_t *old = rows[1];
    const size_t *row = rows[2];
    const char x = a.data[i - 1];
    const char y = b.data[j - 1];
    size_t least = smaller(smaller(old[j], row[j - 1]) + 1, old[j - 1] + (x != y));
    if (i > 1 && j > 1 && x == b.data[j - 2] && a.data[i - 2] == y)
        least = smaller(least, older[j - 2] + 1);
    return least;
}

size_t mqc__spelling_distance(struct mqc_view a, struct mqc_view b)
{
    if (a.size > MQC__SPELLING_BYTES_MAX || b.size > MQC__SPELLING_BYTES_MAX)
        return SIZE_MAX;
    size_t rows[3][MQC__SPELLING_BYTES_MAX + 1] = {{0}};
    for (size_t j = 0; j <= b.size; j++)
        rows[2][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        memcpy(rows[0], rows[1], sizeof rows[0]);
        memcpy(rows[1], rows[2], sizeof rows[0]);
        rows[2][0] = i;
        for (size_t j = 1; j <= b.size; j++)
            rows[2][j] = next_cell(a, b, i, j, rows);
    }
    return rows[2][b.size];
}

const char *mqc__spelling_nearest(struct mqc_view word, const char *const *names)
{
    const char *nearest = NULL;
    size_t least = mqc__spelling_tolerance(word) + 1;
    for (; *names != NULL; names++) {
        const size_t distance = mqc__spelling_distance(word, mqc_view_text(*names));
        if (distance < least) {
            least = distance;
            nearest = *names;
        }
    }
    return nearest;
}
