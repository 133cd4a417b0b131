#ifndef MQC_CLUSTER_KEY_H
#define MQC_CLUSTER_KEY_H

#include "base/error.h"
#include "value/signature.h"

#include <stdint.h>

/*
 * Hashes a key as Zeek's Cluster::hrw_topic does: a string by its bytes alone, any other value with
 * its type. `type` is the key's declared type, or NULL. It is needed where the value does not carry
 * all that Zeek hashes: an enum takes "enum NAME", and a vector, a record or a pattern looks like
 * the other two. Takes no memory; any thread. MQC_ETYPE: the value does not fit the type, the type
 * is not known well enough, or nothing of that type can be a key, like sets and tables, which Zeek
 * hashes in an order that differs from process to process.
 */
enum mqc_error mqc__key_hash(const struct mqc_value *key, const struct mqc__type_spec *type,
                             uint32_t *hash_out, struct mqc_error_info *info);

#endif
