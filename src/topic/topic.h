#ifndef MQC_TOPIC_TOPIC_H
#define MQC_TOPIC_TOPIC_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/view.h"

/*
 * Zeek topics on MQTT topics. An event topic T travels on <root>/event/<enc(T)>. enc writes every
 * byte outside 0x20..0x7e and the bytes '+', '#' and '%' as %XX and all others as they are, so '/'
 * keeps its meaning as a level and enc(prefix) is a prefix of enc(topic).
 */

/* MQTT 4.7.3: a topic name is at most this many bytes. */
#define MQC__TOPIC_BYTES_MAX 65535

/* Mosquitto drops clients that use more levels than this. */
#define MQC__TOPIC_LEVELS_MAX 200

/* Appends enc(topic). false: the buffer's limit or memory. */
bool mqc__topic_encode(struct mqc_view topic, struct mqc__buffer *buffer);

/* Appends the topic that was encoded. false: not the form that enc writes (a stray '%', lower-case
 * hex, an escape of a byte that needs none, a byte that needs one), or no room. */
bool mqc__topic_decode(struct mqc_view encoded, struct mqc__buffer *buffer);

/* Appends <root>/event/<enc(topic)>. MQC_ETOPIC: over MQC__TOPIC_BYTES_MAX bytes or
 * MQC__TOPIC_LEVELS_MAX levels, *info says which and how much; MQC_ENOMEM. */
enum mqc_error mqc__topic_event(const char *root, struct mqc_view topic, struct mqc__buffer *buffer,
                                struct mqc_error_info *info);

/* Returns the part of an MQTT topic behind <root>/event/ in *encoded_out; false when it is none of
 * that tree. */
bool mqc__topic_event_part(const char *root, struct mqc_view mqtt_topic,
                           struct mqc_view *encoded_out);

/* Says whether text can be the root: not empty, no leading or trailing '/', no '+', '#', NUL or
 * leading '$', valid UTF-8, at most 1,000 bytes. *info says what is wrong. */
enum mqc_error mqc__topic_check_root(const char *root, struct mqc_error_info *info);

#endif
