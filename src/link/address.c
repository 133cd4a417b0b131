#include "link/address.h"

#include "base/fail.h"
#include "base/thread.h"
#include "link/link_deadline.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * getaddrinfo blocks as long as it likes and cannot be called off. So it runs in a thread of its
 * own, and a caller whose time is over leaves that thread alone with its result.
 */

/* As many look-ups may be left alone; then no new one is begun until one of them has come back. */
#define LOOKUPS_MAX 16

#define HOST_BYTES_MAX 255

struct lookup {
    char host[HOST_BYTES_MAX + 1];
    char service[8];
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_changed;
    unsigned reference_count;
    bool is_done;
    int error; /* of getaddrinfo */
    struct mqc__address_list list;
};

static atomic_int lookup_count;

static const char *lookup_words(int error)
{
    switch (error) {
    case EAI_NONAME:
    case EAI_NODATA: return "no such host name";
    case EAI_AGAIN: return "the name server does not answer";
    case EAI_FAIL: return "the name server failed";
    case EAI_MEMORY: return "out of memory";
    default: return gai_strerror(error);
    }
}

static void append(struct mqc__address_list *list, const struct addrinfo *found)
{
    if (list->count == MQC__ADDRESSES_MAX || found->ai_addrlen > sizeof list->items[0].name)
        return;
    struct mqc__address *address = &list->items[list->count++];
    memcpy(&address->name, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
}

static const struct addrinfo *skip_to(const struct addrinfo *found, int family, bool is_same)
{
    while (found != NULL && (found->ai_family == family) != is_same)
        found = found->ai_next;
    return found;
}

/* The system's order, but with the families in turn: where one of them leads nowhere, the second
 * attempt is of the other one (RFC 8305, 4). */
static void interleave(const struct addrinfo *found, struct mqc__address_list *list_out)
{
    list_out->count = 0;
    if (found == NULL)
        return;
    const int family = found->ai_family;
    const struct addrinfo *same = found;
    const struct addrinfo *other = skip_to(found, family, false);
    while (same != NULL || other != NULL) {
        if (same != NULL) {
            append(list_out, same);
            same = skip_to(same->ai_next, family, true);
        }
        if (other != NULL) {
            append(list_out, other);
            other = skip_to(other->ai_next, family, false);
        }
    }
}

static int resolve(const char *host, const char *service, int flags,
                   struct mqc__address_list *list_out)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    struct addrinfo *found = NULL;
    const int error = getaddrinfo(host, service, &hints, &found);
    if (error != 0)
        return error;
    interleave(found, list_out);
    freeaddrinfo(found);
    return 0;
}

static struct lookup *lookup_new(const char *host, const char *service)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    (void)snprintf(lookup->host, sizeof lookup->host, "%s", host);
    (void)snprintf(lookup->service, sizeof lookup->service, "%s", service);
    lookup->reference_count = 1;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&lookup->has_changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&lookup->mutex, NULL);
    return lookup;
}

static void lookup_unref(struct lookup *lookup)
{
    pthread_mutex_lock(&lookup->mutex);
    const bool is_last = --lookup->reference_count == 0;
    pthread_mutex_unlock(&lookup->mutex);
    if (!is_last)
        return;
    pthread_mutex_destroy(&lookup->mutex);
    pthread_cond_destroy(&lookup->has_changed);
    free(lookup);
}

static void *run_lookup(void *context)
{
    struct lookup *lookup = context;
    struct mqc__address_list list = {.count = 0};
    const int error = resolve(lookup->host, lookup->service, 0, &list);
    (void)atomic_fetch_sub(&lookup_count, 1);
    pthread_mutex_lock(&lookup->mutex);
    lookup->list = list;
    lookup->error = error;
    lookup->is_done = true;
    pthread_cond_signal(&lookup->has_changed);
    pthread_mutex_unlock(&lookup->mutex);
    lookup_unref(lookup);
    return NULL;
}

static bool await(struct lookup *lookup, int64_t deadline_ms)
{
    const int left_ms = mqc__deadline_left_ms(deadline_ms);
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left_ms / 1000;
    until.tv_nsec += (long)(left_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int error = 0;
    pthread_mutex_lock(&lookup->mutex);
    while (!lookup->is_done && error == 0)
        error = pthread_cond_timedwait(&lookup->has_changed, &lookup->mutex, &until);
    const bool is_done = lookup->is_done;
    pthread_mutex_unlock(&lookup->mutex);
    return is_done;
}

static bool start(struct lookup *lookup)
{
    (void)atomic_fetch_add(&lookup_count, 1);
    lookup->reference_count++;
    if (mqc__thread_start(NULL, run_lookup, lookup) == MQC_OK)
        return true;
    lookup->reference_count--;
    (void)atomic_fetch_sub(&lookup_count, 1);
    return false;
}

static enum mqc_error report(const char *host, int error, struct mqc_error_info *info)
{
    if (error == EAI_MEMORY)
        return mqc__fail(info, MQC_ENOMEM, "cannot look up %s: out of memory", host);
    return mqc__fail(
        info, MQC_ECONNECT,
        "cannot find an address of %s: %s; check the name in the broker's URI and this "
        "host's name service (/etc/resolv.conf, /etc/hosts)",
        host, lookup_words(error));
}

static enum mqc_error lookup_name(struct lookup *lookup, int64_t deadline_ms,
                                  struct mqc__address_list *list_out, struct mqc_error_info *info)
{
    if (!start(lookup))
        return mqc__fail(info, MQC_ENOMEM, "cannot look up %s: no thread for it", lookup->host);
    if (!await(lookup, deadline_ms))
        return mqc__fail(info, MQC_ETIMEOUT,
                         "the name service did not tell the address of %s in time; check "
                         "/etc/resolv.conf and that its name servers can be reached",
                         lookup->host);
    *list_out = lookup->list;
    if (lookup->error != 0)
        return report(lookup->host, lookup->error, info);
    return MQC_OK;
}

enum mqc_error mqc__address_lookup(const char *host, uint16_t port, int64_t deadline_ms,
                                   struct mqc__address_list *list_out, struct mqc_error_info *info)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    list_out->count = 0;
    if (host == NULL || host[0] == '\0' || strlen(host) > HOST_BYTES_MAX)
        return mqc__fail(info, MQC_EINVAL, "the broker's URI has no host name, or one too long");
    if (resolve(host, service, AI_NUMERICHOST, list_out) == 0)
        return MQC_OK;
    if (atomic_load(&lookup_count) >= LOOKUPS_MAX)
        return mqc__fail(info, MQC_ETIMEOUT,
                         "the name service has not answered %d earlier look-ups; check "
                         "/etc/resolv.conf and that its name servers can be reached",
                         LOOKUPS_MAX);
    struct lookup *lookup = lookup_new(host, service);
    if (lookup == NULL)
        return mqc__fail(info, MQC_ENOMEM, "cannot look up %s: out of memory", host);
    const enum mqc_error error = lookup_name(lookup, deadline_ms, list_out, info);
    lookup_unref(lookup);
    return error;
}

const char *mqc__address_text(const struct mqc__address *address,
                              char text_out[MQC__ADDRESS_TEXT_BYTES])
{
    char host[80];
    char service[8];
    if (getnameinfo((const struct sockaddr *)&address->name, address->size, host, sizeof host,
                    service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        (void)snprintf(text_out, MQC__ADDRESS_TEXT_BYTES, "an unknown address");
    else
        (void)snprintf(text_out, MQC__ADDRESS_TEXT_BYTES,
                       address->name.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
    return text_out;
}
