#ifndef MQC_CODEC_JSON_PLAIN_PRIV_H
#define MQC_CODEC_JSON_PLAIN_PRIV_H

#include "codec/json_priv.h"

/*
 * Plain JSON by declared type. Each reads one node at a depth into *value_out; a value that does
 * not fit is MQC_ETYPE, with the error saying what was expected.
 */
enum mqc_error mqc__json_plain_set(struct mqc__json_reader *reader,
                                   const struct mqc__type_spec *spec, struct json_object *node,
                                   int depth, struct mqc_value *value_out);
enum mqc_error mqc__json_plain_table(struct mqc__json_reader *reader,
                                     const struct mqc__type_spec *spec, struct json_object *node,
                                     int depth, struct mqc_value *value_out);
enum mqc_error mqc__json_plain_record(struct mqc__json_reader *reader,
                                      const struct mqc__type_spec *spec, struct json_object *node,
                                      int depth, struct mqc_value *value_out);

/* Reads the text form of a scalar; strings and enums are copied. */
enum mqc_error mqc__json_plain_text(const struct mqc__json_reader *reader, enum mqc_type type,
                                    struct mqc_view text, struct mqc_value *value_out);

/* The types of an array's items: one for all (NULL to guess), or as many as there are items. */
struct mqc__json_item_types {
    const struct mqc__type_spec *specs;
    size_t count;
};

/* Reads an array's items into a vector. */
enum mqc_error mqc__json_plain_items(struct mqc__json_reader *reader,
                                     struct mqc__json_item_types types, struct json_object *array,
                                     int depth, struct mqc_value *vector_out);

/* Says whether the node is an object with "@data-type". */
bool mqc__json_is_tagged(struct json_object *node);

/* Fails with MQC_ETYPE: "expected .., got ..". */
enum mqc_error mqc__json_fail_expected(const struct mqc__json_reader *reader, const char *expected,
                                       struct json_object *node);

#endif
