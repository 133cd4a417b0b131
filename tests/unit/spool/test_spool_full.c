/* Limits: what waits for its commit, and what is in the store, with both policies. */
#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/memory_store.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

static struct memory_store store;
static struct owner_double owner;

#define EVENT_BYTES ((size_t)64 << 10)

/* What one event of that size counts. */
#define RECORD_BYTES (EVENT_BYTES + 1 + MQC__SPOOL_RECORD_COST)

/* As many as fit into the smallest spool. */
#define FITTING (MQC__SPOOL_BYTES_MIN / RECORD_BYTES)

static struct mqc__spool *begin(struct mqc__spool_options options)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    options.path = "in memory";
    options.instance = "first";
    options.bytes_max = MQC__SPOOL_BYTES_MIN;
    struct mqc__spool *spool = NULL;
    CHECK_INT(mqc__spool_open(&options, &owner.owner, &memory_store_ops, &store, &spool, NULL),
              MQC_OK);
    REQUIRE(spool != NULL);
    return spool;
}

static void end(struct mqc__spool **spool)
{
    mqc__spool_free(spool);
    memory_store_fini(&store);
    owner_double_fini(&owner);
}

static void commit_bytes(struct mqc__spool *spool)
{
    CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_OK);
    mqc__spool_turn(spool);
}

static struct mqc__spool_stats stats_of(struct mqc__spool *spool)
{
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    return stats;
}

static void test_pending_events_are_bounded(void)
{
    struct mqc__spool *spool = begin((struct mqc__spool_options){.pending_events_max = 10});
    for (unsigned i = 0; i < 10; i++)
        CHECK_INT(put_numbered(spool, i), MQC_OK);
    CHECK_INT(put_numbered(spool, 10), MQC_EFULL);
    CHECK_UNSIGNED(mqc__spool_last_number(spool), 10);
    mqc__spool_turn(spool);
    CHECK_INT(put_numbered(spool, 10), MQC_OK);
    end(&spool);
}

static void test_pending_bytes_are_bounded(void)
{
    struct mqc__spool *spool =
        begin((struct mqc__spool_options){.pending_bytes_max = 2 * RECORD_BYTES});
    CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_OK);
    CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_OK);
    CHECK_INT(put_bytes(spool, 1), MQC_EFULL);
    CHECK_INT(put_bytes(spool, 2 * EVENT_BYTES + MQC__SPOOL_RECORD_COST + 2), MQC_ETOOLARGE);
    CHECK_UNSIGNED(stats_of(spool).bytes, 2 * RECORD_BYTES);
    mqc__spool_turn(spool);
    CHECK_INT(put_bytes(spool, 1), MQC_OK);
    end(&spool);
}

static void test_topic_longer_than_mqtt_allows_is_refused(void)
{
    struct mqc__spool *spool = begin((struct mqc__spool_options){.pending_events_max = 10});
    static char topic[65536];
    struct mqc__spool_offer offer = {.topic = mqc_view_bytes(topic, sizeof topic)};
    CHECK_INT(mqc__spool_put(spool, &offer, NULL), MQC_ETOOLARGE);
    offer.topic.size--;
    CHECK_INT(mqc__spool_put(spool, &offer, NULL), MQC_OK);
    end(&spool);
}

static void test_refuse_full_takes_again_what_was_released(void)
{
    struct mqc__spool *spool = begin((struct mqc__spool_options){.when_full = MQC__SPOOL_REFUSE});
    for (uint64_t i = 0; i < FITTING; i++)
        commit_bytes(spool);
    CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_EFULL);
    CHECK_UNSIGNED(stats_of(spool).events, FITTING);
    mqc__spool_release(spool, 3);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(stats_of(spool).events, FITTING - 2);
    commit_bytes(spool);
    commit_bytes(spool);
    CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_EFULL);
    CHECK_UNSIGNED(owner.dropped_unfed + owner.dropped_fed, 0);
    CHECK_UNSIGNED(owner.fed_count, FITTING + 2);
    end(&spool);
}

static void test_drop_oldest_takes_what_waits_in_the_store_first(void)
{
    struct mqc__spool *spool =
        begin((struct mqc__spool_options){.when_full = MQC__SPOOL_DROP_OLDEST});
    owner.room = 2;
    for (uint64_t i = 0; i < FITTING + 3; i++)
        commit_bytes(spool);
    CHECK_UNSIGNED(owner.dropped_unfed, 3);
    CHECK_UNSIGNED(owner.dropped_fed, 0);
    CHECK_UNSIGNED(store.groups[1].first_number, 2);
    CHECK_UNSIGNED(store.groups[2].first_number, 6);
    struct mqc__spool_stats stats = stats_of(spool);
    CHECK_UNSIGNED(stats.dropped, 3);
    CHECK_UNSIGNED(stats.unfed_events, FITTING - 2);
    CHECK(stats.bytes <= MQC__SPOOL_BYTES_MIN);
    owner_double_add_room(&owner, SIZE_MAX / 2);
    mqc__spool_resume(spool);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, FITTING);
    CHECK_UNSIGNED(owner.fed[2].number, 6);
    stats = stats_of(spool);
    CHECK(!stats.is_behind);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), FITTING + 4);
    end(&spool);
}

static void test_drop_oldest_then_takes_what_was_fed(void)
{
    struct mqc__spool *spool =
        begin((struct mqc__spool_options){.when_full = MQC__SPOOL_DROP_OLDEST});
    for (uint64_t i = 0; i < FITTING + 2; i++)
        commit_bytes(spool);
    CHECK_UNSIGNED(owner.fed_count, FITTING + 2);
    CHECK_UNSIGNED(owner.dropped_unfed, 0);
    CHECK_UNSIGNED(owner.dropped_fed, 2);
    CHECK_UNSIGNED(store.groups[0].first_number, 3);
    end(&spool);
}

static void test_drop_oldest_spares_what_was_not_released_if_that_is_enough(void)
{
    struct mqc__spool *spool =
        begin((struct mqc__spool_options){.when_full = MQC__SPOOL_DROP_OLDEST});
    for (uint64_t i = 0; i < FITTING; i++)
        commit_bytes(spool);
    mqc__spool_release(spool, 2);
    commit_bytes(spool);
    CHECK_UNSIGNED(owner.dropped_unfed + owner.dropped_fed, 0);
    CHECK_UNSIGNED(store.groups[0].first_number, 2);
    end(&spool);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"pending events are bounded", test_pending_events_are_bounded},
        {"pending bytes are bounded", test_pending_bytes_are_bounded},
        {"topic longer than MQTT allows is refused", test_topic_longer_than_mqtt_allows_is_refused},
        {"refuse: full takes again what was released",
         test_refuse_full_takes_again_what_was_released},
        {"drop oldest takes what waits in the store first",
         test_drop_oldest_takes_what_waits_in_the_store_first},
        {"drop oldest then takes what was fed", test_drop_oldest_then_takes_what_was_fed},
        {"drop oldest spares what was not released if that is enough",
         test_drop_oldest_spares_what_was_not_released_if_that_is_enough},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.spool_full", tests);
}
