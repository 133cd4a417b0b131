#ifndef TESTS_UNIT_BACKEND_MEMBERS_DRIVER_H
#define TESTS_UNIT_BACKEND_MEMBERS_DRIVER_H

#include "backend/members.h"
#include "base/buffer.h"
#include "codec/presence.h"

/* The members of one node, with an owner that writes down what it is told. */
struct members_driver {
    struct mqc__members *members;
    struct mqc__buffer log; /* "hello:w1/A up:w1/A down:w1/A error:tag announce give_way" */
    struct mqc__buffer error;
    int64_t tick_ms; /* when the next tick is due */
    int64_t now_ms;
    uint64_t start_ms; /* of those that are seen */
    size_t announce_count;
    bool is_up; /* as it was announced last */
    bool is_retained;
};

/* The manager "m" of a layout with the proxies p1 and p2, the workers w1 to w3 and the logger l1;
 * everything is watched, with a lease of 15 s, below the root "r". */
struct mqc__members_options members_options(void);

/* Makes the members; the error is that of mqc__members_new(). */
enum mqc_error members_driver_new(struct members_driver *driver,
                                  const struct mqc__members_options *options,
                                  struct mqc_error_info *info);
/* Makes, starts as instance "ME" and connects. Ends the test on failure. */
void members_driver_open(struct members_driver *driver, const struct mqc__members_options *options);
void members_driver_free(struct members_driver *driver);

/* A presence of a node arrives: of its instance, that it is up or down. */
bool members_driver_see(struct members_driver *driver, const char *type, const char *name,
                        const char *instance, bool is_up);

/* What was written down since the last call; valid until the next one. */
const char *members_driver_log(struct members_driver *driver);

#endif
