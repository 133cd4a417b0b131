/*
 * A receiver of the crash test: logs every event that its handler gets. What is uncertain, because
 * the node was killed while its handlers ran, it looks up in its log first, as an application would
 * that must not do a thing twice.
 *     crash_receiver CONFIG FOLDER NAME START TOPIC...
 * Subscribes to the topics, beside that of the node itself. Says "ready" once, and answers "quit".
 */
#include "crash/node.h"
#include "crash/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Two events of so many keep the handler for up to that long, so that queues fill now and then, and
 * so that it is killed before and after it has logged an event. */
#define SLOW_ONE_OF 40
#define SLOW_US_MAX 2000

static bool is_padding_right(struct mqc_view padding, uint64_t number)
{
    for (size_t i = 0; i < padding.size; i++) {
        if (padding.data[i] != (char)('a' + number % 26))
            return false;
    }
    return true;
}

static struct crash_record record_of(const struct mqc_message *message)
{
    const struct mqc_value *args = message->event->args; /* declared so */
    return (struct crash_record){.start = (uint32_t)args[0].as.count,
                                 .thread = (uint16_t)args[1].as.count,
                                 .topic = (uint16_t)args[2].as.count,
                                 .number = (uint32_t)args[3].as.count,
                                 .kind = CRASH_KIND_HANDLED,
                                 .is_uncertain = message->is_uncertain,
                                 .sequence = message->sequence};
}

/* Says whether the handler of this process or of an earlier one had the event already. */
static bool is_known(int log, const struct crash_record *record)
{
    struct crash_record last;
    return record->is_uncertain && crash_log_find_last(log, record, &last) &&
           last.number == record->number;
}

static void slow_down(uint32_t number, bool is_before)
{
    if (number % SLOW_ONE_OF == (is_before ? SLOW_ONE_OF / 2 : 0))
        (void)usleep(number * 7919U % SLOW_US_MAX);
}

static void on_event(void *context, const struct mqc_message *message)
{
    const struct crash_node *node = context;
    struct crash_record record = record_of(message);
    if (!is_padding_right(message->event->args[4].as.text, record.number)) {
        crash_node_answer(node, "broken padding");
        _exit(EXIT_FAILURE);
    }
    slow_down(record.number, true);
    if (is_known(node->log, &record))
        record.kind = CRASH_KIND_KNOWN;
    if (!crash_log_append(node->log, record)) {
        crash_node_answer(node, "the log cannot be written");
        _exit(EXIT_FAILURE);
    }
    slow_down(record.number, false);
}

static bool subscribe(struct crash_node *node, char **topics, struct mqc_error_info *info)
{
    for (; *topics != NULL; topics++) {
        if (mqc_subscribe(node->backend, mqc_view_text(*topics), MQC_MATCH_LEVEL, info) != MQC_OK)
            return false;
    }
    return true;
}

static void serve(const struct crash_node *node)
{
    char line[16];
    bool is_ready = false;
    for (;;) {
        if (!is_ready && mqc_backend_wait_ready(node->backend, 1) == MQC_OK) {
            is_ready = true;
            crash_node_answer(node, "ready");
        }
        if (crash_node_wait_for_command(node, line, sizeof line) && strcmp(line, "quit") == 0)
            return;
    }
}

int main(int argc, char **argv)
{
    if (argc < 1 + CRASH_USAGE_COUNT) {
        (void)fprintf(stderr, "Usage: crash_receiver " CRASH_USAGE " TOPIC...\n");
        return 2;
    }
    struct crash_node node;
    struct mqc_error_info info = {.code = MQC_OK};
    bool is_good = crash_node_open(&node, argv + 1);
    if (is_good && (mqc_on_event(node.backend, CRASH_EVENT, on_event, &node, &info) != MQC_OK ||
                    !subscribe(&node, argv + 1 + CRASH_USAGE_COUNT, &info) ||
                    mqc_backend_init(node.backend, NULL, &info) != MQC_OK))
        is_good = crash_node_complain(&node, "init", &info);
    if (is_good)
        serve(&node);
    (void)crash_node_free(&node);
    crash_node_answer(&node, "done");
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
