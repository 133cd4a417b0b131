#include "support/suite.h"

#include "test_ws_support.h"

#define MESSAGE_BYTES_MAX ((size_t)1000)
#define ENDLESS ((size_t)1 << 30)

#define TEXT 0x1U
#define BINARY 0x2U
#define MORE 0x0U
#define CLOSE 0x8U
#define PING 0x9U
#define PONG 0xaU

/* Feeds the bytes whole, byte by byte, and cut at every place; the same must come of it. */
static void check_transcript(struct mqc_view bytes, const char *expected)
{
    for (size_t cut = 0; cut <= bytes.size; cut++) {
        const size_t piece_bytes = cut == 0 ? 1 : ENDLESS;
        struct mqc__ws_frames *frames = mqc__ws_frames_new(MESSAGE_BYTES_MAX);
        REQUIRE(frames != NULL);
        struct mqc__buffer lines;
        mqc__buffer_init(&lines, 1 << 20);
        frames_transcribe(frames, bytes, cut == 0 ? 1 : cut, piece_bytes, &lines);
        CHECK_VIEW_TEXT(mqc__buffer_view(&lines), expected);
        mqc__buffer_fini(&lines);
        mqc__ws_frames_free(&frames);
        CHECK(frames == NULL);
    }
}

struct frame_case {
    struct client_frame frames[4];
    const char *expected;
};

static void check_frames(const struct frame_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mqc__buffer bytes;
        mqc__buffer_init(&bytes, 1 << 20);
        for (size_t j = 0; j < 4 && cases[i].frames[j].payload != NULL; j++) {
            const struct client_frame *frame = &cases[i].frames[j];
            client_frame_write(frame->first, mqc_view_text(frame->payload), &bytes);
        }
        check_transcript(mqc__buffer_view(&bytes), cases[i].expected);
        mqc__buffer_fini(&bytes);
    }
}

static void test_feed_messages_and_control_frames_come_whole(void)
{
    static const struct frame_case cases[] = {
        {{{FIN | TEXT, "hello"}}, "text hello\n"},
        {{{FIN | TEXT, ""}}, "text \n"},
        {{{TEXT, "a"}, {MORE, "b"}, {FIN | MORE, "c"}, {FIN | TEXT, "d"}}, "text abc\ntext d\n"},
        {{{TEXT, ""}, {MORE, ""}, {FIN | MORE, ""}}, "text \n"},
        {{{TEXT, "a"}, {FIN | PING, "p"}, {FIN | PONG, ""}, {FIN | MORE, "c"}},
         "ping p\npong \ntext ac\n"},
        {{{BINARY, "\xc3"}, {FIN | MORE, "x"}}, "binary \xc3x\n"},
        {{{FIN | PING, ""}, {FIN | PONG, "later"}}, "ping \npong later\n"},
        {{{FIN | CLOSE, ""}, {FIN | TEXT, "unseen"}}, "close 1005 \n"},
        {{{FIN | CLOSE, "\x03\xe8"}}, "close 1000 \n"},
        {{{TEXT, "a"}, {FIN | CLOSE, "\x0f\xa0 bye \xc3\xa4"}, {MORE | RSV1, ""}},
         "close 4000  bye \xc3\xa4\n"},
    };
    check_frames(cases, sizeof cases / sizeof cases[0]);
}

static void test_feed_broken_frames_are_named_as_zeek_does(void)
{
    static const struct frame_case cases[] = {
        {{{FIN | RSV1 | TEXT, "a"}}, "broken 1002 Reserved bit used\n"},
        {{{FIN | RSV2 | PING, "a"}}, "broken 1002 Reserved bit used\n"},
        {{{TEXT, "a"}, {FIN | RSV3 | MORE, ""}}, "broken 1002 Reserved bit used\n"},
        {{{FIN | 0x3U, "a"}}, "broken 1002 Protocol error\n"},
        {{{FIN | 0x7U, ""}}, "broken 1002 Protocol error\n"},
        {{{FIN | 0xbU, ""}}, "broken 1002 Protocol error\n"},
        {{{FIN | 0xfU, ""}}, "broken 1002 Protocol error\n"},
        {{{PING, "a"}}, "broken 1002 Control message fragmented\n"},
        {{{CLOSE, ""}}, "broken 1002 Control message fragmented\n"},
        {{{FIN | MORE, "a"}}, "broken 1002 Fragmentation: continuation opcode out of sequence\n"},
        {{{FIN | TEXT, "a"}, {MORE, "a"}},
         "text a\nbroken 1002 Fragmentation: continuation opcode out of sequence\n"},
        {{{TEXT, "a"}, {FIN | TEXT, "b"}},
         "broken 1002 Fragmentation: data message out of sequence\n"},
        {{{BINARY, "a"}, {BINARY, "b"}},
         "broken 1002 Fragmentation: data message out of sequence\n"},
        {{{FIN | CLOSE, "x"}, {FIN | TEXT, "unseen"}}, "broken 1002 Protocol error\n"},
        {{{FIN | CLOSE, "\x03\xe7"}}, "broken 1002 Invalid close code: 999\n"},
        {{{FIN | CLOSE, "\x03\xed"}}, "broken 1002 Invalid close code: 1005\n"},
        {{{FIN | CLOSE, "\x03\xee"}}, "broken 1002 Invalid close code: 1006\n"},
        {{{FIN | CLOSE, "\x03\xf7"}}, "broken 1002 Invalid close code: 1015\n"},
        {{{FIN | CLOSE, "\x07\xd0"}}, "broken 1002 Invalid close code: 2000\n"},
        {{{FIN | CLOSE, "\x13\x88"}}, "broken 1002 Invalid close code: 5000\n"},
        {{{FIN | CLOSE, "\x03\xe8\xc3"}}, "broken 1007 Invalid frame payload data\n"},
    };
    check_frames(cases, sizeof cases / sizeof cases[0]);
}

