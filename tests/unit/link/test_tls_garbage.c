/* What a peer must not do, at every offset: nothing hangs, crashes or gets through. */
#include "test_tls_pair.h"

#include <stdlib.h>

#define RECORDED_BYTES_MAX ((size_t)8192)

static struct mqc__tls_config *client_config;
static struct mqc__tls_config *server_config;

static void make_configs(void)
{
    const struct mqc__tls_options client = tls_client_options("client");
    struct mqc__tls_options server = tls_server_options("server");
    server.client_certificate = MQC__TLS_CLIENT_CERTIFICATE_REQUIRED;
    client_config = tls_config(&client);
    server_config = tls_config(&server);
}

static void drop_configs(void)
{
    mqc__tls_config_unref(&client_config);
    mqc__tls_config_unref(&server_config);
}

static void start(struct tls_pair *pair)
{
    REQUIRE(mqc__tls_new(client_config, "broker.test", NULL, &pair->client, NULL) == MQC_OK);
    REQUIRE(mqc__tls_new(server_config, NULL, NULL, &pair->server, NULL) == MQC_OK);
}

/* What is done to one byte of the stream from one side to the other. */
enum harm {
    HARM_CUT,  /* the transport ends before it */
    HARM_FLIP, /* some of its bits are turned */
    HARM_ADD,  /* another byte comes before it */
    HARM_DROP, /* it is missing */
};

struct stream {
    struct mqc__tls *from;
    struct mqc__tls *to;
    size_t offset; /* of what comes next */
    bool is_hit;
};

static void give(struct mqc__tls *to, char byte)
{
    CHECK_UNSIGNED(mqc__tls_input(to, mqc_view_bytes(&byte, 1)), 1);
    (void)mqc__tls_step(to);
}

/* Carries what waits, and harms the byte at `place`; false when it was cut off there. */
static bool carry_harmed(struct stream *stream, enum harm harm, size_t place)
{
    struct mqc_view output = mqc__tls_output(stream->from);
    for (; output.size > 0; stream->offset++, output = mqc__tls_output(stream->from)) {
        const char byte = output.data[0];
        mqc__tls_output_taken(stream->from, 1);
        const bool is_hit = stream->offset == place;
        stream->is_hit = stream->is_hit || is_hit;
        if (is_hit && harm == HARM_CUT) {
            mqc__tls_input_end(stream->to);
            (void)mqc__tls_step(stream->to);
            return false;
        }
        if (is_hit && harm == HARM_ADD)
            give(stream->to, (char)(byte ^ 0x15));
        if (!is_hit || harm != HARM_DROP)
            give(stream->to, (char)(is_hit && harm == HARM_FLIP ? byte ^ 0x15 : byte));
    }
    return true;
}

static const char *read_state(struct mqc__tls *tls)
{
    char bytes[64];
    size_t size = 0;
    while (mqc__tls_read(tls, bytes, sizeof bytes, &size) == MQC__TLS_ESTABLISHED)
        continue;
    return tls_state(tls);
}

/* What must hold after the handshake with one harm, or with none: a signature's length varies, and
 * so does that of the stream. */
static void check_harmed(struct tls_pair *pair, struct mqc__tls *victim, bool is_hit,
                         enum harm harm)
{
    if (!is_hit) {
        CHECK_TEXT(tls_state(pair->client), "established");
        CHECK_TEXT(tls_state(pair->server), "established");
    } else if (harm == HARM_CUT) {
        CHECK(strncmp(read_state(victim), "tls_", 4) == 0);
        CHECK(mqc__tls_failure(victim)->info.text[0] != '\0');
    } else {
        /* A longer record may still be waited for, but the two do not agree. */
        CHECK(strcmp(read_state(pair->client), "established") != 0 ||
              strcmp(read_state(pair->server), "established") != 0);
    }
}

static bool has_failed(struct mqc__tls *tls)
{
    return mqc__tls_step(tls) == MQC__TLS_FAILED;
}

/* Runs the handshake with one harm on one of the ways; returns how many bytes went that way. */
static size_t run_harmed(enum harm harm, size_t place, bool is_to_client)
{
    struct tls_pair pair;
    start(&pair);
    struct stream up = {.from = pair.client, .to = pair.server};
    struct stream down = {.from = pair.server, .to = pair.client};
    struct stream *harmed = is_to_client ? &down : &up;
    size_t before = SIZE_MAX;
    while (!has_failed(harmed->to) && up.offset + down.offset != before) {
        before = up.offset + down.offset;
        (void)mqc__tls_step(pair.client);
        (void)carry_harmed(&up, harm, is_to_client ? SIZE_MAX : place);
        (void)carry_harmed(&down, harm, is_to_client ? place : SIZE_MAX);
    }
    check_harmed(&pair, harmed->to, harmed->is_hit, harm);
    const size_t carried = harmed->offset;
    tls_pair_fini(&pair);
    return carried;
}

/* RFC 8446 5.1: the version in the header of the first record is ignored. */
static bool may_be_anything(enum harm harm, size_t place, bool is_to_client)
{
    return harm == HARM_FLIP && !is_to_client && place == 2;
}

