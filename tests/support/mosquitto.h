#ifndef TESTS_SUPPORT_MOSQUITTO_H
#define TESTS_SUPPORT_MOSQUITTO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A Mosquitto of the test's own, on a free port of 127.0.0.1, in a folder under /tmp. */
struct test_mosquitto {
    char uri[64];    /* mqtt://127.0.0.1:port */
    char folder[64]; /* configuration, password file, log */
    char config_path[128];
    int port;
    pid_t process; /* 0: none */
};

/* Makes the folder and chooses the port; nothing runs yet. */
bool test_mosquitto_prepare(struct test_mosquitto *mosquitto);

/* Writes <folder>/passwords with one user. */
bool test_mosquitto_write_password(struct test_mosquitto *mosquitto, const char *user,
                                   const char *password);

/* Writes another file into the folder. */
bool test_mosquitto_write_file(struct test_mosquitto *mosquitto, const char *name,
                               const char *text);

/* Starts it with the lines of `config`, in which @DIR@ stands for the folder, and waits until it
 * accepts connections. Unless they mention allow_anonymous, everybody may connect. */
bool test_mosquitto_run(struct test_mosquitto *mosquitto, const char *config);

/* Prepares and runs; on failure there is nothing to stop. */
bool test_mosquitto_start(struct test_mosquitto *mosquitto, const char *config);

/* Ends it by SIGKILL and waits until it is gone; false when it did not run. */
bool test_mosquitto_kill(struct test_mosquitto *mosquitto);

/* The same by SIGTERM, which lets it take leave of its clients. */
bool test_mosquitto_end(struct test_mosquitto *mosquitto);

/* Starts it again with the configuration and the port of before. */
bool test_mosquitto_restart(struct test_mosquitto *mosquitto);

/* Ends it if it runs and removes the folder. */
void test_mosquitto_stop(struct test_mosquitto *mosquitto);

/* A port of 127.0.0.1 on which nobody listened a moment ago; 0 on failure. */
uint16_t test_free_port(void);

#endif
