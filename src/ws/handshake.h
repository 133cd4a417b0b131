#ifndef MQC_WS_HANDSHAKE_H
#define MQC_WS_HANDSHAKE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The rules of an upgrade to WebSocket (RFC 6455 4.2), with the words of Zeek's server where it has
 * some. Pure: a request head goes in, the answer comes out.
 */

/* The path of Zeek's WebSocket API. No other, and no query. */
#define MQC__WS_PATH "/v1/messages/json"

/* A parsed request head. */
struct mqc__ws_request {
    struct mqc_view method;
    struct mqc_view target;
    /* Gives the trimmed value of a header, the first one of that name, in any case; false when
     * there is none. */
    bool (*header)(void *context, const char *name, struct mqc_view *value_out);
    /* How many headers have that name. */
    size_t (*header_count)(void *context, const char *name);
    void *context;
};

/* Who may connect. Borrowed. */
struct mqc__ws_handshake_rules {
    struct mqc_view bearer_token; /* empty: nobody is asked for one */
    const char *const *origins;   /* what a browser's page may come from, "https://example.org" */
    size_t origin_count;          /* 0: any */
};

enum mqc__ws_handshake_result {
    MQC__WS_UPGRADE, /* answer with mqc__ws_handshake_accept(); then look at is_path_right ... */
    MQC__WS_REFUSE,  /* answer with status and reason, and close */
    MQC__WS_PLAIN,   /* no upgrade at all: a route may serve it; else as MQC__WS_REFUSE */
};

#define MQC__WS_ACCEPT_BYTES 29 /* base64 of a SHA-1, and NUL */
#define MQC__WS_REASON_BYTES 160

/*
 * The answer. The path and the application name are judged only after the upgrade, with an error
 * message and a close, as Zeek does it, so that the client sees the words.
 */
struct mqc__ws_handshake {
    char accept[MQC__WS_ACCEPT_BYTES]; /* UPGRADE: the value of Sec-WebSocket-Accept */
    unsigned status;                   /* else: 400, 401 or 403 */
    char reason[MQC__WS_REASON_BYTES]; /* else: the reason of the status line, printable ASCII */
    const char *headers;               /* else: header lines for the answer, or "" */
    bool is_path_right;                /* UPGRADE: else close with "Invalid URI ..." */
    bool has_application_name;         /* X-Application-Name was sent */
    bool is_application_name_right;    /* it is absent or has allowed characters only */
    struct mqc_view application_name;  /* borrowed from the request */
};

/* Judges a request. A browser's Origin must be among the rules' when they have any; a request
 * without one does not come from a page and passes. The token is taken from "Authorization: Bearer"
 * alone: one in the target would end up in logs. */
enum mqc__ws_handshake_result mqc__ws_handshake_judge(const struct mqc__ws_handshake_rules *rules,
                                                      const struct mqc__ws_request *request,
                                                      struct mqc__ws_handshake *handshake_out);

/* Appends the 101 response; `server` is the value of the header of that name. A lack of memory is
 * the buffer's to tell. */
void mqc__ws_handshake_accept(const struct mqc__ws_handshake *handshake, const char *server,
                              struct mqc__buffer *response);

#endif
