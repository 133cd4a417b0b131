#include "mqtt/outbox.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

static const struct mqc__outbox_limits roomy = {
    .events_max = 1000,
    .bytes_max = 1 << 20,
    .batch_events_max = 4,
    .batch_bytes_max = 1000,
    .topics_max = 100,
    .header_bytes_max = 6,
    .when_full = MQC__WHEN_FULL_REFUSE,
};

static const struct mqc__service bulk = {.qos = MQC__QOS_1};

static enum mqc_error accept(struct mqc__outbox *outbox, const char *topic, enum mqc__qos qos,
                             const char *event)
{
    size_t dropped = 0;
    return mqc__outbox_accept(outbox, mqc_view_text(topic), (struct mqc__service){.qos = qos},
                              mqc_view_text(event), &dropped);
}

static void accept_all(struct mqc__outbox *outbox, const char *topic, const char *events)
{
    for (; *events != '\0'; events++) {
        const char event[] = {*events, '\0'};
        REQUIRE(accept(outbox, topic, MQC__QOS_1, event) == MQC_OK);
    }
}

static void accept_urgent(struct mqc__outbox *outbox, const char *topic, const char *event)
{
    size_t dropped = 0;
    const struct mqc__service service = {.qos = MQC__QOS_1, .is_urgent = true};
    REQUIRE(mqc__outbox_accept(outbox, mqc_view_text(topic), service, mqc_view_text(event),
                               &dropped) == MQC_OK);
}

static struct mqc__batch *take(struct mqc__outbox *outbox)
{
    struct mqc__batch *batch = NULL;
    REQUIRE(mqc__outbox_take(outbox, SIZE_MAX, &batch) == MQC_OK);
    return batch;
}

/* The batch as text: "topic 1:abc". */
static const char *batch_text(struct mqc__batch *batch)
{
    static char text[200];
    struct mqc_view events;
    REQUIRE(mqc__batch_enclose(batch, mqc_view_text(NULL), &events));
    (void)snprintf(text, sizeof text, "%s%s %llu:%.*s", batch->starts_count ? "*" : "",
                   batch->topic->text, (unsigned long long)batch->sequence, (int)events.size,
                   events.data);
    return text;
}

static void fill(struct mqc__buffer *buffer, size_t size)
{
    mqc__buffer_init(buffer, SIZE_MAX / 2);
    char *bytes = mqc__buffer_extend(buffer, size);
    REQUIRE(bytes != NULL);
    memset(bytes, 'x', size);
}

static enum mqc_error accept_buffer(struct mqc__outbox *outbox, struct mqc__buffer *buffer)
{
    size_t dropped = 0;
    return mqc__outbox_accept_buffer(outbox, mqc_view_text("a"), bulk, buffer, &dropped);
}

static void test_outbox_take_collects_the_topic_and_keeps_its_order(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    accept_all(&outbox, "a", "1");
    accept_all(&outbox, "b", "x");
    accept_all(&outbox, "a", "23456");
    accept_all(&outbox, "b", "y");
    CHECK_TEXT(batch_text(take(&outbox)), "*a 1:1234");
    CHECK_TEXT(batch_text(take(&outbox)), "*b 1:xy");
    CHECK_TEXT(batch_text(take(&outbox)), "a 5:56");
    struct mqc__batch *batch = NULL;
    CHECK_INT(mqc__outbox_take(&outbox, SIZE_MAX, &batch), MQC_ENOTFOUND);
    CHECK_UNSIGNED(outbox.in_flight_count, 3);
    CHECK_UNSIGNED(outbox.in_flight_bytes, 8);
    CHECK_UNSIGNED(outbox.event_count, 8);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_take_ends_at_other_qos_and_at_byte_limits(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "11"), MQC_OK);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_0, "00"), MQC_OK);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "11"), MQC_OK);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "22"), MQC_OK);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "33"), MQC_OK);
    CHECK_TEXT(batch_text(take(&outbox)), "*a 1:11");
    CHECK_TEXT(batch_text(take(&outbox)), "a 2:00");
    struct mqc__batch *batch = NULL;
    CHECK_INT(mqc__outbox_take(&outbox, 5, &batch), MQC_OK);
    CHECK_TEXT(batch_text(batch), "a 3:1122");
    CHECK_INT(mqc__outbox_take(&outbox, 1, &batch), MQC_OK);
    CHECK_TEXT(batch_text(batch), "a 5:33");
    mqc__outbox_fini(&outbox);
}

