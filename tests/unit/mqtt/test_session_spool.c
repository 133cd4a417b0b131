#include "base/buffer.h"
#include "support/suite.h"
#include "unit/mqtt/fake_session.h"

#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-spool-XXXXXX";
static char state[100];

static void make_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    REQUIRE(mkdtemp(folder) != NULL);
    (void)snprintf(state, sizeof state, "%s/state", folder);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(void)
{
    CHECK_INT(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct mqc__session_options on_disk(const char *instance)
{
    struct mqc__session_options options = test_session_options(fake_one_uri, 1);
    options.instance = instance;
    options.durability = (struct mqc__durability){
        .is_on_disk = true,
        .directory = state,
        .spool_bytes = 64 << 20,
        .fsync = MQC__SPOOL_FSYNC_NEVER,
        .keep_ms = 600000,
        .keep_bytes = 1 << 20,
    };
    return options;
}

static void script_publish(enum fake_publish publish)
{
    fake_script_lock()->publish = publish;
    fake_script_unlock();
}

/* All that was sent, one payload a line, probes left out. */
static void read_payloads(char *text, size_t size)
{
    text[0] = '\0';
    char *payload;
    for (unsigned i = 0; (payload = fake_payload(i)) != NULL; i++) {
        const size_t length = strlen(text);
        (void)snprintf(text + length, size - length, "%s\n", payload);
        free(payload);
    }
}

static void test_session_spool_sends_what_was_left_under_its_old_name(void)
{
    make_folder();
    fake_begin();
    script_publish(FAKE_ACK_NEVER);
    struct mqc__session_options options = on_disk("first");
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    fake_publish_numbers(session, "t", 1, 3);
    CHECK_UNSIGNED(fake_stats(session).accepted_events, 3);
    CHECK_UNSIGNED(mqc__session_close(session, 0), 0);
    CHECK_UNSIGNED(recorder_count_errors(&fake_recorder, "undelivered"), 0);
    fake_end(session);

    fake_begin();
    options = on_disk("second");
    const struct mqc__session_events events = recorder_events(&fake_recorder);
    REQUIRE(mqc__session_new(&options, &events, fake_ops(), &session, NULL) == MQC_OK);
    const struct mqc_view left = mqc__session_left_instance(session, 0);
    CHECK_VIEW_TEXT(left, "first");
    CHECK_UNSIGNED(mqc__session_left_instance(session, 1).size, 0);
    CHECK_INT(mqc__session_open(session), MQC_OK);
    fake_publish_numbers(session, "t", 4, 5);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    char sent[400];
    read_payloads(sent, sizeof sent);
    CHECK(strncmp(sent, "first/n/1/1|1;", strlen("first/n/1/1|1;")) == 0);
    CHECK(strstr(sent, "second/n/1/1|4;") != NULL);
    CHECK_UNSIGNED(fake_stats(session).accepted_events, 2);
    CHECK_UNSIGNED(fake_stats(session).delivered_events, 5);
    fake_end(session);

    /* Nothing is left now. */
    fake_begin();
    options = on_disk("third");
    session = test_session_open(&options, &fake_recorder, fake_ops());
    CHECK_UNSIGNED(mqc__session_left_instance(session, 0).size, 0);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    CHECK_UNSIGNED(fake_log().publishes, 0);
    fake_end(session);
    remove_folder();
}

static void test_session_spool_goes_beyond_the_outbox(void)
{
    make_folder();
    fake_begin();
    fake_script_lock()->connect_result = MQC__CLIENT_UNREACHABLE;
    fake_script_unlock();
    struct mqc__session_options options = on_disk("i");
    options.outbox_events_max = 10;
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    fake_publish_numbers(session, "t", 1, 200);
    CHECK(fake_stats(session).outbox_events <= 10);
    CHECK_INT(mqc__session_flush(session, 0), MQC_ETIMEOUT);
    fake_script_lock()->connect_result = MQC__CLIENT_OK;
    fake_script_unlock();
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    const struct mqc__session_stats stats = fake_stats(session);
    CHECK_UNSIGNED(stats.delivered_events, 200);
    CHECK_UNSIGNED(stats.refused_events, 0);
    CHECK_UNSIGNED(stats.dropped_events, 0);
    fake_end(session);
    remove_folder();
}

static void test_session_spool_that_cannot_be_opened_is_an_error(void)
{
    make_folder();
    FILE *file = fopen(state, "w");
    REQUIRE(file != NULL);
    (void)fclose(file);
    const struct mqc__session_options options = on_disk("i");
    const struct mqc__session_events nobody = {0};
    struct mqc__session *session = NULL;
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(mqc__session_new(&options, &nobody, fake_ops(), &session, &info), MQC_EIO);
    CHECK(session == NULL);
    CHECK(strstr(info.text, state) != NULL);
    remove_folder();
}

static void count_done(void *context, enum mqc_error error)
{
    atomic_uint *count = context;
    if (error == MQC_OK)
        atomic_fetch_add(count, 1);
}

static enum mqc_error publish_async(struct mqc__session *session, struct mqc__service service,
                                    atomic_uint *count)
{
    char scratch[20];
    struct mqc__buffer event;
    mqc__buffer_init_scratch(&event, scratch, sizeof scratch, sizeof scratch);
    REQUIRE(mqc__buffer_append_text(&event, "1;"));
    const struct mqc__session_done done = {count_done, count};
    return mqc__session_publish_async(session, mqc_view_text("t"), service, &event, &done);
}

static void test_session_publish_async_tells_what_came_of_it(void)
{
    make_folder();
    fake_begin();
    atomic_uint count = 0;
    const struct mqc__session_options options = on_disk("i");
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    for (unsigned i = 0; i < 100; i++)
        CHECK_INT(publish_async(session, (struct mqc__service){.qos = MQC__QOS_1}, &count), MQC_OK);
    CHECK_INT(mqc__session_flush(session, RECORDER_PATIENCE_MS), MQC_OK);
    (void)mqc__session_close(session, 1000);
    CHECK_UNSIGNED(count, 100);
    CHECK_INT(publish_async(session, (struct mqc__service){.qos = MQC__QOS_1}, &count),
              MQC_ECLOSED);
    CHECK_UNSIGNED(count, 100);
    fake_end(session);
    remove_folder();
}

static void test_session_best_effort_needs_no_disk(void)
{
    make_folder();
    fake_begin();
    fake_script_lock()->connect_result = MQC__CLIENT_UNREACHABLE;
    fake_script_unlock();
    atomic_uint count = 0;
    const struct mqc__session_options options = on_disk("i");
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    CHECK_INT(publish_async(session, (struct mqc__service){.qos = MQC__QOS_0}, &count), MQC_OK);
    CHECK_UNSIGNED(count, 1);
    fake_publish_numbers(session, "u", 1, 1);
    /* What is on disk is not lost, the other is. */
    CHECK_UNSIGNED(mqc__session_close(session, 0), 1);
    CHECK(recorder_wait_error(&fake_recorder, "undelivered"));
    fake_end(session);
    remove_folder();
}

/* --- Some events are kept for long. ----------------------------------------------------------- */

#define LARGE_BYTES ((size_t)16 << 10)
#define SMALL_SPOOL_BYTES ((size_t)1 << 20)
#define ROUND_EVENTS 4
#define ROUNDS 200

/* An event that is kept comes with every so many rounds. */
#define KEPT_ROUNDS 20
#define KEPT_EVENTS (ROUNDS / KEPT_ROUNDS)

/* "<n>;" and blanks. */
static enum mqc_error publish_large(struct mqc__session *session, const char *topic,
                                    struct mqc__service service, int number)
{
    char text[LARGE_BYTES];
    struct mqc__buffer event;
    memset(text, ' ', sizeof text);
    const int size = snprintf(text, sizeof text, "%d;", number);
    text[size] = ' ';
    mqc__buffer_init(&event, sizeof text);
    REQUIRE(mqc__buffer_append(&event, text, sizeof text));
    const enum mqc_error error =
        mqc__session_publish_buffer(session, mqc_view_text(topic), service, &event);
    mqc__buffer_fini(&event);
    return error;
}

static void await_broker(struct mqc__session *session)
{
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_stats(session).outbox_events != 0; i++)
        fake_sleep_ms(1);
}

/* Events to a node that never answers, and many times what the spool holds, all of which the broker
 * acknowledges. Returns how many were refused. */
static unsigned pass_many(struct mqc__session *session)
{
    unsigned refused = 0;
    const struct mqc__service to_one = {
        .qos = MQC__QOS_1, .is_end_to_end = true, .is_to_one = true};
    for (int round = 0; round < ROUNDS; round++) {
        if (round % KEPT_ROUNDS == 0)
            refused +=
                publish_large(session, "one", to_one, round / KEPT_ROUNDS + 1) != MQC_OK ? 1 : 0;
        for (int i = 1; i <= ROUND_EVENTS; i++)
            refused += publish_large(session, "t", (struct mqc__service){.qos = MQC__QOS_1},
                                     ROUND_EVENTS * round + i) != MQC_OK
                           ? 1
                           : 0;
        await_broker(session);
    }
    return refused;
}

static struct mqc__session *open_small(void)
{
    static struct mqc__session_options options;
    options = on_disk("i");
    options.durability.spool_bytes = SMALL_SPOOL_BYTES;
    fake_begin();
    return test_session_open(&options, &fake_recorder, fake_ops());
}

/* Nobody closes anything. */
static void pass_many_and_die(void)
{
    struct mqc__session *session = open_small();
    const unsigned refused = pass_many(session);
    const struct mqc__session_stats stats = fake_stats(session);
    if (refused == 0 && stats.refused_events == 0 && stats.dropped_events == 0 &&
        stats.kept_events == KEPT_EVENTS && stats.spool.sifted != 0)
        (void)raise(SIGKILL);
    _exit(1);
}

static void test_session_spool_keeps_some_events_and_not_all_between_them(void)
{
    make_folder();
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        pass_many_and_die();
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    struct mqc__session *session = open_small();
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_stats(session).kept_events != KEPT_EVENTS; i++)
        fake_sleep_ms(1);
    await_broker(session);
    char *first = fake_payload(0);
    REQUIRE(first != NULL);
    CHECK(strncmp(first, "i/n/1/1 receipt 1", strlen("i/n/1/1 receipt 1")) == 0);
    CHECK(strstr(first, "|1; ") != NULL);
    free(first);
    const struct mqc__session_stats stats = fake_stats(session);
    CHECK(stats.delivered_events <= SMALL_SPOOL_BYTES / LARGE_BYTES);
    CHECK_UNSIGNED(stats.kept_events, KEPT_EVENTS);
    (void)mqc__session_close(session, 0);
    fake_end(session);
    remove_folder();
}

