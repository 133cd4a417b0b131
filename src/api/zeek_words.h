#ifndef MQC_API_ZEEK_WORDS_H
#define MQC_API_ZEEK_WORDS_H

#include "base/error.h"
#include "value/signature.h"

/* Says in the words of Zeek's log why what a WebSocket client sent is no event: "Failed to lookup
 * handler for ..." or "Unserialize error ...". `signature` is NULL when the event is not declared;
 * *info says why in ours, and is written over. Other errors are left as they are. */
void mqc__api_zeek_words(const struct mqc__signature *signature, const struct mqc_event *event,
                         struct mqc_error_info *info);

#endif
