#ifndef MQC_CODEC_JSON_PRIV_H
#define MQC_CODEC_JSON_PRIV_H

#include "codec/json.h"

#include <json-c/json.h>

/* How deep brackets may stand in a JSON text: a table in a table takes three levels for each. */
#define MQC__JSON_LEVELS 256

/* A JSON text that was checked and rewritten for json-c. */
struct mqc__json_scan {
    struct mqc__buffer text; /* ends with NUL; free it with mqc__buffer_fini() */
    unsigned levels;         /* the deepest nesting */
    size_t string_bytes;     /* of all strings together, decoded */
};

/*
 * Checks a JSON text in one pass and rewrites it so that json-c can hold all that it says. json-c
 * alone keeps the last of equal members, ends member names at a NUL, replaces lone surrogates,
 * saturates integers, takes 700 bytes for an object, and dies when there is no memory for a
 * member's name. So objects become arrays, [name, value, ...], and arrays become [null, item, ...];
 * an integer beyond 64 bits becomes a real; bare nan, \v and raw control characters, which Zeek
 * writes, become what json-c knows. heap_limit bounds the memory of the text, and that of what
 * json-c will make of it. MQC_EMALFORMED, MQC_ETOOLARGE or MQC_ENOMEM with *info; nothing to free
 * then.
 */
enum mqc_error mqc__json_scan(struct mqc_view json, size_t heap_limit,
                              struct mqc__json_scan *scan_out, struct mqc_error_info *info);

/* What a JSON value is. */
enum mqc__json_kind {
    MQC__JSON_NULL,
    MQC__JSON_BOOLEAN,
    MQC__JSON_INTEGER,
    MQC__JSON_REAL,
    MQC__JSON_STRING,
    MQC__JSON_ARRAY,
    MQC__JSON_OBJECT,
};

/* Parses a JSON text with at most heap_limit bytes of memory. Errors as mqc__json_scan(). On
 * success the caller frees the tree with mqc__json_tree_free(); its nodes are borrowed from it, and
 * NULL is JSON's null. */
enum mqc_error mqc__json_tree_parse(struct mqc_view json, size_t heap_limit,
                                    struct json_object **tree_out, struct mqc_error_info *info);

/* Frees a tree and sets the caller's pointer to NULL. */
void mqc__json_tree_free(struct json_object **tree);

enum mqc__json_kind mqc__json_kind(struct json_object *node);

/* Returns "a string", "a number", ... for error texts. */
const char *mqc__json_kind_name(struct json_object *node);

/* The number of an array's items or an object's members. */
size_t mqc__json_size(struct json_object *node);

struct json_object *mqc__json_item(struct json_object *array, size_t index);

/* The name and value of a member, in the order of the text. */
struct mqc_view mqc__json_name(struct json_object *object, size_t index);
struct json_object *mqc__json_value(struct json_object *object, size_t index);

/* Finds the first member of that name; false when there is none. */
bool mqc__json_find(struct json_object *object, const char *name, struct json_object **value_out);

/* The decoded bytes of a string. */
struct mqc_view mqc__json_text(struct json_object *string);

/* A real as it stands in the text; valid as long as the tree. */
struct mqc_view mqc__json_number_text(struct json_object *number);

/* Each is false when the node is no integer that fits. */
bool mqc__json_count(struct json_object *node, uint64_t *count_out);
bool mqc__json_integer(struct json_object *node, int64_t *integer_out);

/* A byte that is no UTF-8 is written as U+10FE00 plus the byte. Says whether the text begins with
 * such a character. */
bool mqc__json_is_stand_in(struct mqc_view text);

/* Writes the character that stands for a byte of 0x80 or more. */
void mqc__json_stand_in(unsigned char byte, char text_out[4]);

/* Turns the characters that stand for bytes into them, in place; returns the new size. */
size_t mqc__json_restore_bytes(char *text, size_t size);

