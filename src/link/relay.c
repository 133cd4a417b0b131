#include "link/relay.h"

#include "link/link_deadline.h"
#include "link/relay_wire_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/* Read at once at most, so that a busy direction leaves the other its turn. */
#define CHUNK_BYTES ((size_t)64 * 1024)

/* The same where a filter may have something to add. */
#define FILTERED_BYTES (CHUNK_BYTES / 2)

enum { POLL_CLIENT, POLL_BROKER, POLL_STOP, POLL_WAKE, POLL_COUNT };

static bool pipe_init(struct mqc__relay_pipe *pipe, size_t capacity)
{
    *pipe = (struct mqc__relay_pipe){.capacity = capacity, .bytes = malloc(capacity)};
    return pipe->bytes != NULL;
}

enum mqc_error mqc__relay_init(struct mqc__relay *relay, size_t buffer_bytes)
{
    *relay = (struct mqc__relay){.stop_fd = -1, .wake_fd = -1};
    if (buffer_bytes < 2 * CHUNK_BYTES)
        buffer_bytes = 2 * CHUNK_BYTES;
    const bool has_up = pipe_init(&relay->up, buffer_bytes);
    const bool has_down = pipe_init(&relay->down, buffer_bytes);
    if (has_up && has_down)
        return MQC_OK;
    mqc__relay_fini(relay);
    return MQC_ENOMEM;
}

enum mqc_error mqc__relay_set_filter(struct mqc__relay *relay,
                                     const struct mqc__link_filter *filter)
{
    relay->up.filter = *filter;
    if (filter->pass != NULL && relay->up.unfiltered == NULL)
        relay->up.unfiltered = malloc(FILTERED_BYTES);
    return filter->pass == NULL || relay->up.unfiltered != NULL ? MQC_OK : MQC_ENOMEM;
}

void mqc__relay_fini(struct mqc__relay *relay)
{
    free(relay->up.unfiltered);
    relay->up.unfiltered = NULL;
    free(relay->up.bytes);
    free(relay->down.bytes);
    relay->up.bytes = NULL;
    relay->down.bytes = NULL;
}

/* Small reads into a nearly full buffer cost more than they bring: there is room when a good part
 * of the buffer is free. */
static bool has_room(const struct mqc__relay_pipe *pipe)
{
    return pipe->capacity - pipe->end >= CHUNK_BYTES || pipe->begin >= pipe->capacity / 2;
}

static bool wants_read(const struct mqc__relay_pipe *pipe)
{
    return !pipe->has_source_ended && has_room(pipe);
}

/* Moves the contents to the front, at most half a buffer for half a buffer that was written. */
static void make_room(struct mqc__relay_pipe *pipe)
{
    if (pipe->capacity - pipe->end >= CHUNK_BYTES)
        return;
    memmove(pipe->bytes, pipe->bytes + pipe->begin, pipe->end - pipe->begin);
    pipe->end -= pipe->begin;
    pipe->begin = 0;
}

static void drop_contents(struct mqc__relay_pipe *pipe)
{
    pipe->begin = 0;
    pipe->end = 0;
}

/* Lets bytes pass the filter into the pipe, and what that has held back; none: that alone. */
static void filter(struct mqc__relay_pipe *pipe, size_t size)
{
    struct mqc__link_outgoing out = {.bytes = pipe->bytes + pipe->end,
                                     .capacity = pipe->capacity - pipe->end};
    pipe->has_failed =
        !pipe->filter.pass(pipe->filter.context, mqc_view_bytes(pipe->unfiltered, size), &out);
    pipe->end += out.size;
    pipe->wants_filter = out.has_more;
}

static bool wants_filter(const struct mqc__relay_pipe *pipe)
{
    return pipe->wants_filter && !pipe->is_done && has_room(pipe);
}

static void refilter(struct mqc__relay_pipe *pipe)
{
    if (!wants_filter(pipe))
        return;
    make_room(pipe);
    filter(pipe, 0);
    if (pipe->is_target_gone)
        drop_contents(pipe);
}

static enum mqc__wire_status read_some(struct mqc__relay_pipe *pipe, size_t *moved_out)
{
    const size_t room = pipe->capacity - pipe->end;
    if (pipe->filter.pass == NULL) {
        const enum mqc__wire_status status =
            mqc__wire_read(pipe->source, pipe->bytes + pipe->end,
                           room < CHUNK_BYTES ? room : CHUNK_BYTES, moved_out);
        pipe->end += *moved_out;
        return status;
    }
    const enum mqc__wire_status status =
        mqc__wire_read(pipe->source, pipe->unfiltered, FILTERED_BYTES, moved_out);
    if (*moved_out != 0)
        filter(pipe, *moved_out);
    return status;
}

/* Returns how many bytes were read. */
static size_t fill(struct mqc__relay_pipe *pipe)
{
    if (!wants_read(pipe) || !(pipe->is_source_ready || pipe->source->has_more))
        return 0;
    make_room(pipe);
    size_t moved = 0;
    const enum mqc__wire_status status = read_some(pipe, &moved);
    pipe->has_source_ended = status == MQC__WIRE_ENDED || status == MQC__WIRE_FAILED;
    if (pipe->is_target_gone)
        drop_contents(pipe);
    return moved;
}

/* The target takes no more. It is read to its end, for what it said before. */
static void lose_target(struct mqc__relay_pipe *pipe)
{
    pipe->is_target_gone = true;
    drop_contents(pipe);
    mqc__wire_break(pipe->target);
}

