#ifndef MQC_CONFIG_DOCUMENT_H
#define MQC_CONFIG_DOCUMENT_H

#include "base/buffer.h"

/* What is written from the table of options, so that it cannot differ from what is read. Both
 * return false when the buffer's limit or memory is exhausted. */

/* Appends the annotated sample: every option with its explanation, the required ones set, all
 * others as comments. It is a valid configuration as it is. */
bool mqc__config_write_sample(struct mqc__buffer *buffer);

/* Appends the manual page mqcluster.yaml(5) for groff's man macros. */
bool mqc__config_write_reference(struct mqc__buffer *buffer);

#endif
