/* The hub: which events reach which clients, in order, and within the clients' bounds. */
#include "ws/hub.h"

#include "base/thread.h"
#include "support/suite.h"
#include "ws/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)1 << 20)

struct place {
    struct mqc__ws_hub *hub;
    atomic_size_t fills; /* calls of `filled` */
};

static void on_filled(void *context)
{
    struct place *place = context;
    atomic_fetch_add(&place->fills, 1);
}

static void open_hub(struct place *place)
{
    atomic_init(&place->fills, 0);
    place->hub = mqc__ws_hub_new(NULL, on_filled, place);
    REQUIRE(place->hub != NULL);
}

static struct mqc__ws_outlet outlet_of(uint64_t client, const struct mqc_view *prefixes,
                                       size_t count)
{
    return (struct mqc__ws_outlet){
        .client = client, .prefixes = prefixes, .prefix_count = count, .bytes_max = BYTES_MAX};
}

static void deliver(struct place *place, const char *topic, uint64_t number, uint64_t origin)
{
    const struct mqc_value args[] = {mqc_count(number)};
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = args, .arg_count = 1};
    mqc__ws_hub_deliver(place->hub, mqc_view_text(topic), &event, origin);
}

/* The number in the JSON of an event, of more than 125 bytes: what the last "data" says. */
static uint64_t number_of(const struct mqc__ws_outgoing *outgoing)
{
    char text[512];
    const struct mqc_view bytes = mqc__ws_outgoing_view(outgoing);
    (void)snprintf(text, sizeof text, "%.*s", (int)bytes.size - 4, bytes.data + 4);
    const char *last = NULL;
    for (const char *found = strstr(text, "\"data\":"); found != NULL;
         found = strstr(found + 1, "\"data\":"))
        last = found;
    return last != NULL ? strtoull(last + 7, NULL, 10) : UINT64_MAX;
}

static size_t size_of_event(struct place *place)
{
    const struct mqc_view all[] = {mqc_view_text("")};
    struct mqc__ws_outlet outlet = outlet_of(99, all, 1);
    mqc__ws_hub_add(place->hub, &outlet);
    deliver(place, "/size", 1, 0);
    mqc__ws_hub_take(place->hub, &outlet, SIZE_MAX);
    const size_t size = mqc__ws_outgoing_view(mqc__ws_line_at(&outlet.taken, 0)).size;
    mqc__ws_hub_remove(place->hub, &outlet);
    return size;
}

static void test_hub_brings_events_to_those_who_want_them_but_their_origin(void)
{
    static const struct {
        const char *topic;
        uint64_t origin;
        size_t counts[4];
    } cases[] = {
        {"/a/b", 0, {1, 1, 0, 1}}, {"/a/b", 1, {0, 1, 0, 1}}, {"/a", 0, {0, 1, 0, 1}},
        {"/b", 0, {0, 0, 0, 1}},   {"", 4, {0, 0, 0, 0}},     {"/a/bc", 2, {1, 0, 0, 1}},
    };
    const struct mqc_view prefixes[4][2] = {
        {mqc_view_text("/0"), mqc_view_text("/a/b")},
        {mqc_view_text("/a"), mqc_view_text("/c")},
        {mqc_view_text("/x"), mqc_view_text("/y")},
        {mqc_view_text(""), mqc_view_text("")},
    };
    const size_t counts[] = {2, 2, 0, 1};
    struct mqc__ws_outlet outlets[4];
    struct place place;
    open_hub(&place);
    for (size_t i = 0; i < 4; i++) {
        outlets[i] = outlet_of(i + 1, prefixes[i], counts[i]);
        mqc__ws_hub_add(place.hub, &outlets[i]);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        deliver(&place, cases[i].topic, i, cases[i].origin);
        for (size_t c = 0; c < 4; c++) {
            mqc__ws_hub_take(place.hub, &outlets[c], SIZE_MAX);
            CHECK_UNSIGNED(outlets[c].taken.count, cases[i].counts[c]);
            mqc__ws_line_clear(&outlets[c].taken);
        }
    }
    for (size_t i = 0; i < 4; i++)
        mqc__ws_hub_remove(place.hub, &outlets[i]);
    mqc__ws_hub_free(&place.hub);
}

