#ifndef MQC_EXAMPLES_TCP_TABLE_H
#define MQC_EXAMPLES_TCP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's table of TCP sockets, /proc/net/tcp and /proc/net/tcp6, line by line. */

/* A socket's state, numbered as in the kernel. */
enum tcp_state {
    TCP_STATE_ESTABLISHED = 1,
    TCP_STATE_SYN_SENT,
    TCP_STATE_SYN_RECV,
    TCP_STATE_FIN_WAIT1,
    TCP_STATE_FIN_WAIT2,
    TCP_STATE_TIME_WAIT,
    TCP_STATE_CLOSE,
    TCP_STATE_CLOSE_WAIT,
    TCP_STATE_LAST_ACK,
    TCP_STATE_LISTEN,
    TCP_STATE_CLOSING,
    TCP_STATE_NEW_SYN_RECV,
};

/* One end of a connection: the address in network order, IPv4 as ::ffff:a.b.c.d. */
struct tcp_end {
    uint8_t address[16];
    uint16_t port;
};

struct tcp_entry {
    struct tcp_end local;
    struct tcp_end remote;
    enum tcp_state state;
};

/* Reads one line, with or without its line end, of `size` bytes. False, with *entry_out as it was,
 * for the heading and for everything else that is no entry. */
bool tcp_table_parse(const char *line, size_t size, struct tcp_entry *entry_out);

/* Returns "ESTABLISHED" and the like. */
const char *tcp_state_name(enum tcp_state state);

#endif
