#ifndef MQC_VALUE_SIGNATURE_H
#define MQC_VALUE_SIGNATURE_H

#include "base/arena.h"
#include "value/event.h"

/* What a parameter accepts, parsed from Zeek's type syntax. */
enum mqc__shape {
    MQC__SHAPE_ANY,    /* any: everything */
    MQC__SHAPE_SCALAR, /* one data type: count, addr, string, enum, ... */
    MQC__SHAPE_SET,    /* set[T], set[T, T] */
    MQC__SHAPE_TABLE,  /* table[T] of T */
    MQC__SHAPE_VECTOR, /* vector of T */
    MQC__SHAPE_RECORD, /* record { a: T; b: T &optional; } */
    MQC__SHAPE_PATTERN /* pattern: a vector of two strings */
};

struct mqc__type_spec {
    enum mqc__shape shape;
    enum mqc_type scalar;               /* SCALAR */
    struct mqc_view enum_name;          /* SCALAR, enum: the enum type's name; empty: not said */
    const struct mqc__type_spec *index; /* SET, TABLE: the index types */
    size_t index_count;
    const struct mqc__type_spec *yield;   /* TABLE, VECTOR */
    const struct mqc__field_spec *fields; /* RECORD */
    size_t field_count;
};

struct mqc__field_spec {
    struct mqc_view name;
    struct mqc__type_spec type;
    bool is_optional;
};

/* A declared event: its parameters by name and type. Immutable once made, so any thread may read
 * it. */
struct mqc__signature {
    struct mqc_view event;
    const struct mqc__field_spec *params;
    size_t param_count;
};

/* Parses Zeek's type syntax into the arena. MQC_EINVAL: *info says at which column and what was
 * expected; MQC_ETOOLARGE: nested too deep; MQC_ENOMEM. */
enum mqc_error mqc__type_parse(struct mqc__arena *arena, struct mqc_view text,
                               struct mqc__type_spec *spec_out, struct mqc_error_info *info);

/* Parses a parameter list, "orig_h: addr, n: count", empty for none, with the same errors. */
enum mqc_error mqc__signature_parse(struct mqc__arena *arena, struct mqc_view event,
                                    struct mqc_view params, struct mqc__signature *signature_out,
                                    struct mqc_error_info *info);

/* Says whether two signatures accept the same arguments; the names of parameters and enum types do
 * not count. */
bool mqc__signature_equal(const struct mqc__signature *a, const struct mqc__signature *b);

/* Copies a signature with all that it points to into the arena. MQC_ENOMEM. */
enum mqc_error mqc__signature_copy(struct mqc__arena *arena, const struct mqc__signature *signature,
                                   struct mqc__signature *copy_out);

/* Writes a type in Zeek's syntax, cut to fit size bytes with the NUL. */
void mqc__type_format(const struct mqc__type_spec *spec, char *text_out, size_t size);

/*
 * Checks arguments as a Zeek receiver does: no numeric coercion, record fields by position, more
 * fields than declared are fine, none only for record fields and below any, a set's single index
 * also as a vector of one. A field that is not &optional may be none, as in Zeek.
 * MQC_ETYPE: *info says which argument, what came and what was expected.
 */
enum mqc_error mqc__signature_check(const struct mqc__signature *signature,
                                    const struct mqc_event *event, struct mqc_error_info *info);

/* Says whether one value fits one type; *info (may be NULL) says why not. */
enum mqc_error mqc__type_check(const struct mqc__type_spec *spec, const struct mqc_value *value,
                               const char *what, struct mqc_error_info *info);

#endif
