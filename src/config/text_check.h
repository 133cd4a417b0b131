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

/* Whom a broker's certificate may be for: a host name or an IP address, at most 253 bytes. */
enum mqc_error mqc__check_server_name(const char *text, struct mqc_error_info *info);

/* RFC 7301 3.1: the name of a protocol, at most 255 bytes; of visible ASCII, so that it can stand
 * in a list. */
enum mqc_error mqc__check_alpn(const char *text, struct mqc_error_info *info);

/* A cipher suite's name: letters, digits, '-' and '_'. */
enum mqc_error mqc__check_cipher(const char *text, struct mqc_error_info *info);

/* Several of them with ':' between. */
enum mqc_error mqc__check_cipher_list(const char *text, struct mqc_error_info *info);

/* A folder's path from the root, of at most MQC__DIRECTORY_BYTES_MAX bytes, which leaves room for a
 * node's folder in it and the names of files. */
enum mqc_error mqc__check_directory(const char *text, struct mqc_error_info *info);
#define MQC__DIRECTORY_BYTES_MAX 3000

/* Where a server listens: an IPv4 or IPv6 address. */
enum mqc_error mqc__check_listen_addr(const char *text, struct mqc_error_info *info);

#endif
