#include "support/mosquitto.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_TIMEOUT_MS 30000

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

uint16_t test_free_port(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
                          getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_bound ? ntohs(address.sin_port) : 0;
}

bool test_mosquitto_prepare(struct test_mosquitto *mosquitto)
{
    *mosquitto = (struct test_mosquitto){.port = test_free_port()};
    (void)snprintf(mosquitto->folder, sizeof mosquitto->folder, "/tmp/mqc-test-mosquitto-XXXXXX");
    if (mosquitto->port == 0 || mkdtemp(mosquitto->folder) == NULL)
        return false;
    (void)snprintf(mosquitto->config_path, sizeof mosquitto->config_path, "%s/mosquitto.conf",
                   mosquitto->folder);
    (void)snprintf(mosquitto->uri, sizeof mosquitto->uri, "mqtt://127.0.0.1:%d", mosquitto->port);
    return true;
}

bool test_mosquitto_write_file(struct test_mosquitto *mosquitto, const char *name, const char *text)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", mosquitto->folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    const bool is_written = fputs(text, file) >= 0;
    return fclose(file) == 0 && is_written;
}

/* Runs a program; its output goes to a file of the folder. Returns its process, -1 on failure. */
static pid_t spawn(const struct test_mosquitto *mosquitto, const char *const *arguments)
{
    char log_path[160];
    (void)snprintf(log_path, sizeof log_path, "%s/output.log", mosquitto->folder);
    const pid_t process = fork();
    if (process != 0)
        return process;
    /* A test that is killed leaves no broker behind. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    (void)dup2(log, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static bool run_and_wait(const struct test_mosquitto *mosquitto, const char *const *arguments)
{
    const pid_t process = spawn(mosquitto, arguments);
    int status = -1;
    while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

bool test_mosquitto_write_password(struct test_mosquitto *mosquitto, const char *user,
                                   const char *password)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/passwords", mosquitto->folder);
    const char *arguments[] = {"mosquitto_passwd", "-b", "-c", path, user, password, NULL};
    return run_and_wait(mosquitto, arguments);
}

/* Writes text with every @DIR@ replaced by the folder. */
static void write_replaced(FILE *file, const char *text, const char *folder)
{
    static const char mark[] = "@DIR@";
    const char *found = NULL;
    while ((found = strstr(text, mark)) != NULL) {
        (void)fprintf(file, "%.*s%s", (int)(found - text), text, folder);
        text = found + sizeof mark - 1;
    }
    (void)fprintf(file, "%s\n", text);
}

static bool write_config(const struct test_mosquitto *mosquitto, const char *config)
{
    FILE *file = fopen(mosquitto->config_path, "we");
    if (file == NULL)
        return false;
    if (geteuid() == 0)
        (void)fprintf(file, "user root\n");
    (void)fprintf(file, "listener %d 127.0.0.1\n", mosquitto->port);
    if (strstr(config, "allow_anonymous") == NULL)
        (void)fprintf(file, "allow_anonymous true\n");
    write_replaced(file, config, mosquitto->folder);
    return fclose(file) == 0;
}

static bool accepts_connections(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = loopback((uint16_t)port);
    const bool is_open =
        fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_open;
}

static bool is_running(struct test_mosquitto *mosquitto)
{
    if (mosquitto->process > 0 && waitpid(mosquitto->process, NULL, WNOHANG) == mosquitto->process)
        mosquitto->process = 0;
    return mosquitto->process > 0;
}

bool test_mosquitto_restart(struct test_mosquitto *mosquitto)
{
    const char *arguments[] = {"mosquitto", "-c", mosquitto->config_path, NULL};
    /* Debian puts it where only root's PATH leads. */
    if (access("/usr/sbin/mosquitto", X_OK) == 0)
        arguments[0] = "/usr/sbin/mosquitto";
    mosquitto->process = spawn(mosquitto, arguments);
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int waited_ms = 0; waited_ms < START_TIMEOUT_MS && is_running(mosquitto); waited_ms += 5) {
        if (accepts_connections(mosquitto->port))
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

bool test_mosquitto_run(struct test_mosquitto *mosquitto, const char *config)
{
    return write_config(mosquitto, config) && test_mosquitto_restart(mosquitto);
}

static bool end(struct test_mosquitto *mosquitto, int signal_number)
{
    if (mosquitto->process <= 0)
        return false;
    (void)kill(mosquitto->process, signal_number);
    while (waitpid(mosquitto->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    mosquitto->process = 0;
    return true;
}

bool test_mosquitto_kill(struct test_mosquitto *mosquitto)
{
    return end(mosquitto, SIGKILL);
}

bool test_mosquitto_end(struct test_mosquitto *mosquitto)
{
    return end(mosquitto, SIGTERM);
}

static void remove_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry = NULL;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries != NULL)
        (void)closedir(entries);
    (void)rmdir(folder);
}

void test_mosquitto_stop(struct test_mosquitto *mosquitto)
{
    (void)end(mosquitto, SIGTERM);
    remove_folder(mosquitto->folder);
}

bool test_mosquitto_start(struct test_mosquitto *mosquitto, const char *config)
{
    if (!test_mosquitto_prepare(mosquitto))
        return false;
    if (test_mosquitto_run(mosquitto, config))
        return true;
    test_mosquitto_stop(mosquitto);
    return false;
}
