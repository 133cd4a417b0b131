#include "link/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Two connected sockets of one host are the ends of one connection when each has the other's names:
 * no two connections have the same pair. So it is enough to ask the names of this process's
 * descriptors; nothing has to be looked up about other processes.
 */

/* How far to count when the folder of descriptors cannot be read. */
#define DESCRIPTORS_MAX 65536

struct ends {
    struct sockaddr_storage own;
    struct sockaddr_storage peer;
    socklen_t own_size;
    socklen_t peer_size;
};

static bool get_ends(int fd, struct ends *ends_out)
{
    *ends_out = (struct ends){.own_size = sizeof ends_out->own, .peer_size = sizeof ends_out->peer};
    return getsockname(fd, (struct sockaddr *)&ends_out->own, &ends_out->own_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&ends_out->peer, &ends_out->peer_size) == 0;
}

static bool is_other_end(int fd, const struct ends *ends)
{
    struct ends found;
    return get_ends(fd, &found) && found.own_size == ends->peer_size &&
           found.peer_size == ends->own_size &&
           memcmp(&found.own, &ends->peer, ends->peer_size) == 0 &&
           memcmp(&found.peer, &ends->own, ends->own_size) == 0;
}

/* Asks again after duplicating: another thread may have closed the descriptor and opened others. */
static int duplicate(int fd, const struct ends *ends, int unused)
{
    (void)unused;
    if (!is_other_end(fd, ends))
        return -1;
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0 || is_other_end(copy, ends))
        return copy;
    (void)close(copy);
    return -1;
}

/* What to do with a descriptor that may be the one; -1: it is not. */
typedef int (*take_fn)(int fd, const struct ends *ends, int other_fd);

static int find_by_counting(const struct ends *ends, take_fn take, int other_fd)
{
    struct rlimit limit;
    int end = DESCRIPTORS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MAX)
        end = (int)limit.rlim_cur;
    int found = -1;
    for (int fd = 0; fd < end && found < 0; fd++)
        found = take(fd, ends, other_fd);
    return found;
}

static int find(const struct ends *ends, take_fn take, int other_fd)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return find_by_counting(ends, take, other_fd);
    int found = -1;
    const struct dirent *entry = NULL;
    while (found < 0 && (entry = readdir(folder)) != NULL) {
        char *end = NULL;
        const long fd = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0')
            found = take((int)fd, ends, other_fd);
    }
    (void)closedir(folder);
    return found;
}

static int replace_socket(int fd, const struct ends *ends, int other_fd)
{
    return is_other_end(fd, ends) ? dup3(other_fd, fd, O_CLOEXEC) : -1;
}

bool mqc__owner_replace(int accepted_fd, int other_fd)
{
    struct ends ends;
    return get_ends(accepted_fd, &ends) && find(&ends, replace_socket, other_fd) >= 0;
}

int mqc__owner_find(int accepted_fd)
{
    struct ends ends;
    if (!get_ends(accepted_fd, &ends))
        return -1;
    const int found = find(&ends, duplicate, -1);
    if (found < 0)
        return -1;
    /* Had the peer reset the accepted connection, a new one of ours could have got its port. It
     * would then have no peer any more. */
    if (get_ends(accepted_fd, &ends))
        return found;
    (void)close(found);
    return -1;
}
