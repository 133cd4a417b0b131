#include "mqtt/filters_priv.h"

#include <stdlib.h>
#include <string.h>

/* What the broker has answered to the desired filters among those that were looked at. */
struct answers {
    bool is_granted;
    bool is_missing;
    bool is_refused;
};

static void add_answer(const struct mqc__filters *filters, const char *text,
                       struct answers *answers)
{
    const struct mqc__filter *filter = mqc__filters_find(filters, text);
    if (filter == NULL || !filter->is_desired)
        return;
    answers->is_granted |= filter->state == MQC__FILTER_ACTIVE;
    answers->is_missing |= filter->state == MQC__FILTER_UNKNOWN;
    answers->is_refused |= filter->state == MQC__FILTER_REFUSED;
}

/* Looks at every filter that has some of the levels of this one and '#' behind; uses up the text.
 */
static void add_wider(const struct mqc__filters *filters, char *text, struct answers *answers)
{
    size_t size = strlen(text);
    while (size != 0) {
        size--;
        if (size != 0 && text[size - 1] != '/')
            continue;
        text[size] = '#';
        text[size + 1] = '\0';
        add_answer(filters, text, answers);
    }
}

enum mqc_error mqc__filters_serve(const struct mqc__filters *filters, const char *text)
{
    struct answers answers = {0};
    add_answer(filters, text, &answers);
    const bool is_refused = answers.is_refused;
    /* Where this one is desired, no wider one was known to serve it. */
    if (answers.is_granted || answers.is_missing)
        return answers.is_granted ? MQC_OK : MQC_ETIMEOUT;
    char *wider = strdup(text);
    if (wider == NULL)
        return MQC_ENOMEM;
    add_wider(filters, wider, &answers);
    free(wider);
    if (answers.is_granted)
        return MQC_OK;
    if (answers.is_missing)
        return MQC_ETIMEOUT;
    if (is_refused)
        return MQC_EREFUSED;
    /* A wider one alone was refused: its owner wants this one in its place now. */
    return answers.is_refused ? MQC_ETIMEOUT : MQC_OK;
}
