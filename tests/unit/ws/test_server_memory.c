/* Memory runs out at every place of the server's thread, once each: a client may lose its
 * connection then, but is never left waiting, and the next one is served. */
#include "raw_client.h"
#include "support/suite.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A client that waits longer waits for nothing. */
#define SILENCE_MS 3000

static atomic_size_t allocation;
static atomic_size_t failing_allocation;
static _Thread_local bool is_spared; /* the test's own thread */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool must_fail(void)
{
    return !is_spared && atomic_fetch_add(&allocation, 1) + 1 == atomic_load(&failing_allocation);
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

static void fail_allocation(size_t number)
{
    atomic_store(&allocation, 0);
    atomic_store(&failing_allocation, number);
}

/* The next thing that comes; false when the connection is closing or at its end. */
static bool comes(struct raw_client *client, const char *expected)
{
    const char *next = raw_next(client, SILENCE_MS);
    CHECK(strcmp(next, "silence") != 0);
    if (strncmp(next, "close", 5) == 0 || strcmp(next, "end") == 0)
        return false;
    CHECK_CONTAINS(next, expected);
    return true;
}

/* All that a client does; returns whether it came to the end. */
static bool talk(struct raw_client *client, struct server_driver *driver)
{
    raw_connect(client, driver, 0);
    if (!raw_send_text(client, RAW_UPGRADE) || raw_head(client)[0] == '\0')
        return false;
    (void)raw_frame(client, RAW_TEXT, "[\"/a\",\"/b\"]");
    if (!comes(client, "\"ack\""))
        return false;
    (void)raw_frame(client, RAW_TEXT, "{}");
    if (!comes(client, "\"error\""))
        return false;
    (void)raw_frame(client, RAW_TEXT, driver_event_text("/a", "event"));
    (void)raw_frame(client, RAW_PING, "hello");
    if (!comes(client, "hello"))
        return false;
    driver_deliver(driver, "/b", "event");
    if (!comes(client, "\"topic\":\"/b\""))
        return false;
    (void)raw_close_frame(client, 1000, "bye");
    (void)raw_next(client, SILENCE_MS);
    return true;
}

static bool talk_and_drop(struct server_driver *driver)
{
    struct raw_client client;
    const bool is_done = talk(&client, driver);
    raw_drop(&client);
    return is_done;
}

static void test_server_without_memory_leaves_nobody_waiting(void)
{
    is_spared = true;
    bool has_failed = true;
    size_t number = 0;
    struct server_driver driver;
    driver_open(&driver);
    while (has_failed) {
        fail_allocation(++number);
        (void)talk_and_drop(&driver);
        has_failed = atomic_load(&allocation) >= number;
        fail_allocation(0);
        CHECK(talk_and_drop(&driver));
        CHECK(driver_wait_clients(&driver, 0));
    }
    CHECK(number > 10);
    driver_close(&driver);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"server_without_memory_leaves_nobody_waiting",
         test_server_without_memory_leaves_nobody_waiting},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.server_memory", tests);
}
