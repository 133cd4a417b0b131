#ifndef MQC_VALUE_CHECK_H
#define MQC_VALUE_CHECK_H

#include "base/arena.h"
#include "value/event.h"

/*
 * Checks what the C type system does not: known type tags, nesting of at most MQC_MAX_DEPTH, no
 * element twice in a set and no key twice in a table, port protocols, subnet lengths and host bits,
 * pointers for non-empty lists. `what` names the value in the error ("argument 2").
 * MQC_EINVAL: a rule is broken; MQC_ETOOLARGE: too deep; MQC_ENOMEM.
 */
enum mqc_error mqc__value_check(const struct mqc_value *value, const char *what,
                                struct mqc_error_info *info);

/* Checks every argument and every metadata value with mqc__value_check, and that the event has a
 * name. */
enum mqc_error mqc__event_check(const struct mqc_event *event, struct mqc_error_info *info);

#endif
