#include "link/tcp_state.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* The C library's netinet/tcp.h knows only the old part of struct tcp_info. */
#include <linux/tcp.h>
#include <netinet/in.h>

/* The numbers of the states, which the C library has in the header left out above. */
enum {
    STATE_ESTABLISHED = 1,
    STATE_FIN_WAIT1 = 4,
    STATE_FIN_WAIT2 = 5,
    STATE_TIME_WAIT = 6,
    STATE_CLOSE_WAIT = 8,
    STATE_LAST_ACK = 9,
};

static enum mqc__tcp_end end_of(unsigned state)
{
    switch (state) {
    case STATE_ESTABLISHED: return MQC__TCP_OPEN;
    case STATE_FIN_WAIT1:
    case STATE_FIN_WAIT2:
    case STATE_TIME_WAIT: return MQC__TCP_ENDED_HERE;
    case STATE_CLOSE_WAIT:
    case STATE_LAST_ACK: return MQC__TCP_ENDED_THERE;
    default: return MQC__TCP_GONE;
    }
}

bool mqc__tcp_state(int fd, struct mqc__tcp_state *state_out)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    *state_out = (struct mqc__tcp_state){
        .end = end_of(info.tcpi_state),
        .is_unanswered = info.tcpi_retransmits > 0 || info.tcpi_probes > 0,
        .in_bytes = info.tcpi_bytes_received,
        .out_bytes = info.tcpi_bytes_acked,
    };
    return true;
}

void mqc__tcp_ack_at_once(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}
