#include "raw_client.h"

#include "support/suite.h"
#include "test_ws_support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define INPUT_BYTES_MAX ((size_t)256 << 20)
#define ACK_HEAD "text {\"type\":\"ack\",\"endpoint\":\"node-1-websocket-"

void raw_connect(struct raw_client *client, const struct server_driver *driver, int buffer_bytes)
{
    const struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(driver->options.listen_port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    *client = (struct raw_client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    mqc__buffer_init(&client->input, INPUT_BYTES_MAX);
    REQUIRE(client->fd >= 0);
    if (buffer_bytes != 0)
        (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    REQUIRE(connect(client->fd, (const struct sockaddr *)&name, sizeof name) == 0);
}

static bool wait_for(const struct raw_client *client, short what, int wait_ms)
{
    struct pollfd fd = {.fd = client->fd, .events = what};
    return poll(&fd, 1, wait_ms) > 0;
}

size_t raw_send_some(struct raw_client *client, struct mqc_view bytes, int wait_ms)
{
    size_t sent = 0;
    while (sent < bytes.size && wait_for(client, POLLOUT, wait_ms)) {
        const ssize_t size =
            send(client->fd, bytes.data + sent, bytes.size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno != EAGAIN)
            break;
        sent += size > 0 ? (size_t)size : 0;
    }
    return sent;
}

static bool flush_tls(struct raw_client *client)
{
    const struct mqc_view output = mqc__tls_output(client->tls);
    const size_t sent = raw_send_some(client, output, PATIENCE_MS);
    const bool is_all = sent == output.size;
    mqc__tls_output_taken(client->tls, sent);
    return is_all;
}

static bool send_tls(struct raw_client *client, struct mqc_view bytes)
{
    while (bytes.size != 0) {
        size_t taken = 0;
        const enum mqc__tls_status status = mqc__tls_write(client->tls, bytes, &taken);
        bytes = mqc_view_bytes(bytes.data + taken, bytes.size - taken);
        if (!flush_tls(client) ||
            (status != MQC__TLS_ESTABLISHED && status != MQC__TLS_WANTS_OUTPUT))
            return false;
    }
    return true;
}

bool raw_send(struct raw_client *client, struct mqc_view bytes)
{
    if (client->tls != NULL)
        return send_tls(client, bytes);
    return raw_send_some(client, bytes, PATIENCE_MS) == bytes.size;
}

bool raw_send_text(struct raw_client *client, const char *text)
{
    return raw_send(client, mqc_view_text(text));
}

/* Gives the engine what came; returns whether the connection may still bring more. */
static bool take_tls(struct raw_client *client, struct mqc_view cipher)
{
    char plain[4096];
    size_t size = 0;
    enum mqc__tls_status status = MQC__TLS_WANTS_INPUT;
    while (cipher.size != 0) {
        const size_t taken = mqc__tls_input(client->tls, cipher);
        cipher = mqc_view_bytes(cipher.data + taken, cipher.size - taken);
        while ((status = mqc__tls_read(client->tls, plain, sizeof plain, &size)) ==
               MQC__TLS_ESTABLISHED)
            (void)mqc__buffer_append(&client->input, plain, size);
        if (status != MQC__TLS_WANTS_INPUT)
            return false;
    }
    return flush_tls(client);
}

/* More input; 1: some came, 0: none in time, -1: the end. */
static int receive(struct raw_client *client, int wait_ms)
{
    char bytes[16384];
    if (!wait_for(client, POLLIN, wait_ms))
        return 0;
    const ssize_t size = recv(client->fd, bytes, sizeof bytes, 0);
    if (size <= 0)
        return -1;
    const size_t before = client->input.size;
    if (client->tls != NULL)
        return take_tls(client, mqc_view_bytes(bytes, (size_t)size)) || client->input.size > before
                   ? 1
                   : -1;
    REQUIRE(mqc__buffer_append(&client->input, bytes, (size_t)size));
    return 1;
}

bool raw_begin_tls(struct raw_client *client, struct mqc__tls_config *config)
{
    struct mqc_error_info info;
    REQUIRE(mqc__tls_new(config, "127.0.0.1", NULL, &client->tls, &info) == MQC_OK);
    enum mqc__tls_status status = mqc__tls_step(client->tls);
    while (status == MQC__TLS_WANTS_INPUT) {
        if (!flush_tls(client) || receive(client, PATIENCE_MS) <= 0)
            return false;
        status = mqc__tls_step(client->tls);
    }
    return flush_tls(client) && status == MQC__TLS_ESTABLISHED;
}

bool raw_frame(struct raw_client *client, unsigned first, const char *payload)
{
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, INPUT_BYTES_MAX);
    client_frame_write(first, mqc_view_text(payload), &bytes);
    const bool is_sent = raw_send(client, mqc__buffer_view(&bytes));
    mqc__buffer_fini(&bytes);
    return is_sent;
}

bool raw_close_frame(struct raw_client *client, unsigned code, const char *reason)
{
    char payload[128];
    const char head[] = {(char)(code >> 8), (char)(code & 0xffU)};
    struct mqc__buffer bytes;
    memcpy(payload, head, sizeof head);
    (void)snprintf(payload + 2, sizeof payload - 2, "%s", reason);
    mqc__buffer_init(&bytes, sizeof payload * 2);
    client_frame_write(RAW_CLOSE, mqc_view_bytes(payload, 2 + strlen(payload + 2)), &bytes);
    const bool is_sent = raw_send(client, mqc__buffer_view(&bytes));
    mqc__buffer_fini(&bytes);
    return is_sent;
}

static void drop_input(struct raw_client *client, size_t size)
{
    memmove(client->input.data, client->input.data + size, client->input.size - size);
    client->input.size -= size;
}

const char *raw_head(struct raw_client *client)
{
    static char text[2048];
    const char *end = NULL;
    text[0] = '\0';
    while ((end = client->input.size != 0
                      ? memmem(client->input.data, client->input.size, "\r\n\r\n", 4)
                      : NULL) == NULL) {
        const int result = receive(client, PATIENCE_MS);
        CHECK(result != 0);
        if (result <= 0)
            return text;
    }
    const size_t size = (size_t)(end - client->input.data) + 4;
    (void)snprintf(text, sizeof text, "%.*s", (int)size, client->input.data);
    drop_input(client, size);
    return text;
}

/* The size of a whole frame and where its payload begins; 0: it is not there yet. Frames of a
 * server are not masked. */
static size_t frame_size(const struct mqc__buffer *input, size_t *payload_out)
{
    const unsigned char *bytes = (const unsigned char *)input->data;
    if (input->size < 2)
        return 0;
    const unsigned length = bytes[1];
    const size_t more = length == 127 ? 8 : length == 126 ? 2 : 0;
    size_t size = more == 0 ? length : 0;
    if (input->size < 2 + more)
        return 0;
    for (size_t i = 0; i < more; i++)
        size = size << 8 | bytes[2 + i];
    *payload_out = 2 + more;
    return input->size < 2 + more + size ? 0 : 2 + more + size;
}

static void tell(unsigned first, struct mqc_view payload, char *text_out, size_t size)
{
    char code[16] = "";
    const char *name = first == RAW_TEXT    ? "text"
                       : first == RAW_CLOSE ? "close"
                       : first == RAW_PING  ? "ping"
                       : first == RAW_PONG  ? "pong"
                                            : "wrong";
    if (first == RAW_CLOSE && payload.size >= 2) {
        (void)snprintf(
            code, sizeof code, " %u",
            (unsigned)((unsigned char)payload.data[0] << 8 | (unsigned char)payload.data[1]));
        payload = mqc_view_bytes(payload.data + 2, payload.size - 2);
    }
    (void)snprintf(text_out, size, "%s%s%s%.*s", name, code, payload.size != 0 ? " " : "",
                   (int)payload.size, payload.data);
}

const char *raw_next(struct raw_client *client, int wait_ms)
{
    static char text[4096];
    size_t start = 0;
    size_t size = 0;
    while ((size = frame_size(&client->input, &start)) == 0) {
        const int result = receive(client, wait_ms);
        if (result <= 0)
            return result == 0 ? "silence" : "end";
    }
    tell((unsigned char)client->input.data[0],
         mqc_view_bytes(client->input.data + start, size - start), text, sizeof text);
    drop_input(client, size);
    return text;
}

void raw_expect(struct raw_client *client, const char *expected)
{
    CHECK_TEXT(raw_next(client, PATIENCE_MS), expected);
}

void raw_upgrade(struct raw_client *client, const struct server_driver *driver)
{
    raw_connect(client, driver, 0);
    REQUIRE(raw_send_text(client, RAW_UPGRADE));
    CHECK_CONTAINS(raw_head(client), "HTTP/1.1 101 ");
}

void raw_subscribe(struct raw_client *client, const struct server_driver *driver,
                   const char *prefix)
{
    char text[256];
    raw_upgrade(client, driver);
    (void)snprintf(text, sizeof text, "[\"%s\"]", prefix);
    CHECK(raw_frame(client, RAW_TEXT, text));
    const char *ack = raw_next(client, PATIENCE_MS);
    while (strncmp(ack, "ping", 4) == 0)
        ack = raw_next(client, PATIENCE_MS);
    CHECK(strncmp(ack, ACK_HEAD, strlen(ACK_HEAD)) == 0);
}

void raw_expect_end(struct raw_client *client)
{
    CHECK_TEXT(raw_next(client, PATIENCE_MS), "end");
}

void raw_drop(struct raw_client *client)
{
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
    mqc__tls_free(&client->tls);
    mqc__buffer_fini(&client->input);
}

void raw_reset(struct raw_client *client)
{
    const struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    raw_drop(client);
}