/* Every so many bytes; with MQC_TEST_EVERY_OFFSET in the environment at each, which takes a minute
 * or two. */
static void run_everywhere(enum harm harm, bool is_to_client, size_t stride)
{
    make_configs();
    if (getenv("MQC_TEST_EVERY_OFFSET") != NULL)
        stride = 1;
    const size_t size = run_harmed(harm, SIZE_MAX, is_to_client);
    CHECK(size > 100 && size < RECORDED_BYTES_MAX);
    for (size_t place = 0; place < size; place += stride) {
        if (!may_be_anything(harm, place, is_to_client))
            (void)run_harmed(harm, place, is_to_client);
    }
    drop_configs();
}

static void test_garbage_cut_anywhere_named(void)
{
    run_everywhere(HARM_CUT, true, 97);
    run_everywhere(HARM_CUT, false, 101);
}

static void test_garbage_flipped_anywhere_not_established(void)
{
    run_everywhere(HARM_FLIP, true, 103);
    run_everywhere(HARM_FLIP, false, 107);
}

static void test_garbage_added_anywhere_not_established(void)
{
    run_everywhere(HARM_ADD, true, 167);
    run_everywhere(HARM_ADD, false, 173);
}

static void test_garbage_dropped_anywhere_not_established(void)
{
    run_everywhere(HARM_DROP, true, 167);
    run_everywhere(HARM_DROP, false, 173);
}

static const struct {
    const char *bytes;
    const char *text;
} strangers[] = {
    {"HTTP/1.1 400 Bad Request\r\n\r\n", "'HTTP/1.1 400 Bad Request\\x0d"},
    {"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"},
    {" \x02", "' \\x02'"},
    {"\x16\x02\x01", "begins with"},
    {"\x80\x2e\x01", "begins with"},
    {"\x15", ""},
};

static void test_garbage_not_tls_named(void)
{
    make_configs();
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        struct tls_pair pair;
        start(&pair);
        const bool may_be_tls = strangers[i].bytes[0] == '\x15';
        struct mqc__tls *sides[] = {pair.client, pair.server};
        for (size_t side = 0; side < 2; side++) {
            (void)mqc__tls_step(sides[side]);
            (void)mqc__tls_input(sides[side], mqc_view_text(strangers[i].bytes));
            CHECK_TEXT(tls_state(sides[side]), may_be_tls ? "waiting" : "tls_not_tls");
            CHECK_CONTAINS(mqc__tls_failure(sides[side])->info.text, strangers[i].text);
        }
        tls_pair_fini(&pair);
    }
    drop_configs();
}

static void test_garbage_random_records_fail(void)
{
    struct test_random random = {.state = 7};
    make_configs();
    for (int i = 0; i < 200; i++) {
        struct tls_pair pair;
        char record[300] = {0x16, 0x03, 0x03, 0x01, 0x00};
        start(&pair);
        record[0] = (char)(20 + test_random_below(&random, 4));
        for (size_t at = 5; at < sizeof record; at++)
            record[at] = (char)test_random_next(&random);
        (void)mqc__tls_step(pair.client);
        (void)mqc__tls_input(pair.client, mqc_view_bytes(record, sizeof record));
        (void)mqc__tls_input(pair.server, mqc_view_bytes(record, sizeof record));
        CHECK(strcmp(tls_state(pair.client), "established") != 0);
        CHECK(strcmp(tls_state(pair.server), "established") != 0);
        tls_pair_fini(&pair);
    }
    drop_configs();
}

/* Harms one byte of a record of data; nothing of it may arrive. */
static void check_harmed_record(size_t place)
{
    struct tls_pair pair;
    char bytes[64];
    char record[256] = {0};
    size_t size = 0;
    start(&pair);
    REQUIRE(tls_pair_run(&pair, SIZE_MAX));
    (void)mqc__tls_write(pair.client, mqc_view_text("secret"), &size);
    const struct mqc_view output = mqc__tls_output(pair.client);
    REQUIRE(output.size > place && output.size <= sizeof record);
    memcpy(record, output.data, output.size);
    record[place] = (char)(record[place] ^ 0x41);
    (void)mqc__tls_input(pair.server, mqc_view_bytes(record, output.size));
    mqc__tls_input_end(pair.server);
    CHECK_INT(mqc__tls_read(pair.server, bytes, sizeof bytes, &size), MQC__TLS_FAILED);
    CHECK_UNSIGNED(size, 0);
    CHECK(strncmp(tls_state(pair.server), "tls_", 4) == 0);
    tls_pair_fini(&pair);
}

static void test_garbage_in_data_nothing_arrives(void)
{
    make_configs();
    for (size_t place = 0; place < 27; place++)
        check_harmed_record(place);
    drop_configs();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"cut anywhere", test_garbage_cut_anywhere_named},
        {"flipped anywhere", test_garbage_flipped_anywhere_not_established},
        {"added anywhere", test_garbage_added_anywhere_not_established},
        {"dropped anywhere", test_garbage_dropped_anywhere_not_established},
        {"no TLS at all", test_garbage_not_tls_named},
        {"random records", test_garbage_random_records_fail},
        {"harmed data", test_garbage_in_data_nothing_arrives},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_garbage", tests);
}
