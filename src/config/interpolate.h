#ifndef MQC_CONFIG_INTERPOLATE_H
#define MQC_CONFIG_INTERPOLATE_H

#include "base/buffer.h"
#include "base/error.h"

/*
 * Appends text with ${VAR} replaced by the environment's value, ${VAR:-other} by "other" where VAR
 * is unset or empty, and $$ by one '$'; any other '$' stays. What is put in is not searched again.
 * MQC_ECONFIG: an unset variable, a malformed reference, or a result that is over the buffer's
 * limit; MQC_ENOMEM. Not safe while another thread changes the environment.
 */
enum mqc_error mqc__interpolate(struct mqc_view text, struct mqc__buffer *buffer,
                                struct mqc_error_info *info);

#endif
