#include "topic/topic.h"

#include "support/suite.h"

#include <stdlib.h>

#define LIMIT_BYTES ((size_t)1 << 20)

static void test_encode_writes_the_contract_form(void)
{
    static const struct {
        struct mqc_view topic;
        const char *encoded;
    } cases[] = {
        {{"", 0}, ""},
        {{NULL, 0}, ""},
        {{"zeek/cluster/worker", 19}, "zeek/cluster/worker"},
        {{"/lead//x/", 9}, "/lead//x/"},
        {{"a+b#c%d", 7}, "a%2Bb%23c%25d"},
        {{"$SYS/x y~", 9}, "$SYS/x y~"},
        {{"\0\x1f\x7f\x80\xff", 5}, "%00%1F%7F%80%FF"},
        {{"\xc3\xa9t\xc3\xa9", 5}, "%C3%A9t%C3%A9"},
        {{"%2B", 3}, "%252B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__buffer encoded;
        struct mqc__buffer decoded;
        mqc__buffer_init(&encoded, LIMIT_BYTES);
        mqc__buffer_init(&decoded, LIMIT_BYTES);
        CHECK(mqc__topic_encode(cases[i].topic, &encoded));
        CHECK_VIEW_TEXT(mqc__buffer_view(&encoded), cases[i].encoded);
        CHECK(mqc__topic_decode(mqc__buffer_view(&encoded), &decoded));
        CHECK_VIEW(mqc__buffer_view(&decoded), cases[i].topic);
        mqc__buffer_fini(&encoded);
        mqc__buffer_fini(&decoded);
    }
}

static void test_every_byte_round_trips_as_printable_ascii(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const char topic[] = {'a', (char)byte, '/'};
        struct mqc__buffer encoded;
        struct mqc__buffer decoded;
        mqc__buffer_init(&encoded, LIMIT_BYTES);
        mqc__buffer_init(&decoded, LIMIT_BYTES);
        CHECK(mqc__topic_encode(mqc_view_bytes(topic, sizeof topic), &encoded));
        for (size_t i = 0; i < encoded.size; i++)
            CHECK(encoded.data[i] >= ' ' && encoded.data[i] <= '~' && encoded.data[i] != '+' &&
                  encoded.data[i] != '#');
        CHECK(mqc__topic_decode(mqc__buffer_view(&encoded), &decoded));
        CHECK_VIEW(mqc__buffer_view(&decoded), mqc_view_bytes(topic, sizeof topic));
        mqc__buffer_fini(&encoded);
        mqc__buffer_fini(&decoded);
    }
}

static void test_decode_refuses_other_forms(void)
{
    static const struct mqc_view cases[] = {
        {"%", 1},    {"a%", 2},  {"a%2", 3},  {"%2b", 3},  {"%41", 3},   {"%2F", 3},
        {"%ZZ", 3},  {"%-1", 3}, {"a+", 2},   {"#", 1},    {"a\0b", 3},  {"\xc3\xa9", 2},
        {"\x7f", 1}, {"% 2", 3}, {"%%25", 4}, {"%0x1", 4}, {"%2B%2", 5}, {"%20", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__buffer decoded;
        mqc__buffer_init(&decoded, LIMIT_BYTES);
        CHECK(!mqc__topic_decode(cases[i], &decoded));
        mqc__buffer_fini(&decoded);
    }
}

/* No two texts mean the same topic, so whatever decodes encodes to the same text. */
static void test_decode_and_encode_are_inverse(void)
{
    static const char alphabet[] = "%012ABb+/#\x01\xff";
    struct test_random random = {.state = 1};
    unsigned decoded_count = 0;
    for (int round = 0; round < 20000; round++) {
        char text[9];
        const size_t size = test_random_below(&random, sizeof text + 1);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[test_random_below(&random, sizeof alphabet - 1)];
        struct mqc__buffer decoded;
        struct mqc__buffer encoded;
        mqc__buffer_init(&decoded, LIMIT_BYTES);
        mqc__buffer_init(&encoded, LIMIT_BYTES);
        if (mqc__topic_decode(mqc_view_bytes(text, size), &decoded)) {
            decoded_count++;
            CHECK(mqc__topic_encode(mqc__buffer_view(&decoded), &encoded));
            CHECK_VIEW(mqc__buffer_view(&encoded), mqc_view_bytes(text, size));
        }
        mqc__buffer_fini(&decoded);
        mqc__buffer_fini(&encoded);
    }
    CHECK(decoded_count > 1000 && decoded_count < 19000);
}

static void test_event_topic_stands_below_the_root(void)
{
    static const struct {
        const char *topic;
        const char *expected;
    } cases[] = {
        {"a/b", "mqcluster/site-7/event/a/b"},
        {"", "mqcluster/site-7/event/"},
        {"/a", "mqcluster/site-7/event//a"},
        {"a+", "mqcluster/site-7/event/a%2B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__buffer buffer;
        struct mqc_view part = {NULL, 0};
        mqc__buffer_init(&buffer, LIMIT_BYTES);
        CHECK_INT(
            mqc__topic_event("mqcluster/site-7", mqc_view_text(cases[i].topic), &buffer, NULL),
            MQC_OK);
        CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), cases[i].expected);
        CHECK(mqc__topic_event_part("mqcluster/site-7", mqc__buffer_view(&buffer), &part));
        CHECK_VIEW_TEXT(part, cases[i].expected + strlen("mqcluster/site-7/event/"));
        mqc__buffer_fini(&buffer);
    }
}