static void test_outbox_urgent_passes_what_waits_but_not_its_own_topic(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    accept_all(&outbox, "bulk", "12345");
    accept_urgent(&outbox, "u", "a");
    accept_urgent(&outbox, "v", "x");
    accept_urgent(&outbox, "u", "b");
    /* A topic is what it was, as long as there is something of it. */
    accept_urgent(&outbox, "bulk", "6");
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 1);
    struct mqc__batch *u = take(&outbox);
    CHECK_TEXT(batch_text(u), "*u 1:ab");
    CHECK_TEXT(batch_text(take(&outbox)), "*v 1:x");
    CHECK_TEXT(batch_text(take(&outbox)), "*bulk 1:1234");
    accept_urgent(&outbox, "u", "c");
    mqc__outbox_put_back(&outbox, outbox.in_flight->prev);
    mqc__outbox_requeue(&outbox);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 1);
    CHECK_TEXT(batch_text(take(&outbox)), "*u 1:abc");
    CHECK_TEXT(batch_text(take(&outbox)), "*v 1:x");
    CHECK_TEXT(batch_text(take(&outbox)), "*bulk 1:1234");
    CHECK_TEXT(batch_text(take(&outbox)), "bulk 5:56");
    CHECK(mqc__outbox_head(&outbox) == NULL);
    mqc__outbox_fini(&outbox);
}

/* Fills one batch of each of two topics. */
static void accept_both(struct mqc__outbox *outbox)
{
    for (int i = 0; i < 4; i++) {
        REQUIRE(accept(outbox, "bulk", MQC__QOS_1, "b") == MQC_OK);
        accept_urgent(outbox, "u", "u");
    }
}

static void test_outbox_bulk_is_not_starved(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    for (int i = 0; i < 40; i++)
        accept_both(&outbox);
    char order[81] = "";
    for (size_t i = 0; i < 80; i++)
        order[i] = take(&outbox)->topic->text[0];
    CHECK_TEXT(order, "uuuuuuuub"
                      "uuuuuuuub"
                      "uuuuuuuub"
                      "uuuuuuuub"
                      "uuuuuuuub"
                      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    mqc__outbox_fini(&outbox);
}

static void test_outbox_drop_oldest_drops_urgent_last(void)
{
    struct mqc__outbox outbox;
    struct mqc__outbox_limits limits = roomy;
    limits.events_max = 3;
    limits.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    mqc__outbox_init(&outbox, &limits);
    accept_urgent(&outbox, "u", "1");
    accept_all(&outbox, "bulk", "12");
    accept_urgent(&outbox, "u", "2");
    accept_urgent(&outbox, "u", "3");
    accept_urgent(&outbox, "u", "4");
    CHECK_TEXT(batch_text(take(&outbox)), "*u 2:234");
    CHECK(mqc__outbox_head(&outbox) == NULL);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_full_refuses_and_keeps_what_it_has(void)
{
    struct mqc__outbox_limits limits = roomy;
    limits.events_max = 2;
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &limits);
    accept_all(&outbox, "a", "12");
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "3"), MQC_EFULL);
    CHECK_INT(accept(&outbox, "b", MQC__QOS_1, "3"), MQC_EFULL);
    CHECK_TEXT(batch_text(take(&outbox)), "*a 1:12");
    mqc__outbox_fini(&outbox);
    limits.bytes_max = MQC__OUTBOX_BATCH_COST + 2 * MQC__OUTBOX_EVENT_COST + 10;
    limits.events_max = 100;
    mqc__outbox_init(&outbox, &limits);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "12345678"), MQC_OK);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "123"), MQC_EFULL);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "12"), MQC_OK);
    CHECK_UNSIGNED(outbox.byte_count, limits.bytes_max);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_accept_what_never_fits_is_too_large(void)
{
    struct mqc__outbox_limits limits = roomy;
    struct mqc__outbox outbox;
    limits.bytes_max = MQC__OUTBOX_BATCH_COST + MQC__OUTBOX_EVENT_COST + 3;
    mqc__outbox_init(&outbox, &limits);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "1234"), MQC_ETOOLARGE);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "123"), MQC_OK);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_take_larger_than_a_batch_goes_alone(void)
{
    struct mqc__outbox_limits limits = roomy;
    limits.batch_bytes_max = 3;
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &limits);
    static const char *const events[] = {"1", "1234", "12", "3"};
    static const size_t expected[] = {1, 1, 2};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(accept(&outbox, "a", MQC__QOS_1, events[i]), MQC_OK);
    for (size_t i = 0; i < 3; i++) {
        struct mqc__batch *batch = NULL;
        REQUIRE(mqc__outbox_take(&outbox, SIZE_MAX, &batch) == MQC_OK);
        CHECK_UNSIGNED(batch->event_count, expected[i]);
    }
    mqc__outbox_fini(&outbox);
}

