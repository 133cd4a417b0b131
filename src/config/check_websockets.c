#include "config/check_priv.h"

#include "base/utf8.h"
#include "ws/options_check.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_BYTES ((size_t)320)

static void check_tls(const struct mqc__finder *finder, size_t i,
                      const struct mqc__websocket_settings *websocket)
{
    const struct mqc_websocket_tls tls = {
        .cert_file = websocket->tls.cert_file,
        .key_file = websocket->tls.key_file,
        .enable_peer_verification = websocket->tls.enable_peer_verification,
    };
    const char *mistake = mqc__websocket_options_tls_mistake(&tls);
    if (mistake != NULL)
        finder->found_in_websocket(finder->context, i,
                                   MQC__KEYS("websocket.tls_options.cert_file",
                                             "websocket.tls_options.key_file",
                                             "websocket.tls_options.enable_peer_verification"),
                                   mistake);
}

static void check_lists(const struct mqc__finder *finder, size_t i,
                        const struct mqc__websocket_settings *websocket)
{
    if (websocket->serve == 0)
        finder->found_in_websocket(finder->context, i, MQC__KEYS("websocket.serve"),
                                   "there is nothing to serve; name websocket, healthz or metrics, "
                                   "or remove the entry");
    if (websocket->allowed_origins != NULL && websocket->allowed_origin_count == 0)
        finder->found_in_websocket(finder->context, i, MQC__KEYS("websocket.allowed_origins"),
                                   "the list is empty; name the sites that may connect, or remove "
                                   "it to let all of them");
}

static bool is_same_place(const struct mqc__websocket_settings *a,
                          const struct mqc__websocket_settings *b)
{
    const struct mqc_websocket_options x = {.listen_addr = a->listen_addr,
                                            .listen_port = (uint16_t)a->listen_port};
    const struct mqc_websocket_options y = {.listen_addr = b->listen_addr,
                                            .listen_port = (uint16_t)b->listen_port};
    return mqc__websocket_options_same_place(&x, &y);
}

static void check_place(const struct mqc__settings *settings, const struct mqc__finder *finder,
                        size_t i)
{
    char text[TEXT_BYTES];
    const struct mqc__websocket_settings *websocket = &settings->websockets[i];
    for (size_t j = 0; j < i; j++) {
        if (!is_same_place(websocket, &settings->websockets[j]))
            continue;
        (void)snprintf(text, sizeof text, "websocket[%zu] listens on %s port %" PRIu64 " already",
                       j, websocket->listen_addr, websocket->listen_port);
        finder->found_in_websocket(
            finder->context, i, MQC__KEYS("websocket.listen_port", "websocket.listen_addr"), text);
        return;
    }
}

void mqc__check_websockets(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    for (size_t i = 0; i < settings->websocket_count; i++) {
        check_tls(finder, i, &settings->websockets[i]);
        check_lists(finder, i, &settings->websockets[i]);
        check_place(settings, finder, i);
    }
}
