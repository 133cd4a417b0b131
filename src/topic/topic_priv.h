#ifndef MQC_TOPIC_TOPIC_PRIV_H
#define MQC_TOPIC_TOPIC_PRIV_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/view.h"

/* Appends <root>/event/<enc(topic)><end>, where `end` is "" for a topic and a filter's last part
 * for a filter. MQC_ETOPIC: the whole breaks a limit; MQC_ENOMEM; the buffer is then as it was. */
enum mqc_error mqc__topic_compose(const char *root, struct mqc_view topic, const char *end,
                                  struct mqc__buffer *buffer, struct mqc_error_info *info);

#endif