static void publish_end_to_end(struct mqc__session *session, bool is_to_one, int from, int to)
{
    const struct mqc__service service = {
        .qos = MQC__QOS_1, .is_end_to_end = true, .is_to_one = is_to_one};
    for (int i = from; i <= to; i++) {
        char scratch[20];
        char text[20];
        struct mqc__buffer event;
        mqc__buffer_init_scratch(&event, scratch, sizeof scratch, sizeof scratch);
        (void)snprintf(text, sizeof text, "%d;", i);
        REQUIRE(mqc__buffer_append_text(&event, text));
        CHECK_INT(mqc__session_publish_buffer(session, mqc_view_text("t"), service, &event),
                  MQC_OK);
    }
}

/* One start, without a broker, that leaves what it publishes on disk. */
static void leave_events(const char *instance, bool is_to_one, int from, int to)
{
    fake_begin();
    fake_script_lock()->connect_result = MQC__CLIENT_UNREACHABLE;
    fake_script_unlock();
    const struct mqc__session_options options = on_disk(instance);
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    publish_end_to_end(session, is_to_one, from, to);
    fake_end(session);
}

/* Waits until there is a message that begins with the text. */
static bool wait_message(const char *start)
{
    for (unsigned i = 0;; i++) {
        WAIT_LOG(log.publishes > i);
        char *payload = fake_payload(i);
        if (payload == NULL)
            return false;
        const bool is_it = strncmp(payload, start, strlen(start)) == 0;
        free(payload);
        if (is_it)
            return true;
    }
}

