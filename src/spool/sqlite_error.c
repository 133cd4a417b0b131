#include "base/fail.h"
#include "spool/sqlite_priv.h"

#include <errno.h>
#include <stdio.h>

#define PATH_SHOWN_MAX 200

/* What a person can do about it; NULL: nothing comes to mind. */
static const char *advice(int number)
{
    switch (number) {
    case ENOSPC: return "free some room on its file system, or let the spool be smaller";
    case EDQUOT: return "raise the user's quota, or let the spool be smaller";
    case EFBIG: return "raise the limit on the size of files, or let the spool be smaller";
    case EROFS: return "mount the file system for writing, or choose another path";
    case EACCES:
    case EPERM: return "give the user of the node the right to read and write there";
    case ENAMETOOLONG: return "choose a shorter path";
    case ENOTDIR:
    case EISDIR: return "choose another path";
    default: return NULL;
    }
}

enum mqc_error mqc__sqlite_fail_errno(const char *path, int number, const char *what,
                                      struct mqc_error_info *info)
{
    char reason[128];
    const char *text = strerror_r(number, reason, sizeof reason);
    const char *hint = advice(number);
    const enum mqc_error code = number == ENOMEM ? MQC_ENOMEM : MQC_EIO;
    /* A path that is too long must not leave the rest untold. */
    (void)mqc__fail(info, code, "the spool %.*s%s cannot be %s: %s%s%s", PATH_SHOWN_MAX, path,
                    strlen(path) > PATH_SHOWN_MAX ? "..." : "", what, text,
                    hint != NULL ? "; " : "", hint != NULL ? hint : "");
    mqc__fail_place(info, "%s", path);
    return code;
}

/* What SQLite saw last when it used a file; 0: nothing, or there is no such file. */
static int last_errno(const struct mqc__store *store, int which)
{
    sqlite3_file *file = NULL;
    int number = 0;
    if (sqlite3_file_control(store->db, "main", which, (void *)&file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL)
        return 0;
    const int result = file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return result == SQLITE_OK ? number : 0;
}

/* The connection's own note is missing for what fails at the end of a transaction. */
static int input_errno(const struct mqc__store *store)
{
    int number = last_errno(store, SQLITE_FCNTL_JOURNAL_POINTER);
    if (number == 0)
        number = last_errno(store, SQLITE_FCNTL_FILE_POINTER);
    return number != 0 ? number : sqlite3_system_errno(store->db);
}

/* The errno that stands behind a result code; 0: none. */
static int system_error(const struct mqc__store *store, int result)
{
    switch (result & 0xff) {
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_CANTOPEN: return sqlite3_system_errno(store->db);
    case SQLITE_IOERR: return input_errno(store);
    default: return 0;
    }
}

static enum mqc_error fail_words(const struct mqc__store *store, enum mqc_error code,
                                 const char *what, const char *why, struct mqc_error_info *info)
{
    (void)mqc__fail(info, code, "the spool %s cannot be %s: %s", store->path, what, why);
    mqc__fail_place(info, "%s", store->path);
    return code;
}

enum mqc_error mqc__sqlite_fail(const struct mqc__store *store, int result, const char *what,
                                struct mqc_error_info *info)
{
    switch (result & 0xff) {
    case SQLITE_NOMEM: return fail_words(store, MQC_ENOMEM, what, "out of memory", info);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail_words(store, MQC_EIO, what,
                          store->mode == MQC__SQLITE_READ
                              ? "another process uses it: while its node runs, /metrics tells of it"
                              : "another process uses it; give each node a spool of its own",
                          info);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail_words(store, MQC_EMALFORMED, what, sqlite3_errstr(result), info);
    default: break;
    }
    const int number = result == SQLITE_IOERR_NOMEM ? ENOMEM : system_error(store, result);
    if (number != 0)
        return mqc__sqlite_fail_errno(store->path, number, what, info);
    return fail_words(store, MQC_EIO, what, sqlite3_errmsg(store->db), info);
}
