#ifndef MQC_API_TEXT_H
#define MQC_API_TEXT_H

#include "base/arena.h"
#include "value/signature.h"

/*
 * Reads one value from text, as on a command line: the tagged JSON of a value, a tagged text
 * (count:5), plain text of the type `spec`, or with spec NULL or any: a guess. For a parameter
 * declared as string only what makes a string counts as a tag, so that any text can be given as it
 * is. Everything lives in the arena. MQC_ETYPE, MQC_EMALFORMED: *info says what was expected;
 * MQC_ETOOLARGE, MQC_ENOMEM.
 */
enum mqc_error mqc__text_value(struct mqc__arena *arena, const char *text,
                               const struct mqc__type_spec *spec, struct mqc_value *value_out,
                               struct mqc_error_info *info);

#endif
