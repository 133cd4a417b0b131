#ifndef MQC_LINK_TLS_SOURCE_H
#define MQC_LINK_TLS_SOURCE_H

#include "link/tls_config.h"

/*
 * Where a configuration comes from: the files that its options name, which may be replaced while
 * the program runs. Reference counted; but for mqc__tls_source_ref and _unref, one thread at a
 * time.
 */
struct mqc__tls_source;

/* What came of looking at the files. */
enum mqc__tls_look {
    MQC__TLS_LOOK_SAME,   /* nothing new, or something that is still being written */
    MQC__TLS_LOOK_LOADED, /* there is a new configuration */
    MQC__TLS_LOOK_FAILED, /* the new files cannot be used; the configuration is the old one */
};

/* Copies the options and loads what they name. The caller has the only reference. Errors as
 * mqc__tls_config_new. */
MQC_MUST_USE enum mqc_error mqc__tls_source_new(const struct mqc__tls_options *options,
                                                struct mqc__tls_source **source_out,
                                                struct mqc_error_info *info);

/* Adds a reference and returns the source. Any thread. */
struct mqc__tls_source *mqc__tls_source_ref(struct mqc__tls_source *source);

/* Drops a reference and clears the pointer; the last one frees. NULL is accepted. Any thread. */
void mqc__tls_source_unref(struct mqc__tls_source **source);

/* The configuration that was loaded last; the source's. */
struct mqc__tls_config *mqc__tls_source_config(const struct mqc__tls_source *source);

/*
 * Loads the files again when they are others than before and have stayed the same since the last
 * look, so that certificate and key are not read while only one of them is replaced; what could not
 * be used is not tried again before it changes. `is_forced` loads them now, whatever they are.
 * FAILED: *info names the file, the reason and what to do.
 */
enum mqc__tls_look mqc__tls_source_look(struct mqc__tls_source *source, bool is_forced,
                                        struct mqc_error_info *info);

/* The name of the file with the own certificate, NULL when there is none. */
const char *mqc__tls_source_certificate_file(const struct mqc__tls_source *source);

#endif