static void test_outbox_drop_oldest_leaves_a_gap_and_spares_what_is_in_flight(void)
{
    struct mqc__outbox_limits limits = roomy;
    limits.events_max = 3;
    limits.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &limits);
    accept_all(&outbox, "a", "1");
    struct mqc__batch *first = take(&outbox);
    accept_all(&outbox, "a", "23");
    size_t dropped = 0;
    CHECK_INT(mqc__outbox_accept(&outbox, mqc_view_text("a"), bulk, mqc_view_text("4"), &dropped),
              MQC_OK);
    CHECK_UNSIGNED(dropped, 1);
    CHECK_TEXT(batch_text(first), "*a 1:1");
    CHECK_TEXT(batch_text(take(&outbox)), "a 3:34");
    CHECK_INT(mqc__outbox_accept(&outbox, mqc_view_text("a"), bulk, mqc_view_text("5"), &dropped),
              MQC_EFULL);
    CHECK_UNSIGNED(dropped, 0);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_drop_oldest_does_not_drop_in_vain(void)
{
    struct mqc__outbox_limits limits = roomy;
    limits.bytes_max = 2 * (MQC__OUTBOX_BATCH_COST + MQC__OUTBOX_EVENT_COST) + 100;
    limits.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &limits);
    char large[91] = "";
    memset(large, 'x', 90);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, large), MQC_OK);
    (void)take(&outbox);
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "1"), MQC_OK);
    /* Even without the one that waits there would be no room beside the one in flight. */
    CHECK_INT(accept(&outbox, "a", MQC__QOS_1, large), MQC_EFULL);
    CHECK_UNSIGNED(outbox.event_count, 2);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_no_batch_spans_a_gap(void)
{
    struct mqc__outbox_limits limits = roomy;
    limits.events_max = 4;
    limits.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &limits);
    accept_all(&outbox, "a", "1");
    (void)take(&outbox);
    accept_all(&outbox, "a", "2345");
    mqc__outbox_requeue(&outbox);
    CHECK_TEXT(batch_text(take(&outbox)), "*a 1:1");
    CHECK_TEXT(batch_text(take(&outbox)), "a 3:345");
    mqc__outbox_fini(&outbox);
}

/* What comes after a batch that was acknowledged does not join the one before it. */
static void test_outbox_no_batch_spans_what_was_completed(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    accept_all(&outbox, "a", "1");
    (void)take(&outbox);
    accept_all(&outbox, "a", "2");
    (void)mqc__outbox_complete(&outbox, take(&outbox));
    mqc__outbox_requeue(&outbox);
    accept_all(&outbox, "a", "3");
    CHECK_TEXT(batch_text(take(&outbox)), "*a 1:1");
    CHECK_TEXT(batch_text(take(&outbox)), "a 3:3");
    mqc__outbox_fini(&outbox);
}

