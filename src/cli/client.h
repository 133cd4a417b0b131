#ifndef MQC_CLI_CLIENT_H
#define MQC_CLI_CLIENT_H

#include "cli/options.h"
#include "cli/progress.h"

/*
 * What publish and subscribe have in common: a connection to the cluster for the time of one
 * command, beside a running node of the same configuration and without taking its session over.
 * Handlers run in mqc__client_wait(), so that everything happens on one thread.
 */
struct mqc__client {
    char *who;
    bool is_verbose; /* the library's log goes to standard error */
    struct mqc_config *config;
    struct mqc_backend *backend;
    int backend_fd;
    int signal_fd;
    bool was_stopped; /* by SIGINT, SIGTERM or SIGHUP */
    bool was_stopped_again;
    struct mqc__progress progress;
};

/* Makes the configuration and the backend; mqc__client_init() connects. From here on a signal to
 * stop only sets was_stopped. Reports what goes wrong and returns the exit status. The caller calls
 * mqc__client_fini() in any case. */
int mqc__client_open(struct mqc__client *client, const struct mqc__options *options);

/* Starts to connect, in the background. Reports what goes wrong and returns the exit status. */
int mqc__client_start(struct mqc__client *client);

/*
 * Waits until input_fd (-1: none) can be read, something happened in the backend, a signal to stop
 * came, or timeout_ms (-1: none) is over; handles what there is to handle. Returns whether
 * input_fd can be read.
 */
bool mqc__client_wait(struct mqc__client *client, int input_fd, int timeout_ms);

/* Waits until output_fd can be written or a signal to stop came; returns whether it can be written.
 * The backend is left alone, so that handlers may call this. */
bool mqc__client_wait_output(struct mqc__client *client, int output_fd);

/* Gives signals their usual effect again, for an ending that cannot watch them. */
void mqc__client_release_signals(void);

/* Says something on standard error without tearing the progress line. */
void mqc__client_report(struct mqc__client *client, const char *format, ...) MQC_PRINTF(2, 3);
void mqc__client_report_error(struct mqc__client *client, const struct mqc_error_info *info);

/* Closes without waiting, if the backend is open still, and frees everything. */
void mqc__client_fini(struct mqc__client *client);

/* Milliseconds of a clock that never jumps. */
int64_t mqc__client_now_ms(void);

/* How long to wait for a deadline (-1: none), at most `most_ms`; 0 when it is over. */
int mqc__client_left_ms(int64_t deadline_ms, int most_ms);

#endif