static void test_session_spool_says_after_which_events_the_next_ones_come(void)
{
    static const struct {
        bool is_to_one;
        const char *messages[3];
    } cases[] = {
        {false,
         {"first/n/1/1 receipt 2 kept 0|1;",
          "second/n/1/1 receipt 2 kept 0 after first 3 kept 0|4;",
          "third/n/1/1 receipt 2 kept 0 after second 1 kept 0|5;"}},
        {true,
         {"first/n/1/1 receipt 1 kept 0|1;",
          "second/n/1/1 receipt 1 kept 0 after first 3 kept 0|4;",
          "third/n/1/1 receipt 1 kept 0 after second 1 kept 0|5;"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_folder();
        leave_events("first", cases[i].is_to_one, 1, 3);
        leave_events("second", cases[i].is_to_one, 4, 4);
        fake_begin();
        const struct mqc__session_options options = on_disk("third");
        struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
        publish_end_to_end(session, cases[i].is_to_one, 5, 5);
        for (size_t k = 0; k < 3; k++)
            CHECK(wait_message(cases[i].messages[k]));
        fake_end(session);
        remove_folder();
    }
}

/* Only what was sent, as the session sees it, can be receipted. */
static void wait_delivered(struct mqc__session *session, uint64_t count)
{
    for (int i = 0; i < RECORDER_PATIENCE_MS && fake_stats(session).delivered_events != count; i++)
        fake_sleep_ms(1);
    CHECK_UNSIGNED(fake_stats(session).delivered_events, count);
}

static void tell(struct mqc__session *session, const char *instance, uint64_t handled_to)
{
    const struct mqc__session_receipt told = {
        .instance = mqc_view_text(instance),
        .mqtt_topic = mqc_view_text("t"),
        .topic = mqc_view_text("t"),
        .requester = mqc_view_text("receiver"),
        .reply_topic = mqc_view_text("reply"),
        .handled_to = handled_to,
    };
    mqc__session_receipt(session, &told);
}

/* To one node, what it has receipted; the one before that may be left. */
static void test_session_spool_says_nothing_of_what_is_done_with(void)
{
    make_folder();
    leave_events("first", true, 1, 3);
    leave_events("second", true, 4, 4);
    fake_begin();
    const struct mqc__session_options options = on_disk("third");
    struct mqc__session *session = test_session_open(&options, &fake_recorder, fake_ops());
    wait_delivered(session, 4);
    tell(session, "second", 1);
    publish_end_to_end(session, true, 5, 5);
    CHECK(wait_message("third/n/1/1 receipt 1 kept 0 after first 3 kept 0|5;"));
    wait_delivered(session, 5);
    tell(session, "first", 3);
    publish_end_to_end(session, true, 6, 6);
    CHECK(wait_message("third/n/2/0 receipt 1 kept 0|6;"));
    fake_end(session);
    remove_folder();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"sends_what_was_left_under_its_old_name",
         test_session_spool_sends_what_was_left_under_its_old_name},
        {"goes_beyond_the_outbox", test_session_spool_goes_beyond_the_outbox},
        {"that_cannot_be_opened_is_an_error", test_session_spool_that_cannot_be_opened_is_an_error},
        {"publish_async_tells_what_came_of_it", test_session_publish_async_tells_what_came_of_it},
        {"says_after_which_events_the_next_ones_come",
         test_session_spool_says_after_which_events_the_next_ones_come},
        {"says_nothing_of_what_is_done_with", test_session_spool_says_nothing_of_what_is_done_with},
        {"best_effort_needs_no_disk", test_session_best_effort_needs_no_disk},
        {"keeps_some_events_and_not_all_between_them",
         test_session_spool_keeps_some_events_and_not_all_between_them},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.session_spool", tests);
}
