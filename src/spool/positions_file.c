#include "spool/positions_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "spool/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often to look again when another process began or replaced the file meanwhile. */
#define TRIES 5

/* What a file turned out to be. */
enum state {
    STATE_GOOD,
    STATE_ABSENT,
    STATE_REPLACED, /* another one has its name now */
    STATE_DAMAGED,
    STATE_FAILED, /* *info says why */
};

static enum mqc_error fail_errno(const char *path, const char *what, int number,
                                 struct mqc_error_info *info)
{
    char reason[128];
    return mqc__fail(info, MQC_EIO,
                     "the file of positions %s cannot be %s: %s; check that the folder of "
                     "delivery.directory can be made, that this user may write there, and that the "
                     "disk has room",
                     path, what, strerror_r(number, reason, sizeof reason));
}

static enum mqc_error fail_in_use(const char *path, struct mqc_error_info *info)
{
    return mqc__fail(info, MQC_EEXIST,
                     "another process uses the file of positions %s: stop it, or give this one a "
                     "folder of its own",
                     path);
}

static uint64_t check_of(const struct mqc__positions_header *header)
{
    static const uint64_t no_seed[2] = {0, 0};
    const struct mqc_view bytes =
        mqc_view_bytes(header, offsetof(struct mqc__positions_header, check));
    return mqc__positions_siphash(no_seed, &bytes, 1).words[0];
}

void mqc__positions_fill_header(struct mqc__positions_header *header, size_t slot_count)
{
    header->magic = MQC__POSITIONS_MAGIC;
    header->version = MQC__POSITIONS_VERSION;
    header->slot_bytes = sizeof(struct mqc__positions_slot);
    header->slot_count = slot_count;
    header->seed[0] = mqc__random_bits();
    header->seed[1] = mqc__random_bits();
    header->check = check_of(header);
}

/* Takes all the room at once: a store into memory whose room cannot be had later ends the process.
 */
static int allocate(int fd)
{
    int number;
    do
        number = posix_fallocate(fd, 0, (off_t)mqc__positions_bytes(MQC__POSITIONS_MAX));
    while (number == EINTR);
    return number;
}

static enum mqc_error map_fd(const char *path, int fd, struct mqc__positions_mapping *mapping_out,
                             struct mqc_error_info *info)
{
    const size_t size = mqc__positions_bytes(MQC__POSITIONS_MAX);
    const int number = allocate(fd);
    if (number != 0)
        return fail_errno(path, "given its 4 MB on the disk", number, info);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return fail_errno(path, "mapped", errno, info);
    *mapping_out = (struct mqc__positions_mapping){memory, size, fd};
    return MQC_OK;
}

static enum mqc_error lock(const char *path, int fd, struct mqc_error_info *info)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return MQC_OK;
    return errno == EWOULDBLOCK ? fail_in_use(path, info) : fail_errno(path, "locked", errno, info);
}

static bool has_name(const char *path, const struct stat *status)
{
    struct stat named;
    return stat(path, &named) == 0 && named.st_ino == status->st_ino &&
           named.st_dev == status->st_dev;
}

static enum state judge_header(const char *path, const struct mqc__positions_header *header,
                               struct mqc_error_info *info)
{
    if (header->magic != MQC__POSITIONS_MAGIC)
        return STATE_DAMAGED;
    if (header->version > MQC__POSITIONS_VERSION) {
        (void)mqc__fail(info, MQC_EUNSUPPORTED,
                        "a newer version of mqcluster wrote the file of positions %s (its version "
                        "is %u, this program knows %d): use that one, or move the file away",
                        path, (unsigned)header->version, MQC__POSITIONS_VERSION);
        return STATE_FAILED;
    }
    return header->check == check_of(header) && header->version == MQC__POSITIONS_VERSION &&
                   header->slot_bytes == sizeof(struct mqc__positions_slot) &&
                   header->slot_count == MQC__POSITIONS_MAX
               ? STATE_GOOD
               : STATE_DAMAGED;
}

static enum state judge_contents(const char *path, int fd, struct mqc_error_info *info)
{
    struct mqc__positions_header header;
    const ssize_t count = pread(fd, &header, sizeof header, 0);
    if (count < 0) {
        (void)fail_errno(path, "read", errno, info);
        return STATE_FAILED;
    }
    return (size_t)count < sizeof header ? STATE_DAMAGED : judge_header(path, &header, info);
}

/* A locked file. */
static enum state judge(const char *path, int fd, struct mqc_error_info *info)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        (void)fail_errno(path, "examined", errno, info);
        return STATE_FAILED;
    }
    if (!S_ISREG(status.st_mode)) {
        (void)mqc__fail(info, MQC_EIO, "%s, which should be the file of positions, is no file",
                        path);
        return STATE_FAILED;
    }
    if (!has_name(path, &status))
        return STATE_REPLACED;
    const enum state state = judge_contents(path, fd, info);
    const bool is_whole =
        (uintmax_t)status.st_size == (uintmax_t)mqc__positions_bytes(MQC__POSITIONS_MAX);
    return state == STATE_GOOD && !is_whole ? STATE_DAMAGED : state;
}

