#ifndef MQC_LINK_LINK_H
#define MQC_LINK_LINK_H

#include "base/error.h"
#include "base/export.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The connection to a broker, under an MQTT client library that knows plain TCP only: the link owns
 * the socket to the broker, TCP or TLS, and carries its bytes to and from a port of 127.0.0.1,
 * which one connection of this very process may use. Where there is nothing to encrypt or to
 * filter, the client gets the broker's socket in the place of its own as soon as it is connected,
 * and the link only watches. Each link has one thread.
 */
struct mqc__link;
struct mqc__tls_config;
struct mqc__tls_session;

#define MQC__LINK_BUFFER_BYTES_DEFAULT ((size_t)256 * 1024)

/* Where a filter writes to. */
struct mqc__link_outgoing {
    unsigned char *bytes;
    size_t capacity;
    size_t size;   /* written so far */
    bool has_more; /* something that may go out found no room: the filter is called again */
};

/* Sees what the client sends to the broker, and may hold some of it back. Must live until the link
 * is closed. */
struct mqc__link_filter {
    void *context;
    /*
     * Takes all of `in` and writes what may go out now. There is room for more than `in` has; into
     * what is left of it goes what was held back and may leave. Called with an empty `in` after
     * mqc__link_wake(), and for what found no room. On the link's thread, one call at a time; must
     * not block. False: this cannot go on; the connection ends.
     */
    bool (*pass)(void *context, struct mqc_view in, struct mqc__link_outgoing *out);
};

/* Where to and how. Borrowed for the call of mqc__link_open. */
struct mqc__link_options {
    const char *host; /* a name or an address, without brackets */
    uint16_t port;
    struct mqc__tls_config *tls;                /* NULL: plain TCP; else referenced */
    const char *server_name;                    /* what the broker proves to be; NULL: host */
    const struct mqc__tls_session *tls_session; /* offered for resumption; NULL: none */
    unsigned connect_timeout_ms;                /* for look-up, connection and handshake together */
    unsigned user_timeout_ms; /* sent bytes without an answer for so long end it; 0: the system's */
    unsigned keep_alive_s;    /* TCP keep-alive after so much silence; 0: none */
    /* Acknowledge what the broker sends without delay: a broker that holds small packets back until
     * then (Nagle) answers 40 ms sooner, for a packet more per message that is answered anyway. */
    bool acks_at_once;
    bool is_relay; /* carry the bytes of plain TCP too; for tests */
    /* The client takes the link for an HTTP proxy: the link answers its CONNECT request, whatever
     * that names, and goes on as always. */
    bool is_proxy;
    size_t buffer_bytes;            /* held back at most in each direction; 0: the default */
    struct mqc__link_filter filter; /* pass NULL: none; else the link never hands the socket over */
};

/* Bytes since the link was opened; on the broker's side those of the TCP connection, TLS included.
 */
struct mqc__link_stats {
    uint64_t broker_in_bytes;
    uint64_t broker_out_bytes;
    uint64_t client_in_bytes;  /* from the MQTT client */
    uint64_t client_out_bytes; /* to it */
    uint64_t stranger_count;   /* connections of others to the port, refused */
};

/* Why a link ended. */
struct mqc__link_failure {
    const char *tag; /* a constant */
    char text[400];
};

/*
 * Connects to the broker and starts the link. Blocks, at most about connect_timeout_ms. Any thread.
 * On failure *link_out is NULL, *tag_out one of the following or of mqc__tls_failure(), and *info
 * says what failed with which peer, why, and what to check; its place is host:port.
 *   resolve_failed   the host name has no address, or nobody told it in time
 *   connect_failed   no address accepts a connection
 *   tls_timeout      the broker did not finish the TLS handshake
 *   tls_closed       the connection was closed or reset during the TLS handshake
 *   connection_*     as in mqc__link_failure(), during the TLS handshake
 *   link_failed      this host is short of something: memory, files, threads
 */
MQC_MUST_USE enum mqc_error mqc__link_open(const struct mqc__link_options *options,
                                           struct mqc__link **link_out, const char **tag_out,
                                           struct mqc_error_info *info);

/* Says whether the host accepts TCP connections on the port now. Blocks, at most timeout_ms. Any
 * thread. */
bool mqc__link_probe(const char *host, uint16_t port, unsigned timeout_ms);

/* The port of 127.0.0.1 on which the link waits for its client. It takes one connection, of this
 * process; the port stays the link's until then. */
uint16_t mqc__link_port(const struct mqc__link *link);

/* One line: the broker's address and, with TLS, version, suite and certificate. Any thread. */
const char *mqc__link_description(const struct mqc__link *link);

/* Any thread. */
void mqc__link_stats(const struct mqc__link *link, struct mqc__link_stats *stats_out);

/*
 * Says why the link ended, if it did and its client was not the one to end it; known before the
 * client sees the end of its connection. Any thread. The tags are those of mqc__tls_failure() and
 *   connection_closed      the broker closed the connection
 *   connection_reset       it broke
 *   connection_timed_out   the broker's host did not answer
 *   link_failed            this host is short of something
 */
bool mqc__link_failure(struct mqc__link *link, struct mqc__link_failure *failure_out);

/* To be called when the client has received something: acknowledges it at once, if that is asked
 * for and the link does not do so by itself. Any thread. */
void mqc__link_received(const struct mqc__link *link);

/* Has the filter called, which may let more out now. Any thread, until the link is freed; cheap,
 * never blocks. */
void mqc__link_wake(struct mqc__link *link);

/*
 * Ends the link. What the client has written goes out first, and the broker gets time to hang up;
 * but a second later at the latest all is closed. Blocks for that. Idempotent; one thread at a
 * time.
 */
void mqc__link_close(struct mqc__link *link);

/* Copies what the next connection can resume, after mqc__link_close. MQC_ENOTFOUND: there is
 * nothing (or the link has no TLS). MQC_ENOMEM. */
enum mqc_error mqc__link_tls_session(struct mqc__link *link, struct mqc__tls_session **session_out);

/* Closes and frees the link and clears the pointer. */
void mqc__link_free(struct mqc__link **link);

#endif
