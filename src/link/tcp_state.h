#ifndef MQC_LINK_TCP_STATE_H
#define MQC_LINK_TCP_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* How far a connection has come to its end. */
enum mqc__tcp_end {
    MQC__TCP_OPEN,        /* nobody has ended it */
    MQC__TCP_ENDED_HERE,  /* this side has, at least first */
    MQC__TCP_ENDED_THERE, /* the other side has, at least first */
    MQC__TCP_GONE,        /* both, or it broke */
};

/* What the system knows about a connection. */
struct mqc__tcp_state {
    enum mqc__tcp_end end;
    bool is_unanswered; /* what was sent last had to be sent again and again */
    uint64_t in_bytes;
    uint64_t out_bytes; /* acknowledged by the other side */
};

/* False: the system does not tell. Any thread. */
bool mqc__tcp_state(int fd, struct mqc__tcp_state *state_out);

/* Acknowledges what was received without delay. The system forgets this whenever it finds a
 * conversation interactive. Any thread. */
void mqc__tcp_ack_at_once(int fd);

#endif
