#ifndef TESTS_FUZZ_FUZZ_TLS_PEERS_H
#define TESTS_FUZZ_FUZZ_TLS_PEERS_H

#include "link/tls.h"

#include <stdint.h>

/* Two for each connection that is recorded: its client and its server. */
#define PEER_COUNT ((size_t)8)

#define STREAM_BYTES_MAX ((size_t)16384)

/* One end of a connection, and what the honest other end sends to it. */
struct peer {
    struct mqc__tls_config *config;
    const char *server_name;
    struct mqc__tls_session *session; /* NULL: none is offered */
    const char *words;                /* all that the other end sends as data */
    bool is_refused;                  /* the two do not come together */
    uint64_t random_state;            /* at the start of each connection */
    unsigned char stream[STREAM_BYTES_MAX];
    size_t stream_size;
};

/* Makes the certificates and lets each client meet its server, once. */
void peers_record(void);

/* The client of a connection for an even number, its server for the next one. */
const struct peer *peers_get(size_t i);

/* Starts the engine as that end, with the random numbers that it had when it was recorded. */
struct mqc__tls *peer_start(const struct peer *peer);

#endif
