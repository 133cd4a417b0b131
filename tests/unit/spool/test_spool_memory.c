/* Memory runs out at every place: in the spool's own allocations, and in SQLite's. */
#include "spool/spool_priv.h"
#include "support/failing_malloc.h"
#include "support/suite.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

#include <sqlite3.h>

static struct spool_files files;
static struct owner_double owner;

/* SQLite's allocations, counted and failing like those of failing_malloc. */
static sqlite3_mem_methods plain_methods;
static size_t sqlite_allocation;
static size_t sqlite_failing;

static bool must_fail(void)
{
    return ++sqlite_allocation == sqlite_failing;
}

static void *counted_malloc(int size)
{
    return must_fail() ? NULL : plain_methods.xMalloc(size);
}

static void *counted_realloc(void *memory, int size)
{
    return must_fail() ? NULL : plain_methods.xRealloc(memory, size);
}

/* Must be done before SQLite is used. */
static void count_sqlite(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain_methods);
    sqlite3_mem_methods counted = plain_methods;
    counted.xMalloc = counted_malloc;
    counted.xRealloc = counted_realloc;
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_MALLOC, &counted), SQLITE_OK);
}

static void fail_sqlite(size_t number)
{
    sqlite_allocation = 0;
    sqlite_failing = number;
}

static void begin(void)
{
    spool_files_init(&files);
    owner_double_init(&owner);
}

static void end(void)
{
    spool_files_fini(&files);
    owner_double_fini(&owner);
}

static enum mqc_error open_spool(struct mqc__spool **spool_out)
{
    const struct mqc__spool_options options = spool_files_options(&files);
    return mqc__spool_open(&options, &owner.owner, NULL, NULL, spool_out, NULL);
}

/* What a spool does in its life; some of it may fail. Returns how many events were committed. */
static uint64_t live(struct mqc__spool *spool)
{
    uint64_t put = 0;
    for (unsigned i = 0; i < 300; i++)
        put += put_numbered(spool, i) == MQC_OK;
    mqc__spool_turn(spool);
    mqc__spool_release(spool, 2);
    spool->erase_ms = -1000000;
    put += put_bytes(spool, 10000) == MQC_OK;
    mqc__spool_turn(spool);
    mqc__spool_turn(spool);
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK_UNSIGNED(stats.pending, 0);
    CHECK_UNSIGNED(stats.committed + stats.failed_events, put);
    CHECK_UNSIGNED(stats.failed_events, owner.failed_events);
    return stats.committed;
}

/* What was committed is there when it is opened again. */
static void check_kept(uint64_t committed)
{
    struct mqc__spool *spool = NULL;
    CHECK_INT(open_spool(&spool), MQC_OK);
    REQUIRE(spool != NULL);
    CHECK(spool->damage == NULL);
    owner_double_forget(&owner);
    mqc__spool_turn(spool);
    /* One was released. */
    CHECK(owner.fed_count >= committed - (committed != 0) && owner.fed_count <= committed);
    CHECK(owner.is_in_order);
    mqc__spool_free(&spool);
}

static void live_without(size_t own, size_t sqlite)
{
    begin();
    struct mqc__spool *spool = NULL;
    uint64_t committed = 0;
    fail_allocation(own);
    fail_sqlite(sqlite);
    const enum mqc_error error = open_spool(&spool);
    if (error != MQC_OK) {
        CHECK_INT(error, MQC_ENOMEM);
        CHECK(spool == NULL);
    } else {
        committed = live(spool);
    }
    fail_allocation(0);
    fail_sqlite(0);
    mqc__spool_free(&spool);
    check_kept(committed);
    end();
}

static void test_without_own_memory(void)
{
    begin();
    struct mqc__spool *spool = NULL;
    fail_allocation(0);
    CHECK_INT(open_spool(&spool), MQC_OK);
    REQUIRE(spool != NULL);
    CHECK_UNSIGNED(live(spool), 301);
    const size_t count = allocation_count();
    mqc__spool_free(&spool);
    end();
    CHECK(count > 5);
    for (size_t number = 1; number <= count; number++)
        live_without(number, 0);
}

static void test_without_memory_of_sqlite(void)
{
    begin();
    struct mqc__spool *spool = NULL;
    fail_sqlite(0);
    CHECK_INT(open_spool(&spool), MQC_OK);
    REQUIRE(spool != NULL);
    CHECK_UNSIGNED(live(spool), 301);
    const size_t count = sqlite_allocation;
    mqc__spool_free(&spool);
    end();
    CHECK(count > 100);
    for (size_t number = 1; number <= count; number++)
        live_without(0, number);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"without own memory", test_without_own_memory},
        {"without memory of SQLite", test_without_memory_of_sqlite},
        CU_TEST_INFO_NULL,
    };
    count_sqlite();
    return suite_run("spool.spool_memory", tests);
}
