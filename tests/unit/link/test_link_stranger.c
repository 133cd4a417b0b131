#include "test_link_support.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Other processes race for the port of a link. They are forked before the link exists and learn its
 * port from a pipe, all of them before the process that the port is for.
 */
#define STRANGER_COUNT 3

#define STRANGER_SAW_NOTHING 0
#define STRANGER_WAS_SERVED 1
#define STRANGER_NEVER_CONNECTED 2

/* Speaks as if it were the client, and waits for an answer. */
static bool is_served(uint16_t port, bool *is_connected)
{
    char answer = 0;
    const int fd = connect_to(port);
    if (fd < 0)
        return false;
    *is_connected = true;
    (void)send(fd, "stranger", 8, MSG_NOSIGNAL);
    const bool is_answered = read_once(fd, &answer, 1) > 0;
    (void)close(fd);
    return is_answered;
}

static _Noreturn void be_stranger(int port_pipe)
{
    uint16_t port = 0;
    bool is_connected = false;
    if (read(port_pipe, &port, sizeof port) != (ssize_t)sizeof port)
        _exit(STRANGER_NEVER_CONNECTED);
    do {
        if (is_served(port, &is_connected))
            _exit(STRANGER_WAS_SERVED);
    } while (errno != ECONNREFUSED);
    _exit(is_connected ? STRANGER_SAW_NOTHING : STRANGER_NEVER_CONNECTED);
}

static pid_t start_stranger(const int port_pipe[2])
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)close(port_pipe[1]);
    be_stranger(port_pipe[0]);
}

static void tell(int port_pipe, uint16_t port)
{
    for (size_t i = 0; i < STRANGER_COUNT; i++)
        CHECK_INT(write(port_pipe, &port, sizeof port), (int)sizeof port);
}

static void check_stranger(pid_t pid)
{
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), STRANGER_SAW_NOTHING);
}

static void await_strangers(const struct mqc__link *link)
{
    struct mqc__link_stats stats = {0};
    for (int i = 0; i < 500 && stats.stranger_count < 20; i++) {
        sleep_ms(5);
        mqc__link_stats(link, &stats);
    }
    CHECK(stats.stranger_count >= 20);
}

static void test_link_strangers_race_for_the_port_and_lose(void)
{
    int port_pipe[2];
    pid_t strangers[STRANGER_COUNT];
    REQUIRE(pipe(port_pipe) == 0);
    for (size_t i = 0; i < STRANGER_COUNT; i++)
        strangers[i] = start_stranger(port_pipe);
    struct link_ends ends = {.client = -1, .broker = -1};
    ends.listener = listen_at(0, 0, 8, &ends.port);
    const struct mqc__link_options options = plain_options(ends.port);
    const char *tag = NULL;
    REQUIRE(mqc__link_open(&options, &ends.link, &tag, NULL) == MQC_OK);
    ends.broker = accept(ends.listener, NULL, NULL);
    CHECK(write_stream(ends.broker, 0, 1000, 1000));

    tell(port_pipe[1], mqc__link_port(ends.link));
    await_strangers(ends.link);
    ends.client = connect_to(mqc__link_port(ends.link));
    CHECK(ends.client >= 0);
    CHECK(read_stream(ends.client, 0, 1000, 1000));
    CHECK(write_stream(ends.client, 0, 500, 500));
    CHECK(read_stream(ends.broker, 0, 500, 500));
    for (size_t i = 0; i < STRANGER_COUNT; i++)
        check_stranger(strangers[i]);

    /* The link is taken: the port refuses everybody, this process too. */
    CHECK_INT(connect_to(mqc__link_port(ends.link)), -1);
    (void)shutdown(ends.client, SHUT_WR);
    char byte = 0;
    CHECK_INT(read_once(ends.broker, &byte, 1), 0);
    (void)close(port_pipe[0]);
    (void)close(port_pipe[1]);
    ends_close(&ends);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"strangers lose", test_link_strangers_race_for_the_port_and_lose},
        CU_TEST_INFO_NULL,
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return suite_run("link.link_stranger", tests);
}
