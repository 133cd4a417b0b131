#include "support/suite.h"

#include "ws/frame.h"

static void test_head_has_the_shortest_length(void)
{
    static const struct {
        size_t payload_bytes;
        const char *head;
        size_t size;
    } cases[] = {
        {0, "\x81\x00", 2},
        {125, "\x81\x7d", 2},
        {126, "\x81\x7e\x00\x7e", 4},
        {65535, "\x81\x7e\xff\xff", 4},
        {65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
        {0x12345678, "\x81\x7f\x00\x00\x00\x00\x12\x34\x56\x78", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char head[MQC__WS_HEAD_BYTES_MAX];
        const size_t size = mqc__ws_frame_head(MQC__WS_OPCODE_TEXT, cases[i].payload_bytes, head);
        CHECK_VIEW(mqc_view_bytes(head, size), mqc_view_bytes(cases[i].head, cases[i].size));
    }
}

static void test_control_carries_and_cuts_its_payload(void)
{
    unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
    size_t size = mqc__ws_frame_control(MQC__WS_OPCODE_PONG, mqc_view_text("xyz"), frame);
    CHECK_VIEW(mqc_view_bytes(frame, size), mqc_view_bytes("\x8a\x03xyz", 5));
    size = mqc__ws_frame_control(MQC__WS_OPCODE_PING, mqc_view_text(NULL), frame);
    CHECK_VIEW(mqc_view_bytes(frame, size), mqc_view_bytes("\x89\x00", 2));
    char large[200];
    memset(large, 'x', sizeof large);
    size = mqc__ws_frame_control(MQC__WS_OPCODE_PING, mqc_view_bytes(large, sizeof large), frame);
    CHECK_UNSIGNED(size, 127);
    CHECK_VIEW(mqc_view_bytes(frame, 3), mqc_view_bytes("\x89\x7dx", 3));
}

static void test_close_has_code_and_reason(void)
{
    static const struct {
        unsigned code;
        const char *reason;
        const char *frame;
        size_t size;
    } cases[] = {
        {1001, "Terminating", "\x88\x0d\x03\xe9Terminating", 15},
        {4999, "", "\x88\x02\x13\x87", 4},
        {1011, "a\xff b", "\x88\x03\x03\xf3\x61", 5},
        {1005, "unseen", "\x88\x00", 2},
        {1006, "", "\x88\x00", 2},
        {0, "", "\x88\x00", 2},
        {5000, "", "\x88\x00", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
        const size_t size =
            mqc__ws_frame_close(cases[i].code, mqc_view_text(cases[i].reason), frame);
        CHECK_VIEW(mqc_view_bytes(frame, size), mqc_view_bytes(cases[i].frame, cases[i].size));
    }
}

static void test_close_cuts_a_long_reason_between_characters(void)
{
    char reason[130];
    for (size_t at = 118; at <= 123; at++) {
        memset(reason, 'x', sizeof reason);
        memcpy(reason + at, "\xf0\x9f\x98\x80", 4);
        unsigned char frame[MQC__WS_CONTROL_FRAME_BYTES_MAX];
        const size_t size = mqc__ws_frame_close(1008, mqc_view_bytes(reason, sizeof reason), frame);
        CHECK_UNSIGNED(size, 4 + (at + 4 <= 123 ? 123 : at));
        CHECK_UNSIGNED(frame[1], size - 2);
    }
}

static void test_is_code_sent_knows_the_registered_codes(void)
{
    static const unsigned sent[] = {1000, 1003, 1007, 1011, 1012, 1014, 3000, 4999};
    static const unsigned unsent[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++)
        CHECK(mqc__ws_is_code_sent(sent[i]));
    for (size_t i = 0; i < sizeof unsent / sizeof unsent[0]; i++)
        CHECK(!mqc__ws_is_code_sent(unsent[i]));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"head_has_the_shortest_length", test_head_has_the_shortest_length},
        {"control_carries_and_cuts_its_payload", test_control_carries_and_cuts_its_payload},
        {"close_has_code_and_reason", test_close_has_code_and_reason},
        {"close_cuts_a_long_reason_between_characters",
         test_close_cuts_a_long_reason_between_characters},
        {"is_code_sent_knows_the_registered_codes", test_is_code_sent_knows_the_registered_codes},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.frame_write", tests);
}
