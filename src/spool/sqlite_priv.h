#ifndef MQC_SPOOL_SQLITE_PRIV_H
#define MQC_SPOOL_SQLITE_PRIV_H

#include "spool/store.h"

#include <sqlite3.h>

/*
 * The store on SQLite: one row for each group, one row of state. The file is in WAL mode and locked
 * as long as it is open, so there is no -shm beside it and no second process.
 */

#define SQLITE_SCHEMA_VERSION 1

/* "mqcs": what file(1) and we know a spool by. */
#define SQLITE_APPLICATION_ID 0x6d716373

enum mqc__sqlite_mode {
    MQC__SQLITE_WRITE,
    MQC__SQLITE_READ,    /* changes nothing */
    MQC__SQLITE_SALVAGE, /* likewise, and takes the file for what it says it is */
};

struct mqc__store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    sqlite3_stmt *insert;
    sqlite3_stmt *measure; /* key, count and bytes of the groups from ?1 on, below ?2 */
    sqlite3_stmt *erase;   /* the same */
    sqlite3_stmt *note;    /* released, last */
    sqlite3_stmt *read;    /* the groups from the one that holds ?1 on */
    uint64_t last_number;
    enum mqc__sqlite_mode mode;
};

/* --- sqlite_error.c --------------------------------------------------------------------------- */

/* Translates a result code of SQLite's and says in words what could not be done to the file. */
enum mqc_error mqc__sqlite_fail(const struct mqc__store *store, int result, const char *what,
                                struct mqc_error_info *info);

/* The same for an errno of a system call. */
enum mqc_error mqc__sqlite_fail_errno(const char *path, int number, const char *what,
                                      struct mqc_error_info *info);

/* --- sqlite_file.c ---------------------------------------------------------------------------- */

enum mqc__file_kind {
    MQC__FILE_NEW,   /* there was none */
    MQC__FILE_EMPTY, /* there was one without contents */
    MQC__FILE_FULL,
};

/* Sees to it that there is a file that may be written, for its owner alone if it is made. */
enum mqc_error mqc__sqlite_prepare(const char *path, enum mqc__file_kind *kind_out,
                                   struct mqc_error_info *info);

/* Renames the file and what SQLite keeps beside it; the caller frees *aside_out. */
enum mqc_error mqc__sqlite_set_aside(const char *path, char **aside_out,
                                     struct mqc_error_info *info);

/* Takes that back; what is there now is removed. */
void mqc__sqlite_put_back(const char *path, const char *aside);

/* --- sqlite_open.c ---------------------------------------------------------------------------- */

/* Opens the file. MQC_EMALFORMED: damaged. MQC_EUNSUPPORTED: newer. MQC_EIO. MQC_ENOMEM. On failure
 * the file is as it was. */
enum mqc_error mqc__sqlite_connect(const char *path, enum mqc__sqlite_mode mode,
                                   enum mqc__spool_fsync fsync, struct mqc__store **store_out,
                                   struct mqc_error_info *info);

/* Closes it; accepts NULL and clears the pointer. */
void mqc__sqlite_disconnect(struct mqc__store **store);

/* Prepares one statement for many uses. */
enum mqc_error mqc__sqlite_statement(struct mqc__store *store, const char *text,
                                     sqlite3_stmt **statement_out, struct mqc_error_info *info);

/* Runs statements that return nothing. */
enum mqc_error mqc__sqlite_run(struct mqc__store *store, const char *text,
                               struct mqc_error_info *info);

/* Runs one that returns one number. */
enum mqc_error mqc__sqlite_ask(struct mqc__store *store, const char *text, int64_t *number_out,
                               struct mqc_error_info *info);

/* --- sqlite_change.c -------------------------------------------------------------------------- */

enum mqc_error mqc__sqlite_commit(struct mqc__store *store, const struct mqc__store_change *change,
                                  struct mqc__store_effect *effect_out,
                                  struct mqc_error_info *info);

/* Inserts one group, within a transaction or as one. */
int mqc__sqlite_insert(struct mqc__store *store, const struct mqc__store_group *group);

/* Deletes the groups that begin from one number on and below another, likewise. */
int mqc__sqlite_erase(struct mqc__store *store, uint64_t from, uint64_t below);

/* Writes the state, likewise. */
int mqc__sqlite_note(struct mqc__store *store, uint64_t released, uint64_t last_number);

/* --- sqlite_sift.c ---------------------------------------------------------------------------- */

/* Deletes, within a transaction, what nobody needs, and fills the effect's part. */
int mqc__sqlite_sift(struct mqc__store *store, const struct mqc__store_sift *what,
                     struct mqc__store_effect *effect);

/* --- sqlite_read.c ---------------------------------------------------------------------------- */

enum mqc_error mqc__sqlite_read(struct mqc__store *store, uint64_t number,
                                mqc__store_visit_fn visit, void *context,
                                struct mqc_error_info *info);

/* Reads the columns first, count, instance, sum, records of the row that a statement stands on;
 * false: it is not what was written. */
bool mqc__sqlite_row(sqlite3_stmt *statement, struct mqc__store_group *group_out);

/* Reads the state row. */
enum mqc_error mqc__sqlite_state(struct mqc__store *store, uint64_t *released_out,
                                 uint64_t *last_number_out, struct mqc_error_info *info);

/* Reads everything there is and fills the state, but for its damage. */
enum mqc_error mqc__sqlite_scan(struct mqc__store *store, const char *own_instance,
                                struct mqc__store_state *state_out, struct mqc_error_info *info);

/* --- sqlite_salvage.c ------------------------------------------------------------------------- */

/* Carries over what is readable in the file aside. MQC_EIO, MQC_ENOMEM: what is readable could not
 * be written. */
enum mqc_error mqc__sqlite_salvage(struct mqc__store *store, const char *aside,
                                   uint64_t *event_count_out, struct mqc_error_info *info);

#endif
