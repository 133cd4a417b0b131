#include "link/tls_stamp.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* FNV-1a with 64 bits: nobody gains from two sets of files with the same stamp. */
#define STAMP_START UINT64_C(14695981039346656037)
#define STAMP_FACTOR UINT64_C(1099511628211)

static uint64_t add_number(uint64_t stamp, uint64_t number)
{
    for (unsigned shift = 0; shift < 64; shift += 8)
        stamp = (stamp ^ (number >> shift & 0xFF)) * STAMP_FACTOR;
    return stamp;
}

/* A file that is not there has a stamp too. */
static uint64_t stamp_at(int folder, const char *name)
{
    struct stat found = {.st_size = 0};
    uint64_t stamp = STAMP_START;
    if (fstatat(folder, name, &found, 0) != 0)
        return stamp;
    const uint64_t numbers[] = {
        (uint64_t)found.st_dev,         (uint64_t)found.st_ino,
        (uint64_t)found.st_size,        (uint64_t)found.st_mode,
        (uint64_t)found.st_mtim.tv_sec, (uint64_t)found.st_mtim.tv_nsec,
        (uint64_t)found.st_ctim.tv_sec, (uint64_t)found.st_ctim.tv_nsec,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        stamp = add_number(stamp, numbers[i]);
    return stamp;
}

/* The entries of a folder come in no order: their stamps are added up. */
static uint64_t stamp_folder(const char *path)
{
    uint64_t sum = stamp_at(AT_FDCWD, path);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return sum;
    const struct dirent *entry = NULL;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            sum += stamp_at(dirfd(folder), entry->d_name);
    }
    (void)closedir(folder);
    return sum;
}

uint64_t mqc__tls_stamp(const struct mqc__tls_options *options)
{
    const char *const files[] = {options->ca_file,  options->certificate_file,
                                 options->key_file, options->key_password_file,
                                 options->crl_file, options->psk_file};
    uint64_t stamp = STAMP_START;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] != NULL)
            stamp = add_number(stamp, stamp_at(AT_FDCWD, files[i]));
    }
    if (options->ca_path != NULL)
        stamp = add_number(stamp, stamp_folder(options->ca_path));
    return stamp;
}
