#ifndef TESTS_UNIT_CLUSTER_MEMBERSHIP_DRIVER_H
#define TESTS_UNIT_CLUSTER_MEMBERSHIP_DRIVER_H

#include "base/buffer.h"
#include "cluster/membership.h"
#include "codec/presence.h"
#include "support/suite.h"

/* One membership, driven by a test: the worker "me" of instance "ME", started at 5000, with a lease
 * of 15 s, below the root "r", that listens to workers and proxies. */
struct driver {
    struct mqc__membership *membership;
    int64_t now_ms;
    bool is_mute;                /* the broker acknowledges nothing */
    unsigned announce_count;     /* how often the node published that it is up */
    struct mqc__presence latest; /* what it published last; its texts are not kept */
    char reason[300];            /* of the latest */
    struct mqc__buffer log;      /* what it did, for expect() */
    char error[1000];            /* the text of the last error */
};

#define DRIVER_LEASE_MS 15000

/* The options described above. The layout is: me, w1, w2, w3 (workers), p1 (proxy), m1 (manager).
 */
struct mqc__membership_options driver_options(void);
void driver_init(struct driver *d, const struct mqc__membership_options *options);
void driver_fini(struct driver *d);

/* Connects, at the time that it is. */
void driver_connect(struct driver *d);
void driver_disconnect(struct driver *d);

/* Lets the time go on and ticks whenever it is due. */
void driver_run(struct driver *d, int64_t duration_ms);
/* Lets the time go on while the process is stopped. */
void driver_stop(struct driver *d, int64_t duration_ms);

/* A presence to arrive; what is zero is: type worker, renewal 1, connection 1, a lease of 15 s, a
 * start at 1000, expiry not told. */
struct seen {
    const char *name;
    const char *instance;
    const char *type;
    const char *topic; /* another one than belongs to the node */
    const char *reason;
    uint64_t renewal;
    uint64_t connection;
    uint64_t start_ms;
    int64_t expiry_ms;
    uint32_t lease_ms;
    bool is_down;
    bool gave_way;
    bool is_retained;
};
enum mqc_error driver_see(struct driver *d, const struct seen *seen);
#define SEE(d, ...) CHECK_INT(driver_see((d), &(struct seen){__VA_ARGS__}), MQC_OK)

/* Bytes to arrive on a topic. */
enum mqc_error driver_see_bytes(struct driver *d, const char *topic, const char *payload);

/*
 * Checks what was done since the last call, one word for each action: "hello:w1/A" "up:w1/A"
 * "down:w1/A(why)" "error:tag" "give_way" "announce:3" "goodbye:4"; joined by spaces.
 * EXPECT_OTHERS leaves the announcements out.
 */
void driver_expect(struct driver *d, const char *expected, bool has_announcements, unsigned line);
#define EXPECT(d, expected) driver_expect((d), (expected), true, __LINE__)
#define EXPECT_OTHERS(d, expected) driver_expect((d), (expected), false, __LINE__)

/* Says whether the membership counts a node as up; REQUIREs that it knows the name. */
bool driver_is_up(const struct driver *d, const char *name);

#endif