static void test_feed_raw_headers_that_are_wrong_are_refused(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *expected;
    } cases[] = {
        {"\x81\x05hello", 7, "broken 1002 Frame of a client not masked\n"},
        {"\x89\x00", 2, "broken 1002 Frame of a client not masked\n"},
        {"\xc1\x00", 2, "broken 1002 Reserved bit used\n"},
        /* Lengths that are not in their shortest form, and one of 64 bits. */
        {"\x81\xfe\x00\x05mask", 8, "broken 1002 Protocol error\n"},
        {"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xffmask", 14, "broken 1002 Protocol error\n"},
        {"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00mask", 14, "broken 1002 Protocol error\n"},
        /* Control frames over 125 bytes, as soon as the header says it. */
        {"\x89\xfe", 2, "broken 1002 Ping reason control frame with payload length > 125 octets\n"},
        {"\x8a\xff", 2, "broken 1002 Control frame with payload length > 125 octets\n"},
        {"\x88\xfe", 2, "broken 1002 Control frame with payload length > 125 octets\n"},
        /* Messages that are announced to be over the limit. */
        {"\x82\xfe\x03\xe9mask", 8, "broken 1009 Message too big, at most 1000 bytes\n"},
        {"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", 14,
         "broken 1009 Message too big, at most 1000 bytes\n"},
        {"\x81\xfe\x03\xe8mask", 8, ""},
        {"\x81", 1, ""},
        {"\x81\xfe\x03", 3, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_transcript(mqc_view_bytes(cases[i].bytes, cases[i].size), cases[i].expected);
}

static void test_feed_text_that_is_not_utf8_ends_at_its_first_bad_byte(void)
{
    static const struct frame_case cases[] = {
        {{{FIN | TEXT, "a\xff"}}, "broken 1007 Invalid frame payload data\n"},
        {{{FIN | TEXT, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"}},
         "text \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n"},
        /* Unfinished at the end of the message. */
        {{{FIN | TEXT, "a\xe2\x82"}}, "broken 1007 Invalid frame payload data\n"},
        {{{TEXT, "a\xe2\x82"}, {FIN | MORE, ""}}, "broken 1007 Invalid frame payload data\n"},
        /* Finished by the next fragment, with a ping in between. */
        {{{TEXT, "a\xe2"}, {FIN | PING, "\xff"}, {MORE, "\x82"}, {FIN | MORE, "\xac"}},
         "ping \xff\ntext a\xe2\x82\xac\n"},
        /* Not to be finished: before the message ends. */
        {{{TEXT, "\xed\xa0"}}, "broken 1007 Invalid frame payload data\n"},
        {{{TEXT, "\xf4"}, {MORE, "\x90"}}, "broken 1007 Invalid frame payload data\n"},
        {{{TEXT, "ok"}, {MORE, "\xc0"}}, "broken 1007 Invalid frame payload data\n"},
    };
    check_frames(cases, sizeof cases / sizeof cases[0]);
}

static void test_feed_message_bytes_count_over_all_fragments(void)
{
    char payload[MESSAGE_BYTES_MAX + 1];
    memset(payload, 'x', sizeof payload);
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, 1 << 20);
    struct mqc__buffer expected;
    mqc__buffer_init(&expected, 1 << 20);
    client_frame_write(TEXT, mqc_view_bytes(payload, 600), &bytes);
    client_frame_write(FIN | MORE, mqc_view_bytes(payload, 400), &bytes);
    client_frame_write(TEXT, mqc_view_bytes(payload, 1000), &bytes);
    client_frame_write(MORE, mqc_view_text(""), &bytes);
    client_frame_write(MORE, mqc_view_bytes(payload, 1), &bytes);
    (void)mqc__buffer_append_text(&expected, "text ");
    (void)mqc__buffer_append(&expected, payload, 1000);
    (void)mqc__buffer_append(&expected, "\nbroken 1009 Message too big, at most 1000 bytes\n\0",
                             50);
    check_transcript(mqc__buffer_view(&bytes), expected.data);
    mqc__buffer_fini(&expected);
    mqc__buffer_fini(&bytes);
}

static void test_feed_any_bytes_of_a_binary_message_come_back(void)
{
    struct mqc__ws_frames *frames = mqc__ws_frames_new((size_t)1 << 20);
    REQUIRE(frames != NULL);
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, (size_t)1 << 21);
    static char payload[200000];
    struct test_random random = {.state = 1};
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)test_random_below(&random, 256);
    static const size_t sizes[] = {0, 1, 125, 126, 4095, 4096, 4097, 65535, 65536, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct mqc_view expected = mqc_view_bytes(payload, sizes[i]);
        struct mqc__ws_input input;
        mqc__buffer_clear(&bytes);
        client_frame_write(FIN | BINARY, expected, &bytes);
        CHECK_UNSIGNED(mqc__ws_frames_feed(frames, mqc__buffer_view(&bytes), &input), bytes.size);
        CHECK_INT(input.kind, MQC__WS_MESSAGE);
        CHECK(!input.is_text);
        CHECK(mqc_view_equal(input.payload, expected));
    }
    mqc__buffer_fini(&bytes);
    mqc__ws_frames_free(&frames);
}

