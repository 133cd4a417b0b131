#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* The largest payload that MQTT can carry (MQTT 1.5.5). */
#define PAYLOAD_LIMIT ((size_t)268435455)
#define FIRST_BYTES ((size_t)64 * 1024)

static const char usage[] =
    "Usage: mqcluster decode [OPTION...]\n"
    "\n"
    "Reads one MQTT payload from standard input and prints the events in it as JSON, one a\n"
    "line; an empty payload is a failure. For instance:\n"
    "  mosquitto_sub -t 'mqcluster/site-7/event/#' -C 1 -N | mqcluster decode\n"
    "\n"
    "      --content-type TYPE  the payload's MQTT content type; else it is found out by\n"
    "                           looking at the payload\n"
    "  -h, --help               print this text\n";

struct payload {
    char *data;
    size_t size;
    size_t capacity;
};

static bool make_room(struct payload *payload)
{
    if (payload->size < payload->capacity)
        return true;
    /* One byte more than allowed shows that there is more than allowed. */
    size_t capacity = payload->capacity == 0 ? FIRST_BYTES : payload->capacity * 2;
    if (capacity > PAYLOAD_LIMIT + 1)
        capacity = PAYLOAD_LIMIT + 1;
    char *data = realloc(payload->data, capacity);
    if (data == NULL)
        return false;
    payload->data = data;
    payload->capacity = capacity;
    return true;
}

/* Events of no bytes do not exist: the pipe before this one has failed. */
static bool is_payload(const char *who, const struct payload *payload)
{
    if (payload->size == 0)
        mqc__report(who, "the payload is empty; nothing to decode");
    return payload->size != 0;
}

/* Reads all of standard input; the caller frees payload->data also on failure. */
static bool read_payload(const char *who, struct payload *payload)
{
    while (payload->size <= PAYLOAD_LIMIT) {
        if (!make_room(payload)) {
            mqc__report(who, "%s", mqc_error_text(MQC_ENOMEM));
            return false;
        }
        const ssize_t got =
            read(STDIN_FILENO, payload->data + payload->size, payload->capacity - payload->size);
        if (got == 0)
            return is_payload(who, payload);
        if (got > 0) {
            payload->size += (size_t)got;
        } else if (errno != EINTR) {
            mqc__report(who, "cannot read standard input: %s", strerror(errno));
            return false;
        }
    }
    mqc__report(who, "over %zu bytes are more than an MQTT payload can have", PAYLOAD_LIMIT);
    return false;
}

struct printer {
    const char *who;
    bool has_failed;
};

static void print_message(void *context, const struct mqc_message *message)
{
    struct printer *printer = context;
    char *text = NULL;
    if (printer->has_failed)
        return;
    if (mqc_message_to_json(message, &text) != MQC_OK) {
        mqc__report(printer->who, "%s", mqc_error_text(MQC_ENOMEM));
        printer->has_failed = true;
        return;
    }
    printer->has_failed = !mqc__output_line(printer->who, text);
    free(text);
}

static int decode(const char *who, const char *content_type)
{
    struct payload payload = {0};
    struct printer printer = {.who = who};
    struct mqc_error_info info;
    int status = MQC__EXIT_FAILED;
    if (read_payload(who, &payload)) {
        const struct mqc_view bytes = mqc_view_bytes(payload.data, payload.size);
        if (mqc_payload_decode(bytes, content_type, print_message, &printer, &info) != MQC_OK)
            mqc__report_error(who, &info);
        else if (!printer.has_failed)
            status = MQC__EXIT_DONE;
    }
    free(payload.data);
    return status;
}

int mqc__cli_decode(int argc, char **argv)
{
    static const struct option longs[] = {{"content-type", required_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *content_type = NULL;
    for (int option; (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (option == 'h')
            return mqc__print_usage(argv[0], usage);
        if (option != 't')
            return mqc__usage_hint(argv[0]);
        content_type = optarg;
    }
    if (optind != argc) {
        mqc__report(argv[0], "unexpected argument '%s': the payload comes on standard input",
                    argv[optind]);
        return mqc__usage_hint(argv[0]);
    }
    return decode(argv[0], content_type);
}
