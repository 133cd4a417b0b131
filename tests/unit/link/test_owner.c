#include "test_link_support.h"

#include "link/owner.h"

#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The linker puts this in the place of opendir, to see what happens without /proc. */
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);

static bool has_proc = true;

DIR *__wrap_opendir(const char *path)
{
    return has_proc ? __real_opendir(path) : NULL;
}

static void test_owner_own_connection_is_found(void)
{
    for (int i = 0; i < 2; i++) {
        uint16_t port = 0;
        const int listener = listen_at(0, 0, 4, &port);
        const int other = connect_to(port);
        const int own = connect_to(port);
        const int first = accept(listener, NULL, NULL);
        const int second = accept(listener, NULL, NULL);
        has_proc = i == 0;
        const int found = mqc__owner_find(second);
        has_proc = true;
        CHECK(found >= 0 && found != own);
        CHECK_INT(send(found, "x", 1, 0), 1);
        char byte = 0;
        CHECK_INT(read_once(second, &byte, 1), 1);
        CHECK_INT(recv(first, &byte, 1, MSG_DONTWAIT), -1);
        (void)close(found);
        (void)close(own);
        (void)close(other);
        (void)close(first);
        (void)close(second);
        (void)close(listener);
    }
}

/* Connects, tells so, and holds the connection until the pipe ends. */
static _Noreturn void hold_connection(uint16_t port, int ready, int end)
{
    char byte = 0;
    const int fd = connect_to(port);
    if (write(ready, &byte, 1) == 1 && fd >= 0)
        (void)!read(end, &byte, 1);
    _exit(0);
}

static void test_owner_connection_of_another_process_is_not_found(void)
{
    uint16_t port = 0;
    int ready[2];
    int end[2];
    char byte = 0;
    const int listener = listen_at(0, 0, 4, &port);
    REQUIRE(pipe(ready) == 0 && pipe(end) == 0);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)close(end[1]);
        hold_connection(port, ready[1], end[0]);
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    const int accepted = accept(listener, NULL, NULL);
    CHECK_INT(mqc__owner_find(accepted), -1);
    has_proc = false;
    CHECK_INT(mqc__owner_find(accepted), -1);
    has_proc = true;
    (void)close(end[1]);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK_INT(mqc__owner_find(accepted), -1);
    (void)close(accepted);
    (void)close(listener);
    (void)close(end[0]);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void test_owner_dead_connection_is_not_found(void)
{
    uint16_t port = 0;
    const int listener = listen_at(0, 0, 4, &port);
    int own = connect_to(port);
    const int accepted = accept(listener, NULL, NULL);
    reset_connection(&own);
    CHECK_INT(mqc__owner_find(accepted), -1);
    CHECK_INT(mqc__owner_find(listener), -1);
    CHECK_INT(mqc__owner_find(-1), -1);
    (void)close(accepted);
    (void)close(listener);
}

static void test_owner_replaced_descriptor_is_the_other_socket(void)
{
    for (int i = 0; i < 2; i++) {
        uint16_t port = 0;
        int pair[2];
        char byte = 0;
        const int listener = listen_at(0, 0, 4, &port);
        const int own = connect_to(port);
        const int accepted = accept(listener, NULL, NULL);
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        has_proc = i == 0;
        CHECK(mqc__owner_replace(accepted, pair[0]));
        /* There is none any more. */
        CHECK(!mqc__owner_replace(accepted, pair[0]));
        has_proc = true;
        CHECK_INT(send(own, "x", 1, 0), 1);
        CHECK_INT(read_once(pair[1], &byte, 1), 1);
        CHECK_INT(read_once(accepted, &byte, 1), 0);
        CHECK(!mqc__owner_replace(listener, pair[0]));
        (void)close(own);
        (void)close(accepted);
        (void)close(listener);
        (void)close(pair[0]);
        (void)close(pair[1]);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"own connection", test_owner_own_connection_is_found},
        {"another process", test_owner_connection_of_another_process_is_not_found},
        {"dead connection", test_owner_dead_connection_is_not_found},
        {"replaced", test_owner_replaced_descriptor_is_the_other_socket},
        CU_TEST_INFO_NULL,
    };
    return suite_run("link.owner", tests);
}