static void test_feed_takes_up_to_the_end_of_a_thing(void)
{
    struct mqc__ws_frames *frames = mqc__ws_frames_new(MESSAGE_BYTES_MAX);
    REQUIRE(frames != NULL);
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, 1000);
    client_frame_write(FIN | TEXT, mqc_view_text("one"), &bytes);
    const size_t one = bytes.size;
    client_frame_write(FIN | CLOSE, mqc_view_text(""), &bytes);
    const size_t two = bytes.size;
    client_frame_write(FIN | TEXT, mqc_view_text("three"), &bytes);
    struct mqc__ws_input input;
    const struct mqc_view all = mqc__buffer_view(&bytes);
    CHECK_UNSIGNED(mqc__ws_frames_feed(frames, all, &input), one);
    CHECK_INT(input.kind, MQC__WS_MESSAGE);
    CHECK_UNSIGNED(mqc__ws_frames_feed(frames, mqc_view_text(NULL), &input), 0);
    CHECK_INT(input.kind, MQC__WS_NOTHING);
    CHECK_UNSIGNED(mqc__ws_frames_feed(frames, mqc_view_bytes(all.data + one, two - one), &input),
                   two - one);
    CHECK_INT(input.kind, MQC__WS_CLOSE);
    /* After a close everything is taken unseen. */
    CHECK_UNSIGNED(mqc__ws_frames_feed(frames, all, &input), all.size);
    CHECK_INT(input.kind, MQC__WS_NOTHING);
    mqc__buffer_fini(&bytes);
    mqc__ws_frames_free(&frames);
    mqc__ws_frames_free(&frames);
}

static void test_feed_ten_thousand_fragments_are_one_message(void)
{
    struct mqc__ws_frames *frames = mqc__ws_frames_new(20000);
    REQUIRE(frames != NULL);
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, 1 << 20);
    for (unsigned i = 0; i < 10000; i++)
        client_frame_write((i == 0 ? TEXT : MORE) | (i == 9999 ? FIN : 0),
                           mqc_view_text(i % 2 == 0 ? "\xc3" : "\xa4"), &bytes);
    struct mqc__ws_input input;
    CHECK_UNSIGNED(mqc__ws_frames_feed(frames, mqc__buffer_view(&bytes), &input), bytes.size);
    CHECK_INT(input.kind, MQC__WS_MESSAGE);
    CHECK_UNSIGNED(input.payload.size, 10000);
    mqc__buffer_fini(&bytes);
    mqc__ws_frames_free(&frames);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"feed_messages_and_control_frames_come_whole",
         test_feed_messages_and_control_frames_come_whole},
        {"feed_broken_frames_are_named_as_zeek_does",
         test_feed_broken_frames_are_named_as_zeek_does},
        {"feed_raw_headers_that_are_wrong_are_refused",
         test_feed_raw_headers_that_are_wrong_are_refused},
        {"feed_text_that_is_not_utf8_ends_at_its_first_bad_byte",
         test_feed_text_that_is_not_utf8_ends_at_its_first_bad_byte},
        {"feed_message_bytes_count_over_all_fragments",
         test_feed_message_bytes_count_over_all_fragments},
        {"feed_any_bytes_of_a_binary_message_come_back",
         test_feed_any_bytes_of_a_binary_message_come_back},
        {"feed_takes_up_to_the_end_of_a_thing", test_feed_takes_up_to_the_end_of_a_thing},
        {"feed_ten_thousand_fragments_are_one_message",
         test_feed_ten_thousand_fragments_are_one_message},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.frame", tests);
}