/* The memory of a batch does not grow with what goes through it. */
static void test_outbox_drop_oldest_for_long_takes_no_more_memory(void)
{
    struct mqc__outbox_limits limits = roomy;
    limits.events_max = 3;
    limits.when_full = MQC__WHEN_FULL_DROP_OLDEST;
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &limits);
    for (unsigned i = 0; i < 10000; i++)
        CHECK_INT(accept(&outbox, "a", MQC__QOS_1, "1234567890"), MQC_OK);
    CHECK_UNSIGNED(outbox.event_count, 3);
    CHECK(outbox.byte_count <= 3 * (MQC__OUTBOX_BATCH_COST + MQC__OUTBOX_EVENT_COST + 10));
    for (const struct mqc__batch *batch = outbox.waiting; batch != NULL; batch = batch->next)
        CHECK(batch->memory.capacity <= 256);
    mqc__outbox_fini(&outbox);
}

/* The same memory serves one large event after the other. */
static void test_outbox_lend_gives_back_the_memory_of_a_large_event(void)
{
    struct mqc__outbox outbox;
    struct mqc__buffer buffer;
    mqc__outbox_init(&outbox, &roomy);
    fill(&buffer, 50000);
    const char *memory = buffer.data;
    for (unsigned i = 0; i < 3; i++) {
        CHECK_INT(accept_buffer(&outbox, &buffer), MQC_OK);
        (void)mqc__outbox_complete(&outbox, take(&outbox));
        mqc__outbox_lend(&outbox, 60000, &buffer);
        CHECK(buffer.data == NULL);
        mqc__outbox_lend(&outbox, 2000, &buffer);
        CHECK(buffer.data == NULL);
        mqc__outbox_lend(&outbox, 40000, &buffer);
        REQUIRE(buffer.data == memory);
        CHECK(mqc__buffer_extend(&buffer, 40000) == memory);
    }
    mqc__buffer_fini(&buffer);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_start_of_count_moves_on_when_its_event_is_dropped(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    accept_all(&outbox, "a", "12");
    mqc__outbox_drop_head(&outbox);
    CHECK_TEXT(batch_text(take(&outbox)), "*a 2:2");
    accept_all(&outbox, "b", "1");
    mqc__outbox_drop_head(&outbox);
    accept_all(&outbox, "b", "2");
    struct mqc__batch *batch = take(&outbox);
    CHECK_TEXT(batch_text(batch), "*b 2:2");
    CHECK_UNSIGNED(mqc__outbox_drop_batch(&outbox, batch), 1);
    accept_all(&outbox, "b", "3");
    batch = take(&outbox);
    CHECK_TEXT(batch_text(batch), "*b 3:3");
    CHECK_UNSIGNED(mqc__outbox_complete(&outbox, batch), 1);
    accept_all(&outbox, "b", "4");
    CHECK_TEXT(batch_text(take(&outbox)), "b 4:4");
    mqc__outbox_fini(&outbox);
}

static void test_outbox_requeue_restores_the_order(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    accept_all(&outbox, "a", "12");
    accept_all(&outbox, "b", "xy");
    accept_all(&outbox, "a", "345");
    (void)take(&outbox);
    (void)take(&outbox);
    accept_all(&outbox, "b", "z");
    mqc__outbox_requeue(&outbox);
    CHECK_UNSIGNED(outbox.in_flight_count, 0);
    CHECK_UNSIGNED(outbox.in_flight_bytes, 0);
    CHECK_UNSIGNED(outbox.waiting_count, 8);
    CHECK_TEXT(batch_text(take(&outbox)), "*a 1:1234");
    CHECK_TEXT(batch_text(take(&outbox)), "*b 1:xyz");
    CHECK_TEXT(batch_text(take(&outbox)), "a 5:5");
    mqc__outbox_fini(&outbox);
}

static void test_outbox_oldest_is_the_lowest_number_that_is_left(void)
{
    struct mqc__outbox outbox;
    mqc__outbox_init(&outbox, &roomy);
    CHECK(mqc__outbox_oldest(&outbox) == UINT64_MAX);
    accept_all(&outbox, "a", "1");
    accept_all(&outbox, "b", "2");
    struct mqc__batch *a = take(&outbox);
    struct mqc__batch *b = take(&outbox);
    a->token = 7;
    b->token = 9;
    accept_all(&outbox, "a", "3");
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 1);
    CHECK(mqc__outbox_find(&outbox, 9) == b);
    CHECK(mqc__outbox_find(&outbox, 8) == NULL);
    (void)mqc__outbox_complete(&outbox, b);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 1);
    (void)mqc__outbox_complete(&outbox, a);
    CHECK_UNSIGNED(mqc__outbox_oldest(&outbox), 3);
    mqc__outbox_drop_head(&outbox);
    CHECK(mqc__outbox_oldest(&outbox) == UINT64_MAX);
    CHECK_UNSIGNED(outbox.byte_count, 0);
    mqc__outbox_fini(&outbox);
}

