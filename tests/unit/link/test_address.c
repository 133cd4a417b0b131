#include "test_link_support.h"

#include "base/clock.h"
#include "link/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The linker puts these in the place of the system's functions: a name service of the test's own.
 * Addresses written as such still go to the real one. */
int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found_out);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found_out);
void __real_freeaddrinfo(struct addrinfo *found);
void __wrap_freeaddrinfo(struct addrinfo *found);

static atomic_bool is_silent; /* answers when that ends */
static atomic_int answering_count;
static atomic_int answer_error;

static struct addrinfo *record(const char *text, struct addrinfo *next)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    REQUIRE(__real_getaddrinfo(text, "1883", &hints, &found) == 0 && found->ai_next == NULL);
    found->ai_next = next;
    return found;
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found_out)
{
    if ((hints->ai_flags & AI_NUMERICHOST) != 0)
        return __real_getaddrinfo(host, service, hints, found_out);
    (void)atomic_fetch_add(&answering_count, 1);
    while (atomic_load(&is_silent))
        sleep_ms(2);
    const int error = atomic_load(&answer_error);
    if (error == 0) {
        *found_out = NULL;
        const char *const order[] = {"127.0.0.9", "::4", "::3", "::2", "::1"};
        for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
            *found_out = record(order[i], *found_out);
    }
    (void)atomic_fetch_sub(&answering_count, 1);
    return error;
}

void __wrap_freeaddrinfo(struct addrinfo *found)
{
    while (found != NULL) {
        struct addrinfo *next = found->ai_next;
        found->ai_next = NULL;
        __real_freeaddrinfo(found);
        found = next;
    }
}

static enum mqc_error lookup(const char *host, int timeout_ms, struct mqc__address_list *list_out,
                             struct mqc_error_info *info)
{
    return mqc__address_lookup(host, 1883, mqc__clock_monotonic_ms() + timeout_ms, list_out, info);
}

static void await_answers(void)
{
    atomic_store(&is_silent, false);
    for (int i = 0; i < 500 && atomic_load(&answering_count) > 0; i++)
        sleep_ms(5);
    /* The threads have some instructions left. */
    sleep_ms(20);
}

static void test_address_literal_needs_no_name_service(void)
{
    static const struct {
        const char *host;
        const char *text;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1:1883"},
        {"::1", "[::1]:1883"},
        {"2001:db8::7", "[2001:db8::7]:1883"},
        {"fe80::1%lo", "[fe80::1%lo]:1883"},
    };
    atomic_store(&answer_error, EAI_FAIL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__address_list list;
        char text[MQC__ADDRESS_TEXT_BYTES];
        CHECK_INT(lookup(cases[i].host, 0, &list, NULL), MQC_OK);
        CHECK_UNSIGNED(list.count, 1);
        CHECK_TEXT(mqc__address_text(&list.items[0], text), cases[i].text);
    }
    atomic_store(&answer_error, 0);
}

static void test_address_families_take_turns(void)
{
    static const char *const expected[] = {"[::1]:1883", "127.0.0.9:1883", "[::2]:1883",
                                           "[::3]:1883", "[::4]:1883"};
    struct mqc__address_list list;
    char text[MQC__ADDRESS_TEXT_BYTES];
    CHECK_INT(lookup("broker.example", 2000, &list, NULL), MQC_OK);
    CHECK_UNSIGNED(list.count, 5);
    for (size_t i = 0; i < list.count && i < 5; i++)
        CHECK_TEXT(mqc__address_text(&list.items[i], text), expected[i]);
    await_answers();
}

static void test_address_name_service_fails_says_why(void)
{
    static const struct {
        int error;
        enum mqc_error code;
        const char *words;
    } cases[] = {
        {EAI_NONAME, MQC_ECONNECT, "no such host name"},
        {EAI_AGAIN, MQC_ECONNECT, "the name server does not answer"},
        {EAI_FAIL, MQC_ECONNECT, "the name server failed"},
        {EAI_MEMORY, MQC_ENOMEM, "out of memory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__address_list list;
        struct mqc_error_info info;
        atomic_store(&answer_error, cases[i].error);
        CHECK_INT(lookup("broker.example", 2000, &list, &info), cases[i].code);
        CHECK_CONTAINS(info.text, cases[i].words);
        CHECK_CONTAINS(info.text, "broker.example");
        CHECK_UNSIGNED(list.count, 0);
    }
    await_answers();
    atomic_store(&answer_error, 0);
}

static void test_address_bad_host_is_refused(void)
{
    char long_host[400];
    memset(long_host, 'a', sizeof long_host);
    long_host[sizeof long_host - 1] = '\0';
    struct mqc__address_list list;
    CHECK_INT(lookup("", 100, &list, NULL), MQC_EINVAL);
    CHECK_INT(lookup(NULL, 100, &list, NULL), MQC_EINVAL);
    CHECK_INT(lookup(long_host, 100, &list, NULL), MQC_EINVAL);
}

static void test_address_slow_name_service_ends_in_time(void)
{
    struct mqc__address_list list;
    struct mqc_error_info info;
    atomic_store(&is_silent, true);
    const int64_t before_ms = mqc__clock_monotonic_ms();
    CHECK_INT(lookup("broker.example", 50, &list, &info), MQC_ETIMEOUT);
    const int64_t taken_ms = mqc__clock_monotonic_ms() - before_ms;
    CHECK(taken_ms >= 45 && taken_ms < 500);
    CHECK_CONTAINS(info.text, "did not tell the address of broker.example in time");
    await_answers();
}

static void test_address_dead_name_service_is_not_asked_for_ever(void)
{
    struct mqc__address_list list;
    struct mqc_error_info info = {.text = ""};
    atomic_store(&is_silent, true);
    for (int i = 0; i < 16; i++)
        CHECK_INT(lookup("broker.example", 1, &list, &info), MQC_ETIMEOUT);
    CHECK_INT(lookup("broker.example", 1, &list, &info), MQC_ETIMEOUT);
    CHECK_CONTAINS(info.text, "has not answered 16 earlier look-ups");
    CHECK(atomic_load(&answering_count) <= 16);
    await_answers();
    CHECK_INT(lookup("broker.example", 2000, &list, &info), MQC_OK);
    await_answers();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"literal", test_address_literal_needs_no_name_service},
        {"families", test_address_families_take_turns},
        {"failures", test_address_name_service_fails_says_why},
        {"bad host", test_address_bad_host_is_refused},
        {"slow", test_address_slow_name_service_ends_in_time},
        {"dead", test_address_dead_name_service_is_not_asked_for_ever},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.address", tests);
}