/* The empty file, of which nobody knows as long as it has not its name. */
static enum mqc_error fill(const char *path, const char *new_path, int fd,
                           struct mqc__positions_mapping *mapping_out, struct mqc_error_info *info)
{
    if (ftruncate(fd, 0) != 0)
        return fail_errno(path, "begun", errno, info);
    enum mqc_error error = map_fd(path, fd, mapping_out, info);
    if (error != MQC_OK)
        return error;
    mqc__positions_fill_header(mapping_out->memory, MQC__POSITIONS_MAX);
    if (fsync(fd) != 0)
        error = fail_errno(path, "written", errno, info);
    else if (rename(new_path, path) != 0)
        error = fail_errno(path, "given its name", errno, info);
    if (error != MQC_OK)
        (void)munmap(mapping_out->memory, mapping_out->size);
    return error;
}

/* Makes the file under another name, so that nobody ever sees a part of it. The lock on it goes
 * with it. */
static enum state begin(const char *path, struct mqc__positions_mapping *mapping_out,
                        struct mqc_error_info *info)
{
    char new_path[PATH_MAX];
    if ((size_t)snprintf(new_path, sizeof new_path, "%s.new", path) >= sizeof new_path) {
        (void)fail_errno(path, "begun", ENAMETOOLONG, info);
        return STATE_FAILED;
    }
    const int number = mqc__folder_make(path);
    const int fd =
        number == 0 ? open(new_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd < 0) {
        (void)fail_errno(path, "begun", number != 0 ? number : errno, info);
        return STATE_FAILED;
    }
    enum state state = STATE_FAILED;
    if (lock(path, fd, info) == MQC_OK) {
        /* Another process may have been faster. */
        if (access(path, F_OK) == 0)
            state = STATE_REPLACED;
        else if (fill(path, new_path, fd, mapping_out, info) == MQC_OK)
            state = STATE_GOOD;
        if (state != STATE_GOOD)
            (void)unlink(new_path);
    }
    /* Without a lasting name it is usable all the same. */
    if (state == STATE_GOOD)
        (void)mqc__folder_sync(path);
    else
        (void)close(fd);
    return state;
}

/* The result MQC_OK of mqc__positions_open() tells of it too. */
static enum state set_aside(const char *path, struct mqc_error_info *info)
{
    char *aside = mqc__folder_aside_name(path);
    if (aside == NULL || rename(path, aside) != 0) {
        (void)fail_errno(path, "set aside, though it is damaged", aside != NULL ? errno : ENOMEM,
                         info);
        free(aside);
        return STATE_FAILED;
    }
    (void)mqc__fail(info, MQC_EMALFORMED,
                    "the file of positions %s is damaged; it is set aside as %s and begun anew: "
                    "events that were handled may come again",
                    path, aside);
    free(aside);
    return STATE_ABSENT;
}

static enum state use(const char *path, struct mqc__positions_mapping *mapping_out,
                      struct mqc_error_info *info)
{
    /* O_NONBLOCK: a FIFO must not hold up the start. */
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return STATE_ABSENT;
    if (fd < 0) {
        (void)fail_errno(path, "opened", errno, info);
        return STATE_FAILED;
    }
    enum state state = STATE_FAILED;
    if (lock(path, fd, info) == MQC_OK)
        state = judge(path, fd, info);
    if (state == STATE_DAMAGED)
        state = set_aside(path, info);
    if (state == STATE_GOOD && map_fd(path, fd, mapping_out, info) != MQC_OK)
        state = STATE_FAILED;
    if (state != STATE_GOOD)
        (void)close(fd);
    return state;
}

enum mqc_error mqc__positions_map(const char *path, struct mqc__positions_mapping *mapping_out,
                                  struct mqc_error_info *info)
{
    enum state state = STATE_REPLACED;
    for (int i = 0; i < TRIES && state == STATE_REPLACED; i++) {
        state = use(path, mapping_out, info);
        if (state == STATE_ABSENT)
            state = begin(path, mapping_out, info);
    }
    if (state == STATE_GOOD)
        return MQC_OK;
    if (state == STATE_REPLACED)
        (void)fail_in_use(path, info);
    mqc__fail_place(info, "%s", path);
    return info->code;
}

void mqc__positions_unmap(struct mqc__positions_mapping *mapping)
{
    if (mapping->memory != NULL)
        (void)munmap(mapping->memory, mapping->size);
    if (mapping->fd >= 0)
        (void)close(mapping->fd);
    *mapping = (struct mqc__positions_mapping){.fd = -1};
}
