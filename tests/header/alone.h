#ifndef TESTS_HEADER_ALONE_H
#define TESTS_HEADER_ALONE_H

/* The library used through its header, by two files that each include it in another language. */

#ifdef __cplusplus
extern "C" {
#endif

/* Returns what mqc_version() says there. */
const char *version_in_c(void);
const char *version_in_cxx(void);

/* Returns what mqc_value_compare() says about a set {1, "one"} and a copy of it with "two". */
int comparison_in_cxx(void);

/* Sets broker.uri in a new configuration and returns the code's name. */
const char *config_set_in_cxx(const char *uri);

#ifdef __cplusplus
}
#endif

#endif
