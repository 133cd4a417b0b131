#ifndef MQC_CODEC_JSON_H
#define MQC_CODEC_JSON_H

#include "base/arena.h"
#include "base/buffer.h"
#include "value/event.h"
#include "value/signature.h"

/*
 * The tagged JSON of Zeek's WebSocket API, v1 (zeek docs: WebSocket API; data message layout).
 * Reading accepts what Zeek accepts and refuses what Zeek would silently change. Writing always
 * gives valid JSON in valid UTF-8 and loses nothing:
 *   - reals are the shortest text that reads back exactly; infinities are 1e999 and -1e999; NaN is
 *     the string "nan" (bare nan, as Zeek writes it, is read too, and so are "inf" and "-inf");
 *   - timestamps have as many fraction digits as they need;
 *   - control characters are \u00XX, or \n and the like;
 *   - a byte XX that is no part of valid UTF-8 is the private-use character U+10FEXX, and so is
 *     each byte of a genuine U+10FE80..U+10FEFF; reading turns that character back into the byte.
 *
 * Reading takes its values' memory from the arena, and while it lasts at most as much as the
 * arena's limit from the heap, for json-c, and again for the text. A limit of 32 times the text's
 * size is enough for any tagged text.
 */

/* The content type of a JSON payload. */
#define MQC__CONTENT_TYPE_JSON "application/json"

/* A parsed data message. */
struct mqc__json_message {
    struct mqc_view topic;
    bool has_topic;
    struct mqc_event event;
};

/* Appends one tagged value, {"@data-type":"count","data":5}. MQC_ETOOLARGE: the buffer's limit, or
 * nested too deep; MQC_ENOMEM. */
enum mqc_error mqc__json_write_value(const struct mqc_value *value, struct mqc__buffer *buffer);

/* Appends the array of an event's arguments, tagged: [{"@data-type":..},..]. */
enum mqc_error mqc__json_write_args(const struct mqc_event *event, struct mqc__buffer *buffer);

/* Appends the array of [id, value] metadata as the JSON API writes it (vectors of count and value),
 * tagged, or [] when there is none. */
enum mqc_error mqc__json_write_metadata(const struct mqc_event *event, struct mqc__buffer *buffer);

/* Appends a JSON string for any bytes, quotes included, by the rules above. */
enum mqc_error mqc__json_write_string(struct mqc_view bytes, struct mqc__buffer *buffer);

/* Appends a data message, {"type":"data-message","topic":..,"@data-type":"vector","data":[..]}; its
 * metadata element is left out when the event has none, as in Zeek. */
enum mqc_error mqc__json_write_message(struct mqc_view topic, const struct mqc_event *event,
                                       struct mqc__buffer *buffer);

/* Reads one tagged value. MQC_EMALFORMED: *info says what and where; MQC_ETOOLARGE: over the
 * arena's limit or nested deeper than MQC_MAX_DEPTH. Everything lives in the arena. */
enum mqc_error mqc__json_read_value(struct mqc__arena *arena, struct mqc_view json,
                                    struct mqc_value *value_out, struct mqc_error_info *info);

/* Reads a data message with the errors of mqc__json_read_value. A message without a topic has
 * has_topic false: whoever needs one refuses it. What decodes but is no event vector (format and
 * message type 1, name, arguments, then perhaps metadata, whose values may be nested one level less
 * than arguments) is MQC_ETYPE: Zeek's "failed to create Zeek event"; the topic is filled in then
 * too. */
enum mqc_error mqc__json_read_message(struct mqc__arena *arena, struct mqc_view json,
                                      struct mqc__json_message *message_out,
                                      struct mqc_error_info *info);

/* Reads an array of strings. MQC_EMALFORMED: no valid JSON, or no array; MQC_ETYPE: an element is
 * no string; MQC_ETOOLARGE, MQC_ENOMEM as above. Everything lives in the arena. */
enum mqc_error mqc__json_read_strings(struct mqc__arena *arena, struct mqc_view json,
                                      struct mqc_view **strings_out, size_t *count_out,
                                      struct mqc_error_info *info);

/* An event that somebody wants published: to a topic, to a pool by key (hrw or rr), or where the
 * caller knows. Everything lives in the arena it was read into. */
struct mqc__json_request {
    bool has_topic;
    struct mqc_view topic;
    bool has_hrw;
    struct mqc_view hrw_pool;
    struct mqc_value hrw_key;
    bool has_rr;
    struct mqc_view rr_pool;
    struct mqc_value rr_key;
    struct mqc_event event;
};

/* Where the types of plain arguments come from. `find` returns the declared signature of an event
 * or NULL; it must stay valid for the call. */
struct mqc__json_signatures {
    const struct mqc__signature *(*find)(void *context, struct mqc_view event);
    void *context;
};

/*
 * Reads {"topic": "..", "event": "name", "args": [..]}; in place of the topic there may be
 * "hrw" or "rr": {"pool": "..", "key": ..}, or nothing; "args" may be missing, and so may the key
 * of rr, a string, which is then empty. Each argument and key is tagged or plain. A plain one takes
 * the declared type when `signatures` (which may be NULL) knows the event: text for addr, subnet,
 * port, enum; a number (a port is tcp then, a time is in Unix seconds, an interval in seconds, both
 * exact to the nanosecond) or text for port, time, interval; an array for set, vector, record; an
 * object by field name for record, by key for table; an array of {"key", "value"} for table; null
 * for an unset field; a pattern's text. Without a declared type an integer is a count or, below 0,
 * an integer; an array is a vector; an object is refused. MQC_EMALFORMED: no such request, or an
 * unknown member, which is named; MQC_ETYPE: a value that does not fit its declared type; both name
 * the argument and what was expected. MQC_ETOOLARGE, MQC_ENOMEM as above.
 */
enum mqc_error mqc__json_read_plain(struct mqc__arena *arena, struct mqc_view json,
                                    const struct mqc__json_signatures *signatures,
                                    struct mqc__json_request *request_out,
                                    struct mqc_error_info *info);

/* Reads either form, a request as mqc__json_read_plain() or a data message as
 * mqc__json_read_message(): what has "@data-type" or "data" is meant to be one. Errors are those of
 * the form that it is. */
enum mqc_error mqc__json_read_any(struct mqc__arena *arena, struct mqc_view json,
                                  const struct mqc__json_signatures *signatures,
                                  struct mqc__json_request *request_out,
                                  struct mqc_error_info *info);

/* Turns one plain or tagged JSON value into a value of the type; `spec` may be NULL to guess.
 * Errors are those of mqc__json_read_plain. */
enum mqc_error mqc__json_read_as(struct mqc__arena *arena, struct mqc_view json,
                                 const struct mqc__type_spec *spec, struct mqc_value *value_out,
                                 struct mqc_error_info *info);

#endif
