#include "examples/tracker.h"

#include "support/suite.h"

#include <stdio.h>

/* An end on host 1 to 255, with a port. */
static struct tcp_end end_of(uint8_t host, uint16_t port)
{
    struct tcp_end end = {.port = port};
    memset(end.address + 10, 0xff, 2);
    end.address[12] = 10;
    end.address[15] = host;
    return end;
}

struct log {
    char text[1000];
    size_t size;
    bool refuses;
};

static bool note(void *context, const struct connection *connection)
{
    struct log *log = context;
    if (log->refuses)
        return false;
    const int size = snprintf(log->text + log->size, sizeof log->text - log->size,
                              "%u:%u>%u:%u %s;", connection->originator.address[15],
                              connection->originator.port, connection->responder.address[15],
                              connection->responder.port, tcp_state_name(connection->state));
    REQUIRE(size > 0 && (size_t)size < sizeof log->text - log->size);
    log->size += (size_t)size;
    return true;
}

static void add(struct tracker *tracker, struct tcp_end local, struct tcp_end remote,
                enum tcp_state state)
{
    const struct tcp_entry entry = {local, remote, state};
    tracker_add(tracker, &entry);
}

/* Ends a look and compares what it reported. */
static void expect(struct tracker *tracker, struct log *log, const char *expected)
{
    log->size = 0;
    log->text[0] = '\0';
    tracker_finish_look(tracker, note, log);
    CHECK_TEXT(log->text, expected);
}

static void test_tracker_reports_new_and_changed_once(void)
{
    struct log log = {.size = 0};
    struct tracker *tracker = tracker_new(8);
    REQUIRE(tracker != NULL);
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_SYN_SENT);
    expect(tracker, &log, "1:5000>2:80 SYN_SENT;");
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "1:5000>2:80 ESTABLISHED;");
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "");
    expect(tracker, &log, "");
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "1:5000>2:80 ESTABLISHED;");
    tracker_free(&tracker);
    CHECK(tracker == NULL);
}

static void test_tracker_listening_side_is_the_responder(void)
{
    struct log log = {.size = 0};
    struct tracker *tracker = tracker_new(8);
    REQUIRE(tracker != NULL);
    add(tracker, end_of(1, 22), end_of(3, 6000), TCP_STATE_ESTABLISHED);
    add(tracker, end_of(1, 5000), end_of(3, 22), TCP_STATE_ESTABLISHED);
    add(tracker, end_of(0, 22), end_of(0, 0), TCP_STATE_LISTEN);
    expect(tracker, &log, "1:5000>3:22 ESTABLISHED;3:6000>1:22 ESTABLISHED;");
    /* Nobody listens any more. */
    add(tracker, end_of(1, 22), end_of(3, 6000), TCP_STATE_ESTABLISHED);
    add(tracker, end_of(1, 5000), end_of(3, 22), TCP_STATE_CLOSE_WAIT);
    expect(tracker, &log, "1:5000>3:22 CLOSE_WAIT;");
    tracker_free(&tracker);
}

/* The table is not read at one moment: a socket may be in it before the port it was accepted at. */
static void test_tracker_wrong_guess_is_corrected(void)
{
    struct log log = {.size = 0};
    struct tracker *tracker = tracker_new(8);
    REQUIRE(tracker != NULL);
    add(tracker, end_of(1, 80), end_of(1, 5000), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "1:80>1:5000 ESTABLISHED;");
    add(tracker, end_of(0, 80), end_of(0, 0), TCP_STATE_LISTEN);
    add(tracker, end_of(1, 80), end_of(1, 5000), TCP_STATE_ESTABLISHED);
    add(tracker, end_of(1, 5000), end_of(1, 80), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "1:5000>1:80 ESTABLISHED;");
    add(tracker, end_of(1, 80), end_of(1, 5000), TCP_STATE_ESTABLISHED);
    add(tracker, end_of(1, 5000), end_of(1, 80), TCP_STATE_CLOSE_WAIT);
    expect(tracker, &log, "1:5000>1:80 CLOSE_WAIT;");
    tracker_free(&tracker);
}