#define MODEL_TOPICS 3

/* What a receiver that drops repeats has seen, topic by topic. */
struct model {
    struct test_random random;
    struct mqc__outbox outbox;
    uint64_t accepted[MODEL_TOPICS];
    uint64_t seen[MODEL_TOPICS];
    uint64_t gaps;
    uint64_t dropped;
    int next_token;
};

/* Takes a batch and lets the receiver see it. */
static void model_send(struct model *model)
{
    struct mqc__batch *batch = NULL;
    if (mqc__outbox_take(&model->outbox, 1 + test_random_below(&model->random, 40), &batch) !=
        MQC_OK)
        return;
    batch->token = model->next_token++;
    const size_t topic = (size_t)(batch->topic->text[0] - 'a');
    struct mqc_view events;
    REQUIRE(mqc__batch_enclose(batch, mqc_view_text("i/n/1|"), &events));
    CHECK(events.size == batch->event_bytes + 6);
    CHECK(mqc_view_starts_with(events, mqc_view_text("i/n/1|")));
    for (size_t i = 0; i < batch->event_count; i++) {
        const uint64_t sequence = batch->sequence + i;
        if (sequence <= model->seen[topic])
            continue;
        model->gaps += sequence - model->seen[topic] - 1;
        model->seen[topic] = sequence;
    }
}

static void model_accept(struct model *model)
{
    const size_t topic = (size_t)test_random_below(&model->random, MODEL_TOPICS);
    const char name[] = {(char)('a' + (char)topic), '\0'};
    size_t dropped = 0;
    const struct mqc__service service = {
        .qos = test_random_below(&model->random, 4) == 0 ? MQC__QOS_0 : MQC__QOS_1,
        /* One of the topics always is, one sometimes. */
        .is_urgent = topic == 1 || (topic == 2 && test_random_below(&model->random, 2) == 0),
    };
    const enum mqc_error error = mqc__outbox_accept(
        &model->outbox, mqc_view_text(name), service,
        mqc_view_bytes("0123456789", 1 + test_random_below(&model->random, 9)), &dropped);
    CHECK(error == MQC_OK || error == MQC_EFULL);
    model->accepted[topic] += error == MQC_OK ? 1 : 0;
    model->dropped += dropped;
}

static void model_acknowledge(struct model *model)
{
    const int token = model->next_token - 1 - (int)test_random_below(&model->random, 6);
    struct mqc__batch *batch = mqc__outbox_find(&model->outbox, token);
    if (batch != NULL)
        (void)mqc__outbox_complete(&model->outbox, batch);
}

static void model_drain(struct model *model)
{
    mqc__outbox_requeue(&model->outbox);
    while (mqc__outbox_head(&model->outbox) != NULL)
        model_send(model);
    while (model->outbox.in_flight != NULL)
        (void)mqc__outbox_complete(&model->outbox, model->outbox.in_flight);
}

/* Whatever happens, a receiver sees the events of a topic in order, and misses as many as were
 * dropped. */
