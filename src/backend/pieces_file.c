#include "backend/pieces_file.h"

#include "base/buffer.h"
#include "spool/positions_hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A file is a row of chunks, the first one with the label. */
struct chunk {
    uint64_t size; /* of what follows */
    struct mqc__positions_key sum;
};

/* Followed by the stream's key; of whole words, so that both have the sum of one text. */
struct head {
    char magic[8];
    uint64_t number;
    uint64_t total;
};

static const char magic[8] = "mqcpiec1";

static const uint64_t no_seed[2] = {0, 0};

static bool make_path(const char *folder, struct mqc_view key, char path[PATH_MAX])
{
    const struct mqc__positions_key name = mqc__positions_siphash(no_seed, &key, 1);
    return (size_t)snprintf(path, PATH_MAX, "%s/%016" PRIx64 "%016" PRIx64, folder, name.words[0],
                            name.words[1]) < PATH_MAX;
}

static bool write_chunk(int fd, struct mqc_view first, struct mqc_view second)
{
    const struct mqc_view parts[] = {first, second};
    struct chunk chunk = {.size = first.size + second.size,
                          .sum = mqc__positions_siphash(no_seed, parts, second.size != 0 ? 2 : 1)};
    const struct iovec vectors[] = {{&chunk, sizeof chunk},
                                    {(void *)(uintptr_t)first.data, first.size},
                                    {(void *)(uintptr_t)second.data, second.size}};
    const size_t size = sizeof chunk + (size_t)chunk.size;
    const ssize_t written = writev(fd, vectors, 3);
    if (written >= 0 && (size_t)written != size)
        errno = ENOSPC;
    return written >= 0 && (size_t)written == size;
}

static bool close_after(int fd, bool is_done)
{
    const int reason = errno;
    const bool is_closed = close(fd) == 0;
    if (!is_done)
        errno = reason;
    return is_done && is_closed;
}

bool mqc__pieces_file_begin(const char *folder, const struct mqc__pieces_label *label)
{
    char path[PATH_MAX];
    struct head head = {.number = label->number, .total = label->total};
    memcpy(head.magic, magic, sizeof magic);
    if (!make_path(folder, label->key, path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd >= 0 &&
           close_after(fd, write_chunk(fd, mqc_view_bytes(&head, sizeof head), label->key));
}

bool mqc__pieces_file_append(const char *folder, struct mqc_view key, struct mqc_view bytes,
                             bool syncs)
{
    char path[PATH_MAX];
    if (!make_path(folder, key, path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    return fd >= 0 && close_after(fd, write_chunk(fd, bytes, mqc_view_text("")) &&
                                          (!syncs || fdatasync(fd) == 0));
}

void mqc__pieces_file_remove(const char *folder, struct mqc_view key)
{
    char path[PATH_MAX];
    if (make_path(folder, key, path))
        (void)unlink(path);
}

/* Reads the next chunk into new memory, which the caller frees; false: there is none that is whole.
 * `left` is what the file still has. */
static bool read_chunk(FILE *file, uint64_t *left, char **bytes_out, size_t *size_out)
{
    struct chunk chunk;
    *bytes_out = NULL;
    if (*left < sizeof chunk || fread(&chunk, sizeof chunk, 1, file) != 1 ||
        chunk.size > *left - sizeof chunk)
        return false;
    const size_t size = (size_t)chunk.size;
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        return false;
    const struct mqc_view view = mqc_view_bytes(bytes, size);
    if (fread(bytes, 1, size, file) == size) {
        const struct mqc__positions_key sum = mqc__positions_siphash(no_seed, &view, 1);
        if (memcmp(&sum, &chunk.sum, sizeof sum) == 0) {
            *left -= sizeof chunk + size;
            *bytes_out = bytes;
            *size_out = size;
            return true;
        }
    }
    free(bytes);
    return false;
}

/* A file that is looked at. */
struct reading {
    FILE *file;
    uint64_t left; /* bytes not read */
    char *head;    /* NULL: it has none */
    struct mqc__pieces_label label;
    struct mqc__buffer bytes;
};

static void read_label(struct reading *reading)
{
    size_t size = 0;
    struct head head;
    if (!read_chunk(reading->file, &reading->left, &reading->head, &size))
        return;
    if (size >= sizeof head)
        memcpy(&head, reading->head, sizeof head);
    if (size < sizeof head || memcmp(head.magic, magic, sizeof magic) != 0) {
        free(reading->head);
        reading->head = NULL;
        return;
    }
    reading->label = (struct mqc__pieces_label){
        .key = mqc_view_bytes(reading->head + sizeof head, size - sizeof head),
        .number = head.number,
        .total = head.total,
    };
}

static void read_bytes(struct reading *reading)
{
    char *bytes = NULL;
    size_t size = 0;
    while (read_chunk(reading->file, &reading->left, &bytes, &size)) {
        (void)mqc__buffer_append(&reading->bytes, bytes, size);
        free(bytes);
    }
}

/* What is torn at the end is cut off, so that more can be added. */
static bool read_file(const char *path, struct reading *reading)
{
    struct stat status;
    *reading = (struct reading){.file = fopen(path, "re")};
    mqc__buffer_init(&reading->bytes, SIZE_MAX / 2);
    if (reading->file == NULL)
        return false;
    if (fstat(fileno(reading->file), &status) == 0 && S_ISREG(status.st_mode)) {
        reading->left = (uint64_t)status.st_size;
        read_label(reading);
    }
    if (reading->head != NULL)
        read_bytes(reading);
    (void)fclose(reading->file);
    return reading->head != NULL && !mqc__buffer_failed(&reading->bytes) &&
           (reading->left == 0 || truncate(path, status.st_size - (off_t)reading->left) == 0);
}

bool mqc__pieces_file_load(const char *folder,
                           bool (*found)(void *context, const struct mqc__pieces_label *label,
                                         struct mqc_view bytes),
                           void *context)
{
    char path[PATH_MAX];
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return false;
    DIR *names = opendir(folder);
    if (names == NULL)
        return false;
    for (const struct dirent *entry; (entry = readdir(names)) != NULL;) {
        if (entry->d_name[0] == '.' ||
            (size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path)
            continue;
        struct reading reading;
        if (!read_file(path, &reading) ||
            !found(context, &reading.label, mqc__buffer_view(&reading.bytes)))
            (void)unlink(path);
        free(reading.head);
        mqc__buffer_fini(&reading.bytes);
    }
    (void)closedir(names);
    return true;
}