static int compare(const void *left, const void *right)
{
    return mqc__ws_compare_bytes(*(const struct mqc_view *)left, *(const struct mqc_view *)right);
}

/* Any prefixes and topics over a small alphabet: the same as trying each prefix. */
static void test_hub_matches_as_a_search_of_all_prefixes_does(void)
{
    struct test_random random = {.state = 7};
    struct place place;
    open_hub(&place);
    for (int round = 0; round < 300; round++) {
        char bytes[12][4];
        struct mqc_view prefixes[12];
        struct mqc_view cover[12];
        const size_t count = test_random_below(&random, 12);
        for (size_t i = 0; i < count; i++) {
            for (size_t b = 0; b < 4; b++)
                bytes[i][b] = "ab\xff/"[test_random_below(&random, 4)];
            prefixes[i] = mqc_view_bytes(bytes[i], test_random_below(&random, 5));
        }
        qsort(prefixes, count, sizeof *prefixes, compare);
        struct mqc__ws_outlet outlet =
            outlet_of(1, cover, mqc__ws_cover_prefixes(prefixes, count, cover));
        mqc__ws_hub_add(place.hub, &outlet);
        for (int t = 0; t < 20; t++) {
            char topic[7] = "";
            bool is_wanted = false;
            for (size_t b = 0; b < test_random_below(&random, 7); b++)
                topic[b] = "ab\xff/"[test_random_below(&random, 4)];
            for (size_t i = 0; i < count; i++)
                is_wanted |= mqc_view_starts_with(mqc_view_text(topic), prefixes[i]);
            deliver(&place, topic, 1, 0);
            mqc__ws_hub_take(place.hub, &outlet, SIZE_MAX);
            CHECK_UNSIGNED(outlet.taken.count, is_wanted ? 1 : 0);
            mqc__ws_line_clear(&outlet.taken);
        }
        mqc__ws_hub_remove(place.hub, &outlet);
    }
    mqc__ws_hub_free(&place.hub);
}

static void test_hub_tells_each_that_has_something_once(void)
{
    const struct mqc_view all[] = {mqc_view_text("")};
    struct mqc__ws_outlet outlets[3];
    struct place place;
    open_hub(&place);
    for (size_t i = 0; i < 3; i++) {
        outlets[i] = outlet_of(i + 1, all, 1);
        mqc__ws_hub_add(place.hub, &outlets[i]);
    }
    CHECK(mqc__ws_hub_take_filled(place.hub) == NULL);
    deliver(&place, "/a", 1, 2);
    deliver(&place, "/a", 2, 0);
    CHECK_UNSIGNED(atomic_load(&place.fills), 1);
    mqc__ws_hub_remove(place.hub, &outlets[0]);
    size_t seen = 0;
    for (struct mqc__ws_outlet *o = mqc__ws_hub_take_filled(place.hub); o != NULL;
         o = o->next_taken) {
        CHECK(o != &outlets[0]);
        CHECK_UNSIGNED(o->taken.count, o == &outlets[1] ? 1 : 2);
        mqc__ws_line_clear(&o->taken);
        seen++;
    }
    CHECK_UNSIGNED(seen, 2);
    CHECK(mqc__ws_hub_take_filled(place.hub) == NULL);
    mqc__ws_hub_tell_all(place.hub, mqc_view_text("error"));
    CHECK_UNSIGNED(atomic_load(&place.fills), 2);
    mqc__ws_hub_remove(place.hub, &outlets[1]);
    mqc__ws_hub_remove(place.hub, &outlets[2]);
    CHECK(mqc__ws_hub_take_filled(place.hub) == NULL);
    mqc__ws_hub_free(&place.hub);
}

