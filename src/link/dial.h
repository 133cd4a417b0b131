#ifndef MQC_LINK_DIAL_H
#define MQC_LINK_DIAL_H

#include "link/address.h"

/*
 * Connects to one of the addresses: to each in turn, a moment after the one before, or at once when
 * that has failed; the first that answers wins. Blocks until deadline_ms at the longest. On success
 * *fd_out is a non-blocking socket of the caller, and *which_out the number of its address. Any
 * thread. MQC_ECONNECT, MQC_ETIMEOUT: *info lists the addresses with what each said. MQC_ENOMEM.
 */
MQC_MUST_USE enum mqc_error mqc__dial(const struct mqc__address_list *list, int64_t deadline_ms,
                                      int *fd_out, size_t *which_out, struct mqc_error_info *info);

/* Sets what a connection to a broker should have: small packets leave at once, a dead path is
 * noticed after user_timeout_ms (0: the system's time), silence is probed after keep_alive_s (0:
 * never). Works as far as the system allows. */
void mqc__dial_tune(int fd, unsigned user_timeout_ms, unsigned keep_alive_s);

/* What an errno of a connection means. */
const char *mqc__dial_words(int error);

#endif
