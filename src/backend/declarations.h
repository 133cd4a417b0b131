#ifndef MQC_BACKEND_DECLARATIONS_H
#define MQC_BACKEND_DECLARATIONS_H

#include "value/signature.h"

/* The declared events. Grows only, so a signature that was found stays valid. Any thread. */
struct mqc__declarations;

/* Creates an empty table. NULL: out of memory. */
struct mqc__declarations *mqc__declarations_new(bool is_strict);
void mqc__declarations_free(struct mqc__declarations **declarations);

/* Declares an event from a parameter list, or by copying a signature. Declaring the same again
 * changes nothing. MQC_EINVAL: the syntax is wrong; MQC_EEXIST: declared otherwise; MQC_ENOMEM. */
enum mqc_error mqc__declarations_add(struct mqc__declarations *declarations, struct mqc_view name,
                                     struct mqc_view params, struct mqc_error_info *info);
enum mqc_error mqc__declarations_copy(struct mqc__declarations *declarations,
                                      const struct mqc__signature *signature,
                                      struct mqc_error_info *info);

/* Returns the signature of an event, or NULL when it is not declared. */
const struct mqc__signature *mqc__declarations_find(struct mqc__declarations *declarations,
                                                    struct mqc_view event);

/* Checks an event against its signature. MQC_ETYPE: it does not fit; MQC_EUNDECLARED: it is not
 * declared and the table is strict. */
enum mqc_error mqc__declarations_check(struct mqc__declarations *declarations,
                                       const struct mqc_event *event, struct mqc_error_info *info);

#endif