static void test_hub_keeps_the_rest_of_a_portion_and_of_the_busy(void)
{
    const struct mqc_view all[] = {mqc_view_text("")};
    struct mqc__ws_outlet outlet = outlet_of(1, all, 1);
    struct place place;
    open_hub(&place);
    mqc__ws_hub_add(place.hub, &outlet);
    for (size_t i = 0; i < MQC__WS_HUB_PORTION + 1; i++)
        deliver(&place, "/a", i, 0);
    CHECK(mqc__ws_hub_take_filled(place.hub) == &outlet);
    CHECK_UNSIGNED(outlet.taken.count, MQC__WS_HUB_PORTION);
    mqc__ws_line_clear(&outlet.taken);
    deliver(&place, "/a", 1000, 0);
    CHECK_UNSIGNED(atomic_load(&place.fills), 1);
    mqc__ws_hub_take(place.hub, &outlet, MQC__WS_HUB_PORTION);
    CHECK_UNSIGNED(outlet.taken.count, 2);
    CHECK_UNSIGNED(number_of(mqc__ws_line_at(&outlet.taken, 0)), MQC__WS_HUB_PORTION);
    CHECK_UNSIGNED(number_of(mqc__ws_line_at(&outlet.taken, 1)), 1000);
    mqc__ws_line_clear(&outlet.taken);
    outlet.is_busy = true;
    deliver(&place, "/a", 1, 0);
    CHECK_UNSIGNED(atomic_load(&place.fills), 2);
    CHECK(mqc__ws_hub_take_filled(place.hub) == NULL);
    deliver(&place, "/a", 2, 0);
    CHECK_UNSIGNED(atomic_load(&place.fills), 2);
    mqc__ws_hub_take(place.hub, &outlet, SIZE_MAX);
    CHECK_UNSIGNED(outlet.taken.count, 2);
    mqc__ws_hub_remove(place.hub, &outlet);
    mqc__ws_hub_free(&place.hub);
}

static void test_hub_gives_no_more_than_the_bound_and_says_so_once(void)
{
    const struct mqc_view all[] = {mqc_view_text("")};
    struct mqc__ws_outlet slow = outlet_of(1, all, 1);
    struct mqc__ws_outlet other = outlet_of(2, all, 1);
    struct place place;
    open_hub(&place);
    const size_t size = size_of_event(&place);
    slow.bytes_max = size * 2 + size / 2;
    mqc__ws_hub_add(place.hub, &slow);
    mqc__ws_hub_add(place.hub, &other);
    deliver(&place, "/a", 1, 0);
    deliver(&place, "/a", 2, 0);
    mqc__ws_hub_take(place.hub, &slow, SIZE_MAX);
    CHECK_UNSIGNED(slow.taken.count, 2);
    CHECK(!slow.was_over);
    mqc__ws_line_clear(&slow.taken);
    /* What was taken counts until it was written. */
    mqc__ws_hub_written(&slow, size);
    deliver(&place, "/a", 3, 0);
    slow.is_busy = true;
    (void)mqc__ws_hub_take_filled(place.hub);
    mqc__ws_line_clear(&other.taken);
    for (size_t i = 4; i < 7; i++)
        deliver(&place, "/a", i, 0);
    size_t seen = 0;
    for (struct mqc__ws_outlet *o = mqc__ws_hub_take_filled(place.hub); o != NULL;
         o = o->next_taken) {
        CHECK(o->was_over == (o == &slow));
        CHECK_UNSIGNED(o->taken.count, o == &slow ? 1 : 3);
        mqc__ws_line_clear(&o->taken);
        seen++;
    }
    CHECK_UNSIGNED(seen, 2);
    deliver(&place, "/a", 7, 2);
    CHECK(mqc__ws_hub_take_filled(place.hub) == NULL);
    mqc__ws_hub_remove(place.hub, &slow);
    mqc__ws_hub_remove(place.hub, &other);
    mqc__ws_hub_free(&place.hub);
}

#define PUBLISHERS ((size_t)3)
#define EACH ((uint64_t)3000)
#define CLIENTS ((size_t)5)

struct publisher {
    struct place *place;
    uint64_t number;
};

static void *publish(void *context)
{
    const struct publisher *publisher = context;
    for (uint64_t i = 0; i < EACH; i++)
        deliver(publisher->place, "/a", publisher->number * EACH + i, 0);
    return NULL;
}

/* What a client has got of each publisher so far. */
struct progress {
    uint64_t next[PUBLISHERS];
    uint64_t count;
};

