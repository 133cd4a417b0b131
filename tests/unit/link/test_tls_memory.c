/* The Nth allocation fails, for every N: an error or a failure that says so, no crash and no leak,
 * and never a peer accepted that should not be. */
#include "test_tls_pair.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_MALLOC 0
#endif
#endif
#if !defined(HAS_OWN_MALLOC) && defined(__GLIBC__)
#define HAS_OWN_MALLOC 1
#endif

/* How many allocations succeed before one fails; none fails when it is off. */
static struct {
    bool is_on;
    long allowed;
    long denied;
    long live; /* blocks that were allocated and not freed since it was turned on */
} failing;

#if HAS_OWN_MALLOC

/* glibc's functions behind those that this program puts in their place. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static bool is_denied(void)
{
    if (!failing.is_on || failing.denied != 0 || failing.allowed-- > 0)
        return false;
    failing.denied++;
    return true;
}

#define REPLACES_LIBC __attribute__((visibility("default")))

static void *count(void *memory)
{
    if (memory != NULL)
        failing.live++;
    return memory;
}

REPLACES_LIBC void *malloc(size_t size)
{
    return is_denied() ? NULL : count(__libc_malloc(size));
}

REPLACES_LIBC void *calloc(size_t number, size_t size)
{
    return is_denied() ? NULL : count(__libc_calloc(number, size));
}

REPLACES_LIBC void *realloc(void *memory, size_t size)
{
    if (is_denied())
        return NULL;
    return memory != NULL ? __libc_realloc(memory, size) : count(__libc_realloc(NULL, size));
}

REPLACES_LIBC void free(void *memory)
{
    if (memory != NULL)
        failing.live--;
    __libc_free(memory);
}

#endif

static bool can_fail(void)
{
#if HAS_OWN_MALLOC
    return true;
#else
    suite_skip("allocations cannot be made to fail in this build");
    return false;
#endif
}

static void fail_after(long allowed)
{
    failing.allowed = allowed;
    failing.denied = 0;
    failing.live = 0;
    failing.is_on = true;
}

/* Says whether an allocation was denied meanwhile. */
static bool stop_failing(void)
{
    failing.is_on = false;
    return failing.denied != 0;
}

static void test_memory_config_nth_allocation_fails(void)
{
    static const char *const alpn[] = {"mqtt"};
    struct mqc__tls_options options = tls_client_options("client");
    options.key_file = tls_file("client-pkcs8.key");
    options.key_password_file = tls_file("password");
    options.crl_file = tls_file("crl.pem");
    options.alpn = alpn;
    options.alpn_count = 1;
    if (!can_fail())
        return;
    /* What the C library keeps for itself is allocated once. */
    struct mqc__tls_config *first = tls_config(&options);
    mqc__tls_config_unref(&first);
    bool is_denied = true;
    for (long n = 0; is_denied; n += 1 + n / 32) {
        struct mqc__tls_config *config = NULL;
        struct mqc_error_info info = {.code = MQC_OK};
        fail_after(n);
        const enum mqc_error error = mqc__tls_config_new(&options, &config, &info);
        is_denied = stop_failing();
        CHECK((error == MQC_OK) == (config != NULL));
        if (!is_denied)
            CHECK_INT(error, MQC_OK);
        mqc__tls_config_unref(&config);
        CHECK_INT(failing.live, 0);
    }
}

/* A whole life, with the Nth allocation failing somewhere in it. */
static bool live(struct mqc__tls_config *client, struct mqc__tls_config *server, long n,
                 bool *is_established_out)
{
    struct tls_pair pair = {.client = NULL, .server = NULL};
    struct mqc__tls_session *session = NULL;
    char bytes[64];
    size_t size = 0;
    *is_established_out = false;
    fail_after(n);
    if (mqc__tls_new(client, "broker.test", NULL, &pair.client, NULL) == MQC_OK &&
        mqc__tls_new(server, NULL, NULL, &pair.server, NULL) == MQC_OK) {
        *is_established_out = tls_pair_run(&pair, SIZE_MAX);
        (void)mqc__tls_write(pair.client, mqc_view_text("data"), &size);
        (void)tls_carry(pair.client, pair.server, SIZE_MAX);
        (void)mqc__tls_read(pair.server, bytes, sizeof bytes, &size);
        (void)mqc__tls_session_save(pair.client, &session);
        mqc__tls_close(pair.client);
    }
    const bool is_denied = stop_failing();
    mqc__tls_session_free(&session);
    tls_pair_fini(&pair);
    CHECK_INT(failing.live, 0);
    return is_denied;
}

static void check_life(const char *server_identity, bool is_good)
{
    struct mqc__tls_options client_options = tls_client_options("client");
    struct mqc__tls_options server_options = tls_server_options(server_identity);
    server_options.client_certificate = MQC__TLS_CLIENT_CERTIFICATE_REQUIRED;
    struct mqc__tls_config *client = tls_config(&client_options);
    struct mqc__tls_config *server = tls_config(&server_options);
    bool is_denied = true;
    bool is_established = false;
    /* What the libraries keep for themselves is allocated once. */
    struct tls_pair first;
    tls_pair_init(&first, &client_options, &server_options, "broker.test");
    (void)tls_pair_run(&first, SIZE_MAX);
    tls_pair_fini(&first);
    for (long n = 0; is_denied; n += 1 + n / 12) {
        is_denied = live(client, server, n, &is_established);
        CHECK(is_good || !is_established);
    }
    CHECK(is_established == is_good);
    mqc__tls_config_unref(&client);
    mqc__tls_config_unref(&server);
}

static void test_memory_connection_nth_allocation_fails(void)
{
    if (can_fail())
        check_life("server", true);
}

static void test_memory_bad_peer_is_never_accepted(void)
{
    static const char *const bad[] = {"stranger-server", "other-name"};
    if (!can_fail())
        return;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_life(bad[i], false);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"configuration", test_memory_config_nth_allocation_fails},
        {"connection", test_memory_connection_nth_allocation_fails},
        {"a bad peer is never accepted", test_memory_bad_peer_is_never_accepted},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_memory", tests);
}
