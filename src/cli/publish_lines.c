#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/publisher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_LIMIT ((size_t)1024 * 1024)

/* How often the progress line is looked after while no input comes. */
#define IDLE_MS 500

static void complain(struct mqc__publisher *publisher, const struct mqc__lines *lines,
                     const struct mqc_error_info *info)
{
    const char *text = info->text[0] != '\0' ? info->text : mqc_error_text(info->code);
    const char *colon = info->place[0] != '\0' ? ": " : "";
    mqc__client_report(&publisher->client, "line %" PRIu64 ": %s%s%s", lines->number, info->place,
                       colon, text);
}

static bool is_blank(struct mqc_view line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return false;
    return true;
}

/* Publishes what one line says; false when there is no use in going on. */
static bool publish_line(struct mqc__publisher *publisher, const struct mqc__lines *lines,
                         struct mqc_view line)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_request *request = NULL;
    if (is_blank(line))
        return true;
    if (mqc_request_from_json(publisher->client.backend, line, &request, &info) != MQC_OK) {
        publisher->refused_count++;
        complain(publisher, lines, &info);
        return true;
    }
    const enum mqc__offer offer = mqc__publisher_offer(publisher, request, &info);
    mqc_request_free(&request);
    if (offer != MQC__OFFER_ACCEPTED)
        complain(publisher, lines, &info);
    return offer != MQC__OFFER_ENDED;
}

static void refuse_long_line(struct mqc__publisher *publisher, const struct mqc__lines *lines)
{
    publisher->refused_count++;
    mqc__client_report(&publisher->client, "line %" PRIu64 ": over %zu bytes", lines->number,
                       LINE_LIMIT);
}

/* Waits for input and reads it; false when it cannot be read or memory ran out. */
static bool read_more(struct mqc__publisher *publisher, struct mqc__lines *lines)
{
    if (!mqc__client_wait(&publisher->client, STDIN_FILENO, IDLE_MS))
        return true;
    const enum mqc_error error = mqc__lines_read(lines, STDIN_FILENO);
    if (error == MQC_EIO)
        mqc__client_report(&publisher->client, "cannot read standard input: %s", strerror(errno));
    else if (error != MQC_OK)
        mqc__client_report(&publisher->client, "%s", mqc_error_text(error));
    return error == MQC_OK;
}

/* Handles all input until its end, a signal, or an error that ends everything; false for the
 * last. */
static bool publish_input(struct mqc__publisher *publisher, struct mqc__lines *lines)
{
    bool is_going = true;
    while (is_going && !publisher->client.was_stopped) {
        struct mqc_view line;
        switch (mqc__lines_next(lines, &line)) {
        case MQC__LINES_LINE: is_going = publish_line(publisher, lines, line); break;
        case MQC__LINES_TOO_LONG: refuse_long_line(publisher, lines); break;
        case MQC__LINES_MORE: is_going = read_more(publisher, lines); break;
        case MQC__LINES_END: return true;
        }
        mqc__publisher_show(publisher);
    }
    return is_going;
}

/* Whether a signal left input behind; says where it did. */
static bool was_cut_short(struct mqc__publisher *publisher, const struct mqc__lines *lines)
{
    if (!publisher->client.was_stopped || mqc__lines_is_done(lines))
        return false;
    mqc__client_report(&publisher->client, "stopped after line %" PRIu64, lines->number);
    return true;
}

int mqc__publish_lines(struct mqc__publisher *publisher, bool shows_progress)
{
    struct mqc__lines lines;
    mqc__lines_init(&lines, LINE_LIMIT);
    if (shows_progress)
        mqc__progress_start(&publisher->client.progress, mqc__client_now_ms());
    bool is_done = publish_input(publisher, &lines);
    if (was_cut_short(publisher, &lines))
        is_done = false;
    mqc__lines_fini(&lines);
    if (publisher->refused_count != 0)
        mqc__client_report(&publisher->client, "%" PRIu64 " of %" PRIu64 " events were refused",
                           publisher->refused_count,
                           publisher->refused_count + publisher->accepted_count);
    return is_done && publisher->refused_count == 0 ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}
