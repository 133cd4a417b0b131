#include "cli/spelling.h"

#include "cli/cli.h"

#include <string.h>

#define WORD_BYTES 32

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Wagner and Fischer's distance, one row of the table at a time. */
size_t mqc__spelling_distance(const char *a, const char *b)
{
    const size_t a_size = strlen(a);
    const size_t b_size = strlen(b);
    size_t row[WORD_BYTES + 1];
    if (a_size > WORD_BYTES || b_size > WORD_BYTES)
        return a_size > b_size ? a_size : b_size;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_size];
}

const char *mqc__spelling_nearest(const char *name)
{
    const char *nearest = NULL;
    size_t nearest_distance = 3; /* further apart is another word, not a slip */
    const size_t size = strlen(name);
    for (const struct mqc__command *command = mqc__commands; command->name != NULL; command++) {
        if (size >= 2 && strncmp(command->name, name, size) == 0)
            return command->name;
        const size_t distance = mqc__spelling_distance(name, command->name);
        if (distance < nearest_distance && distance < size) {
            nearest = command->name;
            nearest_distance = distance;
        }
    }
    return nearest;
}
