#include "config/problems.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXTS_BYTES_MAX ((size_t)1 << 20)
#define TEXT_BYTES ((size_t)600)

void mqc__problems_init(struct mqc__problems *problems, const char *file)
{
    *problems = (struct mqc__problems){.file = file};
    mqc__arena_init(&problems->arena, TEXTS_BYTES_MAX);
}

static void keep(struct mqc__problems *problems, const struct mqc__spot *spot, const char *text)
{
    struct mqc_view key;
    struct mqc_view copy;
    if (!mqc__arena_copy(&problems->arena, mqc_view_text(spot->key), &key) ||
        !mqc__arena_copy(&problems->arena, mqc_view_text(text), &copy)) {
        problems->is_out_of_memory = true;
        return;
    }
    problems->items[problems->count++] = (struct mqc_config_problem){
        .file = problems->file,
        .line = spot->line,
        .column = spot->column,
        .key = key.data,
        .text = copy.data,
    };
}

void mqc__problems_add(struct mqc__problems *problems, const struct mqc__spot *spot,
                       const char *format, ...)
{
    char text[TEXT_BYTES];
    if (problems->count == MQC__PROBLEMS_MAX) {
        problems->is_full = true;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep(problems, spot, text);
}

bool mqc__problems_must_stop(const struct mqc__problems *problems)
{
    return problems->is_full || problems->is_out_of_memory;
}

static bool stands_before(const struct mqc_config_problem *a, const struct mqc_config_problem *b)
{
    const unsigned a_line = a->line != 0 ? a->line : UINT_MAX;
    const unsigned b_line = b->line != 0 ? b->line : UINT_MAX;
    return a_line != b_line ? a_line < b_line : a->column < b->column;
}

/* By insertion: few, nearly sorted, and equal places keep their order. */
static void sort(struct mqc__problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        const struct mqc_config_problem item = problems->items[i];
        size_t at = i;
        for (; at > 0 && stands_before(&item, &problems->items[at - 1]); at--)
            problems->items[at] = problems->items[at - 1];
        problems->items[at] = item;
    }
}

void mqc__problems_report(struct mqc__problems *problems, mqc_config_problem_fn problem,
                          void *context)
{
    if (problem == NULL)
        return;
    sort(problems);
    for (size_t i = 0; i < problems->count; i++)
        problem(context, &problems->items[i]);
    if (!problems->is_full)
        return;
    const struct mqc_config_problem more = {
        .file = problems->file,
        .key = "",
        .text = "there are more mistakes, which are not listed",
    };
    problem(context, &more);
}

void mqc__problems_fini(struct mqc__problems *problems)
{
    mqc__arena_fini(&problems->arena);
}