/* Where values are being read to, and what to say when they cannot be. */
struct mqc__json_reader {
    struct mqc__arena *arena;
    struct mqc_error_info *info;
    char what[100];                 /* begins the error texts: "argument 2 (orig_p)" */
    size_t path[MQC_MAX_DEPTH + 4]; /* the index at each level, for the error's place */
    unsigned path_size;
};

/* Prepares a reader and parses the text, with heap memory in proportion to the arena's limit;
 * errors as mqc__json_tree_parse(). */
enum mqc_error mqc__json_reader_open(struct mqc__json_reader *reader, struct mqc__arena *arena,
                                     struct mqc_view json, struct json_object **tree_out,
                                     struct mqc_error_info *info);

/* A data message is a vector around a vector around the arguments, which are at depth 1. */
#define MQC__JSON_MESSAGE_DEPTH (-2)

/* Finds a type by its name; false when there is none. */
bool mqc__json_find_type(struct mqc_view name, enum mqc_type *type_out);

/* Reads a data message that is written in the usual way, fast: its topic and its data, a vector.
 * false: it is not, or something is wrong, missing or over a limit; the arena is as it was, and the
 * tree of the text tells more. */
bool mqc__json_quick(struct mqc__arena *arena, struct mqc_view json, struct mqc_view *topic_out,
                     struct mqc_value *data_out);

/* Reads a data message with mqc__json_quick(); false: it can not. *error_out is what
 * mqc__json_read_message_node() would return. */
bool mqc__json_read_message_quick(const struct mqc__json_reader *reader, struct mqc_view json,
                                  struct mqc__json_message *message_out, enum mqc_error *error_out);

/* Reads a tagged value at a depth, 1 for an argument; below 1 for what stands around arguments. */
enum mqc_error mqc__json_read_tagged(struct mqc__json_reader *reader, struct json_object *node,
                                     int depth, struct mqc_value *value_out);

/* Fills the error of a reader, with the path as its place. */
enum mqc_error mqc__json_reader_fail(const struct mqc__json_reader *reader, enum mqc_error code,
                                     const char *format, ...) MQC_PRINTF(3, 4);

/* Takes memory for count objects of size bytes from the reader's arena. *memory_out is NULL on
 * failure: MQC_ETOOLARGE at the arena's limit, or MQC_ENOMEM. */
enum mqc_error mqc__json_reader_alloc(const struct mqc__json_reader *reader, size_t count,
                                      size_t size, void **memory_out);

/* Copies text into the arena, with the characters that stand for bytes turned into them. */
enum mqc_error mqc__json_reader_text(const struct mqc__json_reader *reader, struct mqc_view text,
                                     struct mqc_view *text_out);

/* Finishes a set or table whose items are in place: sorts it; MQC_EMALFORMED when one stands there
 * twice. */
enum mqc_error mqc__json_finish_set(const struct mqc__json_reader *reader, struct mqc_value *items,
                                    size_t count, struct mqc_value *value_out);
enum mqc_error mqc__json_finish_table(const struct mqc__json_reader *reader,
                                      struct mqc_entry *entries, size_t count,
                                      struct mqc_value *value_out);

/* Read what stands in a tree: a data message, a request. */
enum mqc_error mqc__json_read_message_node(struct mqc__json_reader *reader,
                                           struct json_object *tree,
                                           struct mqc__json_message *message_out);
enum mqc_error mqc__json_read_request_node(struct mqc__json_reader *reader,
                                           struct json_object *tree,
                                           const struct mqc__json_signatures *signatures,
                                           struct mqc__json_request *request_out);

/* Reads a plain or tagged value of a type, or guesses the type when `spec` is NULL. */
enum mqc_error mqc__json_read_typed(struct mqc__json_reader *reader,
                                    const struct mqc__type_spec *spec, struct json_object *node,
                                    int depth, struct mqc_value *value_out);

#endif
