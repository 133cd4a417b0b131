#include "cli/output.h"

#include "cli/cli.h"
#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_BYTES ((size_t)64 * 1024)

void mqc__output_init(void)
{
    static char buffer[OUTPUT_BYTES];
    (void)setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
}

/* Says no and reports it the first time; `had_failed`: an earlier write did that already. */
static bool check(const char *who, bool had_failed)
{
    if (ferror(stdout) == 0)
        return true;
    if (!had_failed)
        mqc__report(who, "cannot write to standard output: %s", strerror(errno));
    return false;
}

bool mqc__output_text(const char *who, const char *text)
{
    const bool had_failed = ferror(stdout) != 0;
    (void)fputs(text, stdout);
    return check(who, had_failed);
}

bool mqc__output_line(const char *who, const char *text)
{
    const bool had_failed = ferror(stdout) != 0;
    if (fputs(text, stdout) >= 0)
        (void)putc('\n', stdout);
    return check(who, had_failed);
}

/* A write to a terminal blocks until all of it fits, unless the descriptor does not block; to set
 * that on the one inherited would set it for the shell too. */
int mqc__output_open(void)
{
    const char *terminal = isatty(STDOUT_FILENO) != 0 ? ttyname(STDOUT_FILENO) : NULL;
    if (terminal == NULL)
        return STDOUT_FILENO;
    const int fd = open(terminal, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? fd : STDOUT_FILENO;
}

ssize_t mqc__output_some(const char *who, int fd, const char *data, size_t size)
{
    /* A pipe that can be written has room for this much. */
    const ssize_t put = write(fd, data, size < PIPE_BUF ? size : PIPE_BUF);
    if (put >= 0)
        return put;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    mqc__report(who, "cannot write to standard output: %s", strerror(errno));
    return -1;
}

bool mqc__output_is_read(const char *who, int fd)
{
    struct pollfd polled = {.fd = fd};
    if (poll(&polled, 1, 0) <= 0 || (polled.revents & POLLERR) == 0)
        return true;
    mqc__report(who, "cannot write to standard output: %s", strerror(EPIPE));
    return false;
}

int mqc__output_close(const char *who, int status)
{
    const bool had_failed = ferror(stdout) != 0;
    (void)fflush(stdout);
    if (!check(who, had_failed))
        return MQC__EXIT_FAILED;
    /* Some file systems report a full disk only when the file is closed. */
    if (fclose(stdout) == 0)
        return status;
    mqc__report(who, "cannot write to standard output: %s", strerror(errno));
    return MQC__EXIT_FAILED;
}