static void test_outbox_property_receiver_sees_all_in_order_but_the_dropped(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct model model = {.random = {.state = seed}};
        struct mqc__outbox_limits limits = roomy;
        limits.events_max = 30;
        limits.when_full = seed % 2 == 0 ? MQC__WHEN_FULL_DROP_OLDEST : MQC__WHEN_FULL_REFUSE;
        mqc__outbox_init(&model.outbox, &limits);
        for (int i = 0; i < 2000; i++) {
            const uint64_t choice = test_random_below(&model.random, 100);
            if (choice < 50)
                model_accept(&model);
            else if (choice < 75)
                model_send(&model);
            else if (choice < 98)
                model_acknowledge(&model);
            else
                mqc__outbox_requeue(&model.outbox);
            CHECK(model.outbox.event_count <= limits.events_max);
        }
        model_drain(&model);
        CHECK_UNSIGNED(model.outbox.event_count, 0);
        CHECK_UNSIGNED(model.outbox.byte_count, 0);
        CHECK_UNSIGNED(model.outbox.waiting_count, 0);
        CHECK_UNSIGNED(model.outbox.waiting_bytes, 0);
        CHECK_UNSIGNED(model.outbox.in_flight_bytes, 0);
        uint64_t missing = model.gaps;
        for (size_t topic = 0; topic < MODEL_TOPICS; topic++)
            missing += model.accepted[topic] - model.seen[topic];
        /* An event that was sent before it was requeued and dropped was seen all the same. */
        CHECK(missing <= model.dropped);
        if (seed % 2 != 0)
            CHECK_UNSIGNED(missing, 0);
        mqc__outbox_fini(&model.outbox);
    }
}

static void test_outbox_large_event_is_taken_out_of_its_buffer(void)
{
    struct mqc__outbox outbox;
    struct mqc__buffer buffer;
    mqc__outbox_init(&outbox, &roomy);
    fill(&buffer, 100);
    CHECK_INT(accept_buffer(&outbox, &buffer), MQC_OK);
    CHECK_UNSIGNED(buffer.size, 100);
    mqc__buffer_fini(&buffer);
    fill(&buffer, 50000);
    const char *memory = buffer.data;
    const size_t capacity = buffer.capacity;
    CHECK_INT(accept_buffer(&outbox, &buffer), MQC_OK);
    CHECK(buffer.data == NULL);
    CHECK(outbox.byte_count > capacity + 100);
    (void)take(&outbox);
    struct mqc__batch *batch = take(&outbox);
    struct mqc_view payload;
    CHECK(mqc__batch_enclose(batch, mqc_view_text("header"), &payload));
    CHECK(payload.data == memory);
    CHECK_UNSIGNED(payload.size, 50006);
    CHECK(memcmp(memory + 50000, "header", 6) == 0);
    mqc__outbox_requeue(&outbox);
    (void)mqc__outbox_complete(&outbox, take(&outbox));
    (void)mqc__outbox_complete(&outbox, take(&outbox));
    CHECK_UNSIGNED(outbox.byte_count, 0);
    mqc__outbox_fini(&outbox);
}

static void test_outbox_refused_buffer_is_as_it_was(void)
{
    struct mqc__outbox outbox;
    struct mqc__buffer buffer;
    mqc__outbox_init(&outbox, &roomy);
    fill(&buffer, 600000);
    CHECK_INT(accept_buffer(&outbox, &buffer), MQC_OK);
    fill(&buffer, 600000);
    CHECK_INT(accept_buffer(&outbox, &buffer), MQC_EFULL);
    CHECK_UNSIGNED(buffer.size, 600000);
    mqc__buffer_fini(&buffer);
    fill(&buffer, 2 << 20);
    CHECK_INT(accept_buffer(&outbox, &buffer), MQC_ETOOLARGE);
    CHECK_UNSIGNED(buffer.size, 2 << 20);
    mqc__buffer_fini(&buffer);
    mqc__outbox_fini(&outbox);
}

/* What takes memory: new topics, batches and parts of batches. Returns how many calls failed. */
static unsigned use_memory(struct mqc__outbox *outbox, uint64_t *accepted)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < 40; i++) {
        const enum mqc_error error = accept(outbox, i % 2 == 0 ? "a" : "b", MQC__QOS_1, "12345");
        CHECK(error == MQC_OK || error == MQC_ENOMEM);
        *accepted += error == MQC_OK ? 1 : 0;
        failed += error == MQC_OK ? 0 : 1;
        struct mqc__batch *batch = NULL;
        if (i % 8 == 7)
            failed += mqc__outbox_take(outbox, 10, &batch) == MQC_ENOMEM ? 1 : 0;
    }
    return failed;
}

