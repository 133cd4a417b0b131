#ifndef MQC_WS_HANDSHAKE_H
#define MQC_WS_HANDSHAKE_H

#include "http/request.h"

/*
 * The rules of an upgrade to WebSocket (RFC 6455 4.2), in the words of Zeek's server where it has
 * some. Pure: a request head goes in, the answer comes out.
 */

/* The path of Zeek's WebSocket API; no other, and no query. */
#define MQC__WS_PATH "/v1/messages/json"

/* Who may connect. Borrowed. */
struct mqc__ws_handshake_rules {
    struct mqc_view bearer_token; /* empty: nobody is asked for one */
    const char *const *origins;   /* where a browser's page may come from: "https://example.org" */
    size_t origin_count;          /* 0: from anywhere */
};

enum mqc__ws_handshake_result {
    MQC__WS_UPGRADE, /* answer, and go on with frames */
    MQC__WS_REFUSE,  /* answer and close */
    MQC__WS_PLAIN,   /* asks for no upgrade at all: a route may serve it, else answer and close */
};

/*
 * The answer, fit for struct mqc__http_response, and what was learned about the client. The path
 * and the application name are judged only after the upgrade, by an error message and a close, as
 * Zeek does it: so the client sees why.
 */
struct mqc__ws_handshake {
    unsigned code;     /* 101, 400, 401, 403, or 503 when memory ran out */
    char reason[160];  /* of the status line; "": the usual one */
    char headers[160]; /* further header lines, each ended with CR LF */
    bool is_path_right;
    bool has_application_name; /* X-Application-Name was sent */
    bool is_application_name_right;
    struct mqc_view application_name; /* borrowed from the request */
};

/* Judges a complete request. A page's Origin must be among the rules' when there are any; what has
 * no Origin is no page. The token is taken from "Authorization: Bearer" alone: one in the target
 * would end up in logs. Any thread. */
enum mqc__ws_handshake_result mqc__ws_handshake_judge(const struct mqc__ws_handshake_rules *rules,
                                                      const struct mqc__http_request *request,
                                                      struct mqc__ws_handshake *handshake_out);

/* Says whether a complete request, of any kind, has the token that the rules ask for. Any thread.
 */
bool mqc__ws_handshake_has_token(const struct mqc__ws_handshake_rules *rules,
                                 const struct mqc__http_request *request);

#endif
