#ifndef TESTS_UNIT_WS_RAW_CLIENT_H
#define TESTS_UNIT_WS_RAW_CLIENT_H

#include "base/buffer.h"
#include "link/tls.h"
#include "server_driver.h"

/* A client that sends whatever the test wants, right or wrong, over a socket of its own. */
struct raw_client {
    int fd;                   /* -1: closed */
    struct mqc__tls *tls;     /* NULL: plain */
    struct mqc__buffer input; /* what came and was not looked at */
};

#define RAW_UPGRADE                                                                                \
    "GET /v1/messages/json HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

/* The bits of a frame's first byte. */
#define RAW_TEXT 0x81U
#define RAW_CLOSE 0x88U
#define RAW_PING 0x89U
#define RAW_PONG 0x8aU

/* Connects; with a receive buffer of that size, or the system's with 0. */
void raw_connect(struct raw_client *client, const struct server_driver *driver, int buffer_bytes);

/* Speaks TLS from then on, up to the end of the handshake; false when that fails. */
bool raw_begin_tls(struct raw_client *client, struct mqc__tls_config *config);

/* Sends bytes; false when the connection is broken. */
bool raw_send(struct raw_client *client, struct mqc_view bytes);
bool raw_send_text(struct raw_client *client, const char *text);

/* Sends bytes until the server takes no more for a while, or all; returns how many went. Plain
 * only. */
size_t raw_send_some(struct raw_client *client, struct mqc_view bytes, int wait_ms);

/* Sends a masked frame. */
bool raw_frame(struct raw_client *client, unsigned first, const char *payload);

/* Sends a close with a code and a reason. */
bool raw_close_frame(struct raw_client *client, unsigned code, const char *reason);

/* Reads the head of the response to its empty line into a text that is valid until the next call;
 * "" when the connection ended before; the test fails when nothing comes. */
const char *raw_head(struct raw_client *client);

/* Waits for the next frame and tells it: "text hello", "ping x", "pong x", "close 1000 bye",
 * "close", "end" when the connection ended, "silence" when nothing came for wait_ms. The text is
 * valid until the next call. */
const char *raw_next(struct raw_client *client, int wait_ms);

/* Expects the next frame. */
void raw_expect(struct raw_client *client, const char *expected);

/* Connects and upgrades; subscribes to one prefix and takes the acknowledgement. */
void raw_upgrade(struct raw_client *client, const struct server_driver *driver);
void raw_subscribe(struct raw_client *client, const struct server_driver *driver,
                   const char *prefix);

/* Expects that nothing but the end comes. */
void raw_expect_end(struct raw_client *client);

/* Closes the socket; `with a reset` says that the server learns of it that way. */
void raw_drop(struct raw_client *client);
void raw_reset(struct raw_client *client);

#endif
