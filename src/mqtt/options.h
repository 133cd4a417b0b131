#ifndef MQC_MQTT_OPTIONS_H
#define MQC_MQTT_OPTIONS_H

#include "mqtt/session.h"

/*
 * Checks the options and makes a copy that owns its texts; the caller frees it with
 * mqc__session_options_free(). MQC_EINVAL: *info says which option is wrong and how; MQC_ENOMEM.
 */
enum mqc_error mqc__session_options_copy(const struct mqc__session_options *options,
                                         struct mqc__session_options **copy_out,
                                         struct mqc_error_info *info);

/* Frees a copy and sets the caller's pointer to NULL; the password is overwritten first. */
void mqc__session_options_free(struct mqc__session_options **options);

#endif
