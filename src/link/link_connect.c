#include "link/link_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "link/dial.h"
#include "link/relay_wire_priv.h"
#include "link/tls.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum mqc_error connect_tcp(struct mqc__link *link, const struct mqc__link_options *options,
                                  int64_t deadline_ms, const char **tag_out,
                                  struct mqc_error_info *info)
{
    struct mqc__address_list list;
    size_t which = 0;
    *tag_out = "resolve_failed";
    enum mqc_error error =
        mqc__address_lookup(options->host, options->port, deadline_ms, &list, info);
    if (error != MQC_OK)
        return error;
    *tag_out = "connect_failed";
    error = mqc__dial(&list, deadline_ms, &link->broker.fd, &which, info);
    if (error != MQC_OK)
        return error;
    mqc__dial_tune(link->broker.fd, options->user_timeout_ms, options->keep_alive_s);
    link->broker.acks_at_once = options->acks_at_once;
    char address[MQC__ADDRESS_TEXT_BYTES];
    (void)snprintf(link->description, sizeof link->description, "%s",
                   mqc__address_text(&list.items[which], address));
    return MQC_OK;
}

bool mqc__link_probe(const char *host, uint16_t port, unsigned timeout_ms)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + (int64_t)timeout_ms;
    struct mqc__address_list list;
    size_t which = 0;
    int fd = -1;
    if (mqc__address_lookup(host, port, deadline_ms, &list, NULL) != MQC_OK ||
        mqc__dial(&list, deadline_ms, &fd, &which, NULL) != MQC_OK)
        return false;
    (void)close(fd);
    return true;
}

/* Whether a server closes or resets the connection when it does not like what it reads depends on
 * the moment alone. */
static bool was_closed(const struct mqc__link_failure *failure)
{
    return strcmp(failure->tag, "tls_closed") == 0 ||
           strcmp(failure->tag, "connection_closed") == 0 ||
           strcmp(failure->tag, "connection_reset") == 0;
}

static enum mqc_error report_handshake(const struct mqc__link *link,
                                       const struct mqc__link_options *options,
                                       const char **tag_out, struct mqc_error_info *info)
{
    const struct mqc__link_failure *failure = &link->broker.failure;
    const struct mqc__tls_failure *engine = mqc__tls_failure(link->broker.tls);
    enum mqc_error error = engine->tag != NULL ? engine->info.code : MQC_ECONNECT;
    const char *advice = "";
    *tag_out = failure->tag;
    if (was_closed(failure)) {
        *tag_out = "tls_closed";
        advice = "; check that this is the broker's port for TLS, and the broker's log";
    }
    if (strcmp(failure->tag, MQC__TLS_TIMEOUT_TAG) == 0) {
        error = MQC_ETIMEOUT;
        advice = "; check that this is the broker's port for TLS";
    }
    return mqc__fail(info, error, "TLS handshake with %s (%s) failed: %s%s", options->host,
                     link->description, failure->text, advice);
}

static void describe(struct mqc__link *link)
{
    char peer[200];
    const size_t used = strlen(link->description);
    (void)snprintf(link->description + used, sizeof link->description - used, ", %s",
                   mqc__tls_peer_description(link->broker.tls, peer, sizeof peer));
}

static enum mqc_error connect_tls(struct mqc__link *link, const struct mqc__link_options *options,
                                  int64_t deadline_ms, const char **tag_out,
                                  struct mqc_error_info *info)
{
    const char *name = options->server_name != NULL ? options->server_name : options->host;
    *tag_out = "link_failed";
    struct mqc__tls *tls = NULL;
    enum mqc_error error = mqc__tls_new(options->tls, name, options->tls_session, &tls, info);
    if (error != MQC_OK)
        return error;
    if (mqc__wire_tls_init(&link->broker, tls) != MQC_OK)
        return mqc__fail(info, MQC_ENOMEM, "no TLS connection to %s: out of memory", options->host);
    if (mqc__wire_tls_handshake(&link->broker, deadline_ms) != MQC__WIRE_OK)
        return report_handshake(link, options, tag_out, info);
    describe(link);
    return MQC_OK;
}

enum mqc_error mqc__link_connect(struct mqc__link *link, const struct mqc__link_options *options,
                                 const char **tag_out, struct mqc_error_info *info)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + options->connect_timeout_ms;
    link->is_proxy = options->is_proxy;
    link->is_relay = options->is_relay || options->is_proxy || options->tls != NULL ||
                     options->filter.pass != NULL;
    const enum mqc_error error = connect_tcp(link, options, deadline_ms, tag_out, info);
    if (error != MQC_OK || options->tls == NULL)
        return error;
    return connect_tls(link, options, deadline_ms, tag_out, info);
}
