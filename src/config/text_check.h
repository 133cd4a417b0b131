#ifndef MQC_CONFIG_TEXT_CHECK_H
#define MQC_CONFIG_TEXT_CHECK_H

#include "base/error.h"
#include "base/view.h"

/* Rules for texts. Each returns MQC_ECONFIG with *info (may be NULL) saying what came and what is
 * expected. */

/* A name that is one level of an MQTT topic: not empty, at most 255 bytes of UTF-8, no '/', '+',
 * '#' or control character. */
enum mqc_error mqc__check_level(const char *text, struct mqc_error_info *info);

/* A name as Zeek writes them: letters, digits and '_', not beginning with a digit. For an event's
 * name, several of them with "::" between. */
enum mqc_error mqc__check_event_name(struct mqc_view name, struct mqc_error_info *info);
enum mqc_error mqc__check_parameter_name(struct mqc_view name, struct mqc_error_info *info);

/* A broker's address: mqtt://HOST[:PORT], an IPv6 address in brackets. The error never repeats a
 * password. */
enum mqc_error mqc__check_uri(const char *text, struct mqc_error_info *info);

#endif
