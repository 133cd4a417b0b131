#include "bench/websocket_wire.h"

#include "bench/websocket.h"
#include "support/suite.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM ((size_t)256 * 1024)

/* A client's end of a connection, and the server's, which the test plays. */
struct pair {
    struct websocket_wire wire;
    int server;
};

static struct pair connect_pair(void)
{
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    struct pair pair = {.wire = {.fd = ends[0], .out = malloc(ROOM), .in = malloc(ROOM)},
                        .server = ends[1]};
    REQUIRE(pair.wire.out != NULL && pair.wire.in != NULL);
    return pair;
}

static void close_pair(struct pair *pair)
{
    websocket_wire_close(&pair->wire);
    (void)close(pair->server);
}

/* Reads one masked frame of middle size, and returns its payload's. */
static size_t read_payload(const struct pair *pair, char *payload, size_t room)
{
    unsigned char head[8];
    REQUIRE(read(pair->server, head, sizeof head) == (ssize_t)sizeof head);
    CHECK_UNSIGNED(head[0], 0x81);
    CHECK_UNSIGNED(head[1], 0x80 | 126);
    const size_t size = (size_t)head[2] << 8 | head[3];
    REQUIRE(size < room);
    REQUIRE(read(pair->server, payload, size) == (ssize_t)size);
    for (size_t i = 0; i < size; i++)
        payload[i] = (char)((unsigned char)payload[i] ^ head[4 + i % 4]);
    payload[size] = '\0';
    return size;
}

static void test_put_sends_events_with_their_numbers(void)
{
    struct pair pair = connect_pair();
    struct websocket_frame frame;
    char payload[1000];
    websocket_frame_make(&frame, "bench_ping", true);
    CHECK(!websocket_wire_has_output(&pair.wire));
    CHECK(websocket_wire_put(&pair.wire, &frame, 0));
    CHECK(websocket_wire_put(&pair.wire, &frame, 12345678));
    CHECK(websocket_wire_has_output(&pair.wire));
    CHECK(websocket_wire_flush(&pair.wire));
    CHECK(!websocket_wire_has_output(&pair.wire));
    (void)read_payload(&pair, payload, sizeof payload);
    CHECK_CONTAINS(payload, "\"bench_ping\"");
    CHECK_CONTAINS(payload, "\"data\":100000000},{\"@data-type\":\"string\",\"data\":\"");
    (void)read_payload(&pair, payload, sizeof payload);
    CHECK_CONTAINS(payload, "\"data\":112345678},{");
    CHECK_CONTAINS(payload, WEBSOCKET_FILLING "\"}]}]}]}");
    close_pair(&pair);
}

static size_t write_event(char *bytes, size_t room, const char *text)
{
    const size_t size = strlen(text);
    REQUIRE(size < 126 && size + 2 <= room);
    bytes[0] = (char)0x81;
    bytes[1] = (char)size;
    memcpy(bytes + 2, text, size);
    return size + 2;
}

/* However the bytes come. */
static void test_next_reads_numbers_byte_by_byte(void)
{
    struct pair pair = connect_pair();
    static const char ping[] = {(char)0x89, 2, 'h', 'i'};
    char bytes[500];
    size_t size = write_event(bytes, sizeof bytes, "[\"bench_pong\",{\"data\":100000007}]");
    memcpy(bytes + size, ping, sizeof ping);
    size += sizeof ping;
    size += write_event(bytes + size, sizeof bytes - size, "[\"other\",{\"data\":100000001}]");
    size += write_event(bytes + size, sizeof bytes - size, "[\"bench_end\",{\"data\":100000009}]");
    struct websocket_event events[2];
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        REQUIRE(write(pair.server, bytes + i, 1) == 1);
        CHECK(websocket_wire_fill(&pair.wire));
        while (count < 2 && websocket_wire_next(&pair.wire, &events[count]))
            count++;
    }
    REQUIRE(count == 2);
    CHECK_INT(events[0].kind, 'p');
    CHECK_UNSIGNED(events[0].number, 7);
    CHECK_INT(events[1].kind, 'e');
    CHECK_UNSIGNED(events[1].number, 9);
    CHECK(read(pair.server, bytes, sizeof bytes) == 8); /* the answer to the ping */
    CHECK_UNSIGNED((unsigned char)bytes[0], 0x8a);
    close_pair(&pair);
}

static void test_fill_tells_the_end(void)
{
    struct pair pair = connect_pair();
    CHECK(websocket_wire_fill(&pair.wire));
    (void)shutdown(pair.server, SHUT_RDWR);
    CHECK(!websocket_wire_fill(&pair.wire));
    close_pair(&pair);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"put_sends_events_with_their_numbers", test_put_sends_events_with_their_numbers},
        {"next_reads_numbers_byte_by_byte", test_next_reads_numbers_byte_by_byte},
        {"fill_tells_the_end", test_fill_tells_the_end},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.websocket_wire", tests);
}