static void test_topics_outside_the_tree_have_no_event_part(void)
{
    static const char *const cases[] = {"",           "r",          "r/event",
                                        "r/eventx/a", "r/node/a",   "R/event/a",
                                        "rr/event/a", "r//event/a", "/r/event/a"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_view part = {NULL, 0};
        CHECK(!mqc__topic_event_part("r", mqc_view_text(cases[i]), &part));
    }
}

/* `size` bytes of `byte`, for the caller to free. */
static struct mqc_view repeated(char byte, size_t size)
{
    char *bytes = malloc(size);
    if (bytes == NULL)
        abort();
    memset(bytes, byte, size);
    return mqc_view_bytes(bytes, size);
}

static void test_limits_of_the_whole_topic_are_exact(void)
{
    /* "r/event/" is 8 bytes and, with what follows, 3 levels. */
    static const struct {
        char byte;
        size_t size;
        const char *problem;
    } cases[] = {
        {'x', 65527, NULL}, {'x', 65528, "would be 65536 bytes long, the limit is 65535"},
        {'+', 21842, NULL}, {'+', 21843, "would be 65537 bytes long"},
        {'/', 197, NULL},   {'/', 198, "would have 201 levels, the limit is 200"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_view topic = repeated(cases[i].byte, cases[i].size);
        struct mqc_error_info info = {.code = MQC_OK};
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, LIMIT_BYTES);
        CHECK(mqc__buffer_append_text(&buffer, "before"));
        const enum mqc_error error = mqc__topic_event("r", topic, &buffer, &info);
        CHECK_INT(error, cases[i].problem != NULL ? MQC_ETOPIC : MQC_OK);
        if (cases[i].problem != NULL) {
            CHECK_CONTAINS(info.text, cases[i].problem);
            CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "before");
        }
        mqc__buffer_fini(&buffer);
        free((char *)topic.data);
    }
}

static void test_full_buffer_is_left_as_it_was(void)
{
    for (size_t limit = 2; limit < 16; limit++) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, limit);
        CHECK(mqc__buffer_append_text(&buffer, "ab"));
        CHECK_INT(mqc__topic_event("r", mqc_view_text("x+/y"), &buffer, NULL), MQC_ENOMEM);
        CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "ab");
        CHECK(!mqc__buffer_failed(&buffer));
        mqc__buffer_fini(&buffer);
    }
}

static void test_root_is_checked(void)
{
    static const struct {
        const char *root;
        const char *problem;
    } cases[] = {
        {"mqcluster/site-7", NULL},
        {"x", NULL},
        {"a b/\xc3\xa9/\xe2\x82\xac/\xf0\x9f\x90\x9d", NULL},
        {"a$", NULL},
        {"a//b", NULL},
        {"", "is empty"},
        {"/a", "begins or ends with '/'"},
        {"a/", "begins or ends with '/'"},
        {"$share/a", "begins with '$'"},
        {"a/+/b", "wildcards"},
        {"a#", "wildcards"},
        {"a\xff", "not valid UTF-8"},
        {"a\xc3", "not valid UTF-8"},
        {"a\xc0\x80", "not valid UTF-8"},
        {"a\xe0\x9f\xbf", "not valid UTF-8"},
        {"a\xed\xa0\x80", "not valid UTF-8"},
        {"a\xf0\x8f\xbf\xbf", "not valid UTF-8"},
        {"a\xf4\x90\x80\x80", "not valid UTF-8"},
        {"a\xf8\x88\x80\x80\x80", "not valid UTF-8"},
        {"a\x80", "not valid UTF-8"},
        {"a\tb", "brokers refuse"},
        {"a\x7f", "brokers refuse"},
        {"a\xc2\x85", "brokers refuse"},
        {"a\xef\xbf\xbf", "brokers refuse"},
        {"a\xef\xb7\x90", "brokers refuse"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info = {.code = MQC_OK};
        const enum mqc_error error = mqc__topic_check_root(cases[i].root, &info);
        CHECK_INT(error, cases[i].problem != NULL ? MQC_ETOPIC : MQC_OK);
        if (cases[i].problem != NULL)
            CHECK_CONTAINS(info.text, cases[i].problem);
    }
}

static void test_root_is_at_most_1000_bytes(void)
{
    char root[1002];
    memset(root, 'a', sizeof root - 1);
    root[1001] = '\0';
    CHECK_INT(mqc__topic_check_root(root, NULL), MQC_ETOPIC);
    root[1000] = '\0';
    CHECK_INT(mqc__topic_check_root(root, NULL), MQC_OK);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"encode_writes_the_contract_form", test_encode_writes_the_contract_form},
        {"every_byte_round_trips_as_printable_ascii",
         test_every_byte_round_trips_as_printable_ascii},
        {"decode_refuses_other_forms", test_decode_refuses_other_forms},
        {"decode_and_encode_are_inverse", test_decode_and_encode_are_inverse},
        {"event_topic_stands_below_the_root", test_event_topic_stands_below_the_root},
        {"topics_outside_the_tree_have_no_event_part",
         test_topics_outside_the_tree_have_no_event_part},
        {"limits_of_the_whole_topic_are_exact", test_limits_of_the_whole_topic_are_exact},
        {"full_buffer_is_left_as_it_was", test_full_buffer_is_left_as_it_was},
        {"root_is_checked", test_root_is_checked},
        {"root_is_at_most_1000_bytes", test_root_is_at_most_1000_bytes},
        CU_TEST_INFO_NULL,
    };
    return suite_run("topic.topic", tests);
}