static void empty(struct mqc__relay_pipe *pipe)
{
    if (pipe->begin == pipe->end || pipe->target->is_write_blocked)
        return;
    size_t moved = 0;
    const struct mqc_view waiting =
        mqc_view_bytes(pipe->bytes + pipe->begin, pipe->end - pipe->begin);
    const enum mqc__wire_status status = mqc__wire_write(pipe->target, waiting, &moved);
    pipe->begin += moved;
    if (pipe->begin == pipe->end)
        drop_contents(pipe);
    if (status == MQC__WIRE_FAILED)
        lose_target(pipe);
}

static void pass_end_on(struct mqc__relay_pipe *pipe)
{
    if (!pipe->has_source_ended || pipe->begin != pipe->end || pipe->wants_filter || pipe->is_done)
        return;
    pipe->is_done = pipe->is_target_gone || mqc__wire_finish(pipe->target) != MQC__WIRE_BLOCKED;
}

/* Says why the broker's side has ended, unless the client's had before. */
static void report_broker(struct mqc__relay *relay)
{
    const struct mqc__wire *broker = relay->broker;
    if (!relay->up.has_source_ended && !relay->is_stopping)
        relay->broker_ended(relay->context,
                            broker->failure.tag != NULL ? &broker->failure : &mqc__link_closed);
}

/* A client whose link is closed writes no more: what is there is all there is. */
static bool is_last_reading(const struct mqc__relay *relay)
{
    return relay->is_stopping && wants_read(&relay->up);
}

static void move_up(struct mqc__relay *relay)
{
    struct mqc__relay_pipe *up = &relay->up;
    const bool is_last = is_last_reading(relay);
    up->is_source_ready = up->is_source_ready || is_last;
    const size_t moved = fill(up);
    up->has_source_ended = up->has_source_ended || (is_last && moved == 0);
    empty(up);
    refilter(up);
    empty(up);
    pass_end_on(up);
}

static void move_down(struct mqc__relay *relay)
{
    struct mqc__relay_pipe *down = &relay->down;
    const bool had_ended = down->has_source_ended;
    (void)fill(down);
    if (down->has_source_ended && !had_ended)
        report_broker(relay);
    empty(down);
    pass_end_on(down);
}

static int timeout_ms(const struct mqc__relay *relay)
{
    if (is_last_reading(relay) || wants_filter(&relay->up) ||
        (relay->broker->has_more && wants_read(&relay->down)))
        return 0;
    return relay->is_stopping ? mqc__deadline_left_ms(relay->deadline_ms) : -1;
}

static struct pollfd question(const struct mqc__wire *wire, const struct mqc__relay_pipe *from)
{
    const short events = mqc__wire_events(wire, wants_read(from));
    return (struct pollfd){.fd = events != 0 ? wire->fd : -1, .events = events};
}

static void take_answer(const struct pollfd *polled, struct mqc__relay_pipe *from)
{
    from->is_source_ready = (polled->revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    mqc__wire_polled(from->source, polled->revents);
}

static void stop(struct mqc__relay *relay, unsigned linger_ms)
{
    relay->is_stopping = true;
    relay->deadline_ms = mqc__clock_monotonic_ms() + linger_ms;
    relay->down.is_target_gone = true;
    drop_contents(&relay->down);
}

/* Waits until there is something to do; false: it cannot. */
static bool await_work(struct mqc__relay *relay, unsigned linger_ms)
{
    struct pollfd polled[POLL_COUNT] = {
        [POLL_CLIENT] = question(relay->client, &relay->up),
        [POLL_BROKER] = question(relay->broker, &relay->down),
        [POLL_STOP] = {.fd = relay->is_stopping ? -1 : relay->stop_fd, .events = POLLIN},
        [POLL_WAKE] = {.fd = relay->wake_fd, .events = POLLIN},
    };
    if (poll(polled, POLL_COUNT, timeout_ms(relay)) < 0 && errno != EINTR)
        return false;
    take_answer(&polled[POLL_CLIENT], &relay->up);
    take_answer(&polled[POLL_BROKER], &relay->down);
    if (polled[POLL_STOP].revents != 0)
        stop(relay, linger_ms);
    eventfd_t count = 0;
    if (polled[POLL_WAKE].revents != 0 && eventfd_read(relay->wake_fd, &count) == 0)
        relay->up.wants_filter = true;
    return true;
}

static bool is_over(const struct mqc__relay *relay)
{
    return (relay->up.is_done && relay->down.is_done) ||
           (relay->is_stopping && mqc__deadline_left_ms(relay->deadline_ms) == 0);
}

void mqc__relay_run(struct mqc__relay *relay, unsigned linger_ms)
{
    static const struct mqc__link_failure out_of_memory = {
        .tag = "link_failed",
        .text = "this host is out of memory",
    };
    static const struct mqc__link_failure not_understood = {
        .tag = "link_failed",
        .text = "the MQTT client's bytes are not what is expected, or this host is out of memory",
    };
    relay->up.source = relay->client;
    relay->up.target = relay->broker;
    relay->down.source = relay->broker;
    relay->down.target = relay->client;
    while (!is_over(relay)) {
        if (!await_work(relay, linger_ms)) {
            relay->broker_ended(relay->context, &out_of_memory);
            return;
        }
        move_up(relay);
        if (relay->up.has_failed) {
            relay->broker_ended(relay->context, &not_understood);
            return;
        }
        move_down(relay);
    }
}
