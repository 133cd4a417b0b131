#ifndef MQC_BASE_UTF8_H
#define MQC_BASE_UTF8_H

#include "base/view.h"

#include <stdint.h>

/* Returns the length of the well-formed UTF-8 character that the text begins with, 0 when it begins
 * with none (Unicode 3.9, table 3-7: no surrogates, nothing over-long). */
size_t mqc__utf8_next(struct mqc_view text);

/* The code point of the character at the start of the text, of the length that mqc__utf8_next gave.
 */
uint32_t mqc__utf8_code_point(struct mqc_view text, size_t length);

/* Says whether the whole text is UTF-8. */
bool mqc__utf8_is_valid(struct mqc_view text);

/* Returns the size of the text up to the first character that is not well-formed or not whole. */
size_t mqc__utf8_valid_size(struct mqc_view text);

/* Says whether the text is the beginning of a well-formed character, but not yet a whole one. */
bool mqc__utf8_is_unfinished(struct mqc_view text);

/* Says whether the character at the start of the text, of the length that mqc__utf8_next gave, is a
 * control character: C0 with tab and line ends, DEL, C1. */
bool mqc__utf8_is_control(struct mqc_view text);

/* Says whether the text contains a control character or what is not UTF-8. */
bool mqc__utf8_has_control(struct mqc_view text);

/* Enough for a quoted excerpt with its NUL. */
#define MQC__EXCERPT_BYTES ((size_t)96)

/* Writes text in quotes for a message: cut after about 60 bytes, and with what is no printable
 * UTF-8 as \xHH. Returns excerpt_out. */
const char *mqc__excerpt(struct mqc_view text, char excerpt_out[MQC__EXCERPT_BYTES]);

#endif