static void note(struct mqc__ws_outlet *outlet)
{
    struct progress *progress = outlet->owner;
    struct mqc__ws_outgoing *outgoing;
    while ((outgoing = mqc__ws_line_take(&outlet->taken)) != NULL) {
        const uint64_t number = number_of(outgoing);
        CHECK_UNSIGNED(number % EACH, progress->next[number / EACH]++);
        progress->count++;
        mqc__ws_hub_written(outlet, mqc__ws_outgoing_view(outgoing).size);
        mqc__ws_outgoing_unref(outgoing);
    }
    mqc__ws_line_clear(&outlet->taken);
}

/* Takes as the loop's thread does, with a guest that comes and goes. */
static void take_all(struct place *place, struct mqc__ws_outlet *outlets,
                     const struct progress *progress)
{
    const struct mqc_view all[] = {mqc_view_text("")};
    size_t waited_ms = 0;
    for (size_t done = 0; done < CLIENTS && waited_ms < 20000;) {
        struct mqc__ws_outlet guest = outlet_of(100, all, 1);
        mqc__ws_hub_add(place->hub, &guest);
        if (atomic_exchange(&place->fills, 0) == 0) {
            (void)usleep(1000);
            waited_ms++;
        }
        for (struct mqc__ws_outlet *o = mqc__ws_hub_take_filled(place->hub); o != NULL;
             o = o->next_taken)
            if (o != &guest)
                note(o);
        for (size_t i = 0; i < CLIENTS; i++) {
            mqc__ws_hub_take(place->hub, &outlets[i], MQC__WS_HUB_PORTION);
            note(&outlets[i]);
        }
        mqc__ws_hub_remove(place->hub, &guest);
        for (done = 0; done < CLIENTS && progress[done].count == EACH * PUBLISHERS;)
            done++;
    }
}

static void test_hub_loses_nothing_and_keeps_each_publishers_order(void)
{
    const struct mqc_view all[] = {mqc_view_text("/a")};
    struct mqc__ws_outlet outlets[CLIENTS];
    struct progress progress[CLIENTS] = {{.count = 0}};
    struct publisher publishers[PUBLISHERS];
    pthread_t threads[PUBLISHERS];
    struct place place;
    open_hub(&place);
    for (size_t i = 0; i < CLIENTS; i++) {
        outlets[i] = outlet_of(i + 1, all, 1);
        outlets[i].bytes_max = (size_t)1 << 30;
        outlets[i].owner = &progress[i];
        mqc__ws_hub_add(place.hub, &outlets[i]);
    }
    for (size_t i = 0; i < PUBLISHERS; i++) {
        publishers[i] = (struct publisher){.place = &place, .number = i};
        REQUIRE(mqc__thread_start(&threads[i], publish, &publishers[i]) == MQC_OK);
    }
    take_all(&place, outlets, progress);
    for (size_t i = 0; i < PUBLISHERS; i++)
        (void)pthread_join(threads[i], NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        CHECK_UNSIGNED(progress[i].count, EACH * PUBLISHERS);
        CHECK_UNSIGNED(atomic_load(&outlets[i].bytes), 0);
        mqc__ws_hub_remove(place.hub, &outlets[i]);
    }
    mqc__ws_hub_free(&place.hub);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"hub_brings_events_to_those_who_want_them_but_their_origin",
         test_hub_brings_events_to_those_who_want_them_but_their_origin},
        {"hub_matches_as_a_search_of_all_prefixes_does",
         test_hub_matches_as_a_search_of_all_prefixes_does},
        {"hub_tells_each_that_has_something_once", test_hub_tells_each_that_has_something_once},
        {"hub_keeps_the_rest_of_a_portion_and_of_the_busy",
         test_hub_keeps_the_rest_of_a_portion_and_of_the_busy},
        {"hub_gives_no_more_than_the_bound_and_says_so_once",
         test_hub_gives_no_more_than_the_bound_and_says_so_once},
        {"hub_loses_nothing_and_keeps_each_publishers_order",
         test_hub_loses_nothing_and_keeps_each_publishers_order},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.hub", tests);
}