static void test_tracker_both_sockets_here_count_once(void)
{
    struct log log = {.size = 0};
    struct tracker *tracker = tracker_new(8);
    REQUIRE(tracker != NULL);
    add(tracker, end_of(1, 80), end_of(1, 5000), TCP_STATE_FIN_WAIT2);
    add(tracker, end_of(1, 5000), end_of(1, 80), TCP_STATE_CLOSE_WAIT);
    add(tracker, end_of(1, 80), end_of(0, 0), TCP_STATE_LISTEN);
    expect(tracker, &log, "1:5000>1:80 CLOSE_WAIT;");
    /* Only the responder's socket is left. */
    add(tracker, end_of(1, 80), end_of(1, 5000), TCP_STATE_TIME_WAIT);
    add(tracker, end_of(1, 80), end_of(0, 0), TCP_STATE_LISTEN);
    expect(tracker, &log, "1:5000>1:80 TIME_WAIT;");
    tracker_free(&tracker);
}

static void test_tracker_what_was_not_passed_on_comes_again(void)
{
    struct log log = {.refuses = true};
    struct tracker *tracker = tracker_new(8);
    REQUIRE(tracker != NULL);
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_SYN_SENT);
    expect(tracker, &log, "");
    log.refuses = false;
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_SYN_SENT);
    expect(tracker, &log, "1:5000>2:80 SYN_SENT;");
    log.refuses = true;
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "");
    log.refuses = false;
    add(tracker, end_of(1, 5000), end_of(2, 80), TCP_STATE_ESTABLISHED);
    expect(tracker, &log, "1:5000>2:80 ESTABLISHED;");
    tracker_free(&tracker);
}

static void test_tracker_beyond_its_limit_counts(void)
{
    enum { LIMIT = 100, ENTRIES = 150 };
    struct log log = {.refuses = true};
    struct tracker *tracker = tracker_new(LIMIT);
    REQUIRE(tracker != NULL);
    for (unsigned i = 0; i < ENTRIES; i++)
        add(tracker, end_of(1, (uint16_t)(1000 + i)), end_of(2, 80), TCP_STATE_ESTABLISHED);
    CHECK_UNSIGNED(tracker_unwatched(tracker), ENTRIES - LIMIT);
    expect(tracker, &log, "");
    tracker_free(&tracker);
    tracker_free(&tracker);
}

static bool count(void *context, const struct connection *connection)
{
    (void)connection;
    ++*(size_t *)context;
    return true;
}

static void test_tracker_agrees_with_a_naive_count(void)
{
    enum { LIMIT = 200, LOOKS = 50 };
    struct test_random random = {11};
    static enum tcp_state states[256];
    struct tracker *tracker = tracker_new(LIMIT);
    REQUIRE(tracker != NULL);
    memset(states, 0, sizeof states);
    for (int look = 0; look < LOOKS; look++) {
        size_t expected = 0;
        size_t reported = 0;
        size_t entries = 0;
        for (unsigned i = 0; i < 256; i++) {
            const enum tcp_state state = (enum tcp_state)test_random_below(&random, 3);
            if (state == 0 || entries == LIMIT) {
                states[i] = (enum tcp_state)0;
                continue;
            }
            entries++;
            expected += states[i] != state;
            states[i] = state;
            add(tracker, end_of(1, (uint16_t)(20000 + i)), end_of((uint8_t)i, 80), state);
        }
        tracker_finish_look(tracker, count, &reported);
        CHECK_UNSIGNED(reported, expected);
    }
    tracker_free(&tracker);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new and changed", test_tracker_reports_new_and_changed_once},
        {"responder", test_tracker_listening_side_is_the_responder},
        {"wrong guess", test_tracker_wrong_guess_is_corrected},
        {"both sockets", test_tracker_both_sockets_here_count_once},
        {"refused", test_tracker_what_was_not_passed_on_comes_again},
        {"limit", test_tracker_beyond_its_limit_counts},
        {"naive", test_tracker_agrees_with_a_naive_count},
        CU_TEST_INFO_NULL,
    };
    return suite_run("examples.tracker", tests);
}
