#ifndef TESTS_UNIT_LINK_TEST_TLS_PAIR_H
#define TESTS_UNIT_LINK_TEST_TLS_PAIR_H

#include "base/log.h"
#include "link/tls.h"
#include "support/certs.h"
#include "support/suite.h"

/* What the tests of TLS share: certificates, configurations, and a client and a server whose bytes
 * the test carries. */

/* Made by tls_suite_run. */
extern struct test_certs tls_certs;

/* Makes the certificates, runs the tests as suite_run does, removes the certificates. */
int tls_suite_run(const char *name, CU_TestInfo tests[]);

/* The path of a file among the certificates. */
const char *tls_file(const char *name);

/* Options of a side that trusts the test's CA and shows a certificate: NAME.pem with NAME.key, NULL
 * for none. A server asks for no certificate. */
struct mqc__tls_options tls_client_options(const char *identity);
struct mqc__tls_options tls_server_options(const char *identity);

/* Makes a configuration that is expected to be right; ends the test when it is not. */
struct mqc__tls_config *tls_config(const struct mqc__tls_options *options);

/* Says whether this mbedTLS has TLS 1.3. There its alerts do not always reach its own peer: they
 * are sent before both sides have the keys for them. */
bool tls_has_1_3(void);

struct tls_pair {
    struct mqc__tls *client;
    struct mqc__tls *server;
};

/* Makes both sides, and drops the configurations. */
void tls_pair_init(struct tls_pair *pair, const struct mqc__tls_options *client,
                   const struct mqc__tls_options *server, const char *server_name);
void tls_pair_fini(struct tls_pair *pair);

/* Carries bytes, at most `chunk` at a time, and steps both until nothing moves any more; says
 * whether both are established. */
bool tls_pair_run(struct tls_pair *pair, size_t chunk);

/* Carries the waiting output of one side to the other, as much as that takes; returns how much. */
size_t tls_carry(struct mqc__tls *from, struct mqc__tls *to, size_t chunk);

/* The tag of a side's failure, "established", "closed" or "waiting". */
const char *tls_state(struct mqc__tls *tls);

/* Sends data from one side to the other, which must arrive as it was. */
void tls_check_transfer(struct mqc__tls *from, struct mqc__tls *to, struct mqc_view data);

#endif
