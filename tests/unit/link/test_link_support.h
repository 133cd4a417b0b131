#ifndef TESTS_UNIT_LINK_TEST_LINK_SUPPORT_H
#define TESTS_UNIT_LINK_TEST_LINK_SUPPORT_H

#include "link/link.h"
#include "support/suite.h"

#include <netinet/in.h>
#include <stdint.h>

/* A link between two sockets of the test: its client, and the broker. */
struct link_ends {
    int listener;
    uint16_t port; /* of the listener */
    struct mqc__link *link;
    int client;
    int broker;
};

/* A listening socket on 127.0.0.1 or, when host is not 0, another address of 127/8. */
int listen_at(uint32_t host, uint16_t port, int backlog, uint16_t *port_out);

/* A port of 127.0.0.1 where nobody listens. */
uint16_t unused_port(void);

/* Connects to a port of 127.0.0.1, as Paho does: non-blocking from the start. */
int connect_to(uint16_t port);

/* Waits until the descriptor is ready for events; false after five seconds. */
bool await_ready(int fd, short events);

/* Options for a plain link to a port of 127.0.0.1. */
struct mqc__link_options plain_options(uint16_t port);

/* Opens all of it; the link has taken the client on when it returns. */
void ends_open(struct link_ends *ends, size_t buffer_bytes);

/* The same with options of the test's, but for the port. */
void ends_open_with(struct link_ends *ends, struct mqc__link_options options);

/* Closes what is still open. */
void ends_close(struct link_ends *ends);

/* Byte number `position` of the stream that the tests send. */
unsigned char stream_byte(uint64_t position);

/* Writes or reads and checks `size` bytes of the stream from `position` on, in chunks of random
 * size up to chunk_max. False: the end came before, or a byte was wrong. */
bool write_stream(int fd, uint64_t position, size_t size, size_t chunk_max);
bool read_stream(int fd, uint64_t position, size_t size, size_t chunk_max);

/* Waits for one read: the number of bytes, 0 at the end, -1 with errno. */
long read_once(int fd, void *bytes, size_t size);

/* Closes with a reset. */
void reset_connection(int *fd);

/* Processor time of this process so far. */
int64_t cpu_ms(void);

/* How many descriptors this process has open. */
size_t descriptor_count(void);

void sleep_ms(unsigned duration_ms);

#endif
