#ifndef MQC_WS_OPTIONS_CHECK_H
#define MQC_WS_OPTIONS_CHECK_H

#include "base/error.h"
#include "ws/options.h"

/* What the numbers may be, both ends included. */
#define MQC__WS_QUEUE_SIZE_MAX UINT64_C(100000000)
#define MQC__WS_PING_INTERVAL_MS_MIN 100
#define MQC__WS_PING_INTERVAL_MS_MAX 86400000
#define MQC__WS_CONNECTIONS_MIN 1
#define MQC__WS_CONNECTIONS_MAX 1000000
#define MQC__WS_HANDSHAKE_TIMEOUT_MS_MIN 100
#define MQC__WS_HANDSHAKE_TIMEOUT_MS_MAX 300000
#define MQC__WS_BYTES_MIN ((size_t)1 << 10)
#define MQC__WS_BYTES_MAX ((size_t)1 << 30)
#define MQC__WS_GRACE_MS_MAX 60000
#define MQC__WS_ORIGINS_MAX 64
#define MQC__WS_TOKEN_BYTES_MAX 1024

/*
 * Says whether a server can be made of the options, as far as that can be told without looking at
 * files and sockets. MQC_ECONFIG: *info says what is wrong, in Zeek's words where Zeek has some.
 */
MQC_MUST_USE enum mqc_error mqc__websocket_options_check(
    const struct mqc_websocket_options *options, struct mqc_error_info *info);

/* Parts of it, which a configuration checks one by one. MQC_ECONFIG. */
enum mqc_error mqc__websocket_check_address(const char *text, struct mqc_error_info *info);
enum mqc_error mqc__websocket_check_token(const char *text, struct mqc_error_info *info);
enum mqc_error mqc__websocket_check_origin(const char *text, struct mqc_error_info *info);

/* Returns what is wrong with the options of TLS together, in Zeek's words where Zeek has some;
 * NULL: nothing. */
const char *mqc__websocket_options_tls_mistake(const struct mqc_websocket_tls *tls);

/* Says whether two servers of these options would be the same. Origins count in their order. */
bool mqc__websocket_options_equal(const struct mqc_websocket_options *a,
                                  const struct mqc_websocket_options *b);

/* Says whether the two want the same address and port; the address may be written differently. */
bool mqc__websocket_options_same_place(const struct mqc_websocket_options *a,
                                       const struct mqc_websocket_options *b);

/* Says whether clients speak TLS. */
bool mqc__websocket_options_has_tls(const struct mqc_websocket_options *options);

/*
 * Says whether the server deserves a warning: other hosts than this one can reach it, and it has
 * no TLS (everything goes in the clear), or anybody may connect, as it asks neither for a token
 * nor for a certificate. The text, without a place, says which; NULL: all is well.
 */
const char *mqc__websocket_options_warning(const struct mqc_websocket_options *options);

/* Makes a copy that owns its texts; the caller frees it with mqc__websocket_options_free().
 * MQC_ENOMEM. */
MQC_MUST_USE enum mqc_error mqc__websocket_options_copy(const struct mqc_websocket_options *options,
                                                        struct mqc_websocket_options **copy_out);

/* Frees a copy and sets the caller's pointer to NULL; a NULL inside is fine. The token is
 * overwritten first. */
void mqc__websocket_options_free(struct mqc_websocket_options **options);

#endif
