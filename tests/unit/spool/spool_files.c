#include "unit/spool/spool_files.h"

#include "support/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void spool_files_init(struct spool_files *files)
{
    (void)snprintf(files->folder, sizeof files->folder, "/tmp/mqc-spool-XXXXXX");
    REQUIRE(mkdtemp(files->folder) != NULL);
    (void)snprintf(files->path, sizeof files->path, "%s/spool", files->folder);
}

static void remove_entry(const char *folder, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (unlink(path) != 0)
        (void)rmdir(path);
}

void spool_files_fini(struct spool_files *files)
{
    DIR *folder = opendir(files->folder);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.')
            remove_entry(files->folder, entry->d_name);
    }
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(files->folder);
}

struct mqc__spool_options spool_files_options(const struct spool_files *files)
{
    return (struct mqc__spool_options){
        .path = files->path,
        .instance = "first",
        .bytes_max = 64 << 20,
        .fsync = MQC__SPOOL_FSYNC_NEVER,
    };
}

off_t spool_files_size(const struct spool_files *files, const char *ending)
{
    char path[128];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s%s", files->path, ending);
    return stat(path, &status) == 0 ? status.st_size : -1;
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t size = strlen(text);
    const size_t ending_size = strlen(ending);
    return size >= ending_size && strcmp(text + size - ending_size, ending) == 0;
}

bool spool_files_aside(const struct spool_files *files, char *name_out, size_t size)
{
    bool is_found = false;
    DIR *folder = opendir(files->folder);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, "spool.damaged-", 14) != 0 || ends_with(entry->d_name, "-wal"))
            continue;
        (void)snprintf(name_out, size, "%s/%s", files->folder, entry->d_name);
        is_found = true;
    }
    if (folder != NULL)
        (void)closedir(folder);
    return is_found;
}

static enum mqc_error put(struct mqc__spool *spool, uint64_t number,
                          struct mqc__spool_ticket *ticket_out)
{
    char topic[32];
    char event[32];
    (void)snprintf(topic, sizeof topic, "t/%ju", (uintmax_t)number);
    (void)snprintf(event, sizeof event, "event %ju", (uintmax_t)number);
    const struct mqc__spool_offer offer = {
        .topic = mqc_view_text(topic), .event = mqc_view_text(event), .service = (uint32_t)number};
    return mqc__spool_put(spool, &offer, ticket_out);
}

enum mqc_error put_numbered(struct mqc__spool *spool, uint64_t number)
{
    return put(spool, number, NULL);
}

enum mqc_error commit_numbered(struct mqc__spool *spool, uint64_t number)
{
    struct mqc__spool_ticket ticket;
    const enum mqc_error error = put(spool, number, &ticket);
    return error == MQC_OK ? mqc__spool_wait(spool, &ticket, NULL) : error;
}

enum mqc_error put_bytes(struct mqc__spool *spool, size_t bytes)
{
    static const char event[1 << 18];
    REQUIRE(bytes <= sizeof event);
    const struct mqc__spool_offer offer = {.topic = mqc_view_text("t"),
                                           .event = mqc_view_bytes(event, bytes)};
    return mqc__spool_put(spool, &offer, NULL);
}
