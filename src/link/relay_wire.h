#ifndef MQC_LINK_RELAY_WIRE_H
#define MQC_LINK_RELAY_WIRE_H

#include "base/view.h"
#include "link/link.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqc__tls;

enum mqc__wire_status {
    MQC__WIRE_OK,
    MQC__WIRE_BLOCKED, /* goes on when the socket is ready for mqc__wire_events */
    MQC__WIRE_ENDED,   /* the other side says no more */
    MQC__WIRE_FAILED,  /* for good; the wire knows why */
};

/* One end of a relay: a non-blocking socket, with TLS over it or without. One thread at a time, but
 * any thread may look at the counters. */
struct mqc__wire {
    int fd;               /* -1: closed */
    struct mqc__tls *tls; /* NULL: none */
    unsigned char *input; /* with TLS: ciphertext on its way into the engine */
    size_t input_begin;
    size_t input_end;
    bool is_input_over;     /* the engine knows that there will be no more */
    bool acks_at_once;      /* as in struct mqc__link_options */
    bool has_more;          /* a read can go on without the socket */
    bool is_write_blocked;  /* until the socket takes more */
    bool reads_after_write; /* a read waits for that too */
    bool is_finishing;
    atomic_ullong socket_in_bytes;
    atomic_ullong socket_out_bytes;
    atomic_ullong read_bytes; /* by the caller */
    atomic_ullong written_bytes;
    struct mqc__link_failure failure; /* tag NULL: none */
};

/* Makes a wire of a socket, which it owns from now on. */
void mqc__wire_init(struct mqc__wire *wire, int fd);

/* Closes the socket and frees the TLS engine. The counters and the failure stay. */
void mqc__wire_fini(struct mqc__wire *wire);

/* Closes the socket alone. */
void mqc__wire_hang_up(struct mqc__wire *wire);

/* Reads at most `size` bytes. OK: *moved_out bytes, at least one. */
enum mqc__wire_status mqc__wire_read(struct mqc__wire *wire, void *bytes, size_t size,
                                     size_t *moved_out);

/* Writes; *moved_out bytes were taken. OK: all of them; BLOCKED: a part, maybe none. */
enum mqc__wire_status mqc__wire_write(struct mqc__wire *wire, struct mqc_view bytes,
                                      size_t *moved_out);

/* Says that nothing more will be written, after what was. OK, FAILED, or BLOCKED: call again. */
enum mqc__wire_status mqc__wire_finish(struct mqc__wire *wire);

/* Ends both directions at once; what has arrived can still be read, and then the end. */
void mqc__wire_break(struct mqc__wire *wire);

/* The events of poll to wait for; none: the socket must be left out, or poll reports its end again
 * and again. */
short mqc__wire_events(const struct mqc__wire *wire, bool wants_read);

/* Takes notice of what poll has found, and sends what waited for it. */
void mqc__wire_polled(struct mqc__wire *wire, short events);

#endif