/* Every allocation fails once: what was accepted leaves, in order and without a gap. */
static void test_outbox_without_memory_loses_nothing(void)
{
    for (size_t number = 1;; number++) {
        struct mqc__outbox outbox;
        mqc__outbox_init(&outbox, &roomy);
        uint64_t accepted = 0;
        fail_allocation(number);
        const unsigned failed = use_memory(&outbox, &accepted);
        const bool has_failed = allocation_has_failed();
        fail_allocation(0);
        CHECK_UNSIGNED(failed, has_failed ? 1 : 0);
        CHECK_UNSIGNED(outbox.event_count, accepted);
        mqc__outbox_requeue(&outbox);
        uint64_t next[2] = {1, 1};
        while (mqc__outbox_head(&outbox) != NULL) {
            struct mqc__batch *batch = take(&outbox);
            uint64_t *expected = &next[batch->topic->text[0] - 'a'];
            CHECK_UNSIGNED(batch->sequence, *expected);
            *expected += batch->event_count;
            (void)mqc__outbox_complete(&outbox, batch);
        }
        CHECK_UNSIGNED(next[0] + next[1] - 2, accepted);
        CHECK_UNSIGNED(outbox.byte_count, 0);
        mqc__outbox_fini(&outbox);
        if (!has_failed)
            break;
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"take_larger_than_a_batch_goes_alone", test_outbox_take_larger_than_a_batch_goes_alone},
        {"take_collects_the_topic_and_keeps_its_order",
         test_outbox_take_collects_the_topic_and_keeps_its_order},
        {"take_ends_at_other_qos_and_at_byte_limits",
         test_outbox_take_ends_at_other_qos_and_at_byte_limits},
        {"urgent_passes_what_waits_but_not_its_own_topic",
         test_outbox_urgent_passes_what_waits_but_not_its_own_topic},
        {"bulk_is_not_starved", test_outbox_bulk_is_not_starved},
        {"drop_oldest_drops_urgent_last", test_outbox_drop_oldest_drops_urgent_last},
        {"full_refuses_and_keeps_what_it_has", test_outbox_full_refuses_and_keeps_what_it_has},
        {"accept_what_never_fits_is_too_large", test_outbox_accept_what_never_fits_is_too_large},
        {"drop_oldest_leaves_a_gap_and_spares_what_is_in_flight",
         test_outbox_drop_oldest_leaves_a_gap_and_spares_what_is_in_flight},
        {"drop_oldest_does_not_drop_in_vain", test_outbox_drop_oldest_does_not_drop_in_vain},
        {"no_batch_spans_a_gap", test_outbox_no_batch_spans_a_gap},
        {"no_batch_spans_what_was_completed", test_outbox_no_batch_spans_what_was_completed},
        {"drop_oldest_for_long_takes_no_more_memory",
         test_outbox_drop_oldest_for_long_takes_no_more_memory},
        {"lend_gives_back_the_memory_of_a_large_event",
         test_outbox_lend_gives_back_the_memory_of_a_large_event},
        {"start_of_count_moves_on_when_its_event_is_dropped",
         test_outbox_start_of_count_moves_on_when_its_event_is_dropped},
        {"requeue_restores_the_order", test_outbox_requeue_restores_the_order},
        {"oldest_is_the_lowest_number_that_is_left",
         test_outbox_oldest_is_the_lowest_number_that_is_left},
        {"property_receiver_sees_all_in_order_but_the_dropped",
         test_outbox_property_receiver_sees_all_in_order_but_the_dropped},
        {"large_event_is_taken_out_of_its_buffer",
         test_outbox_large_event_is_taken_out_of_its_buffer},
        {"without_memory_loses_nothing", test_outbox_without_memory_loses_nothing},
        {"refused_buffer_is_as_it_was", test_outbox_refused_buffer_is_as_it_was},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.outbox", tests);
}
