#include "base/fail.h"
#include "spool/sqlite_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* Pages that the log may have before they are moved to the database, and the log begun anew. Each
 * time costs three syncs; moving holds up the commits. */
#define LOG_PAGES 2000
#define LOG_BYTES_KEPT (16 << 20)

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE groups (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, instance BLOB NOT "
    "NULL,"
    " sum INTEGER NOT NULL, records BLOB NOT NULL);"
    "CREATE TABLE state (id INTEGER PRIMARY KEY, released INTEGER NOT NULL, last INTEGER NOT NULL);"
    "INSERT INTO state VALUES (1, 0, 0);";

enum mqc_error mqc__sqlite_run(struct mqc__store *store, const char *text,
                               struct mqc_error_info *info)
{
    const int result = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return result == SQLITE_OK ? MQC_OK : mqc__sqlite_fail(store, result, "opened", info);
}

enum mqc_error mqc__sqlite_statement(struct mqc__store *store, const char *text,
                                     sqlite3_stmt **statement_out, struct mqc_error_info *info)
{
    const int result =
        sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL);
    if (result == SQLITE_OK)
        return MQC_OK;
    /* A table or column that is missing. */
    if (result == SQLITE_ERROR)
        return mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
    return mqc__sqlite_fail(store, result, "opened", info);
}

enum mqc_error mqc__sqlite_ask(struct mqc__store *store, const char *text, int64_t *number_out,
                               struct mqc_error_info *info)
{
    sqlite3_stmt *statement = NULL;
    enum mqc_error error = mqc__sqlite_statement(store, text, &statement, info);
    if (error != MQC_OK)
        return error;
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *number_out = sqlite3_column_int64(statement, 0);
    else
        error = mqc__sqlite_fail(store, result == SQLITE_DONE ? SQLITE_CORRUPT : result, "opened",
                                 info);
    (void)sqlite3_finalize(statement);
    return error;
}

/* --- What kind of file it is. ----------------------------------------------------------------- */

static enum mqc_error create_schema(struct mqc__store *store, struct mqc_error_info *info)
{
    char stamp[128];
    (void)snprintf(stamp, sizeof stamp,
                   "PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT",
                   SQLITE_SCHEMA_VERSION, SQLITE_APPLICATION_ID);
    enum mqc_error error = mqc__sqlite_run(store, schema, info);
    if (error == MQC_OK)
        error = mqc__sqlite_run(store, stamp, info);
    return error;
}

static enum mqc_error refuse_other(const struct mqc__store *store, int64_t own_tables,
                                   struct mqc_error_info *info)
{
    if (own_tables != 0)
        return mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
    (void)mqc__fail(info, MQC_EIO,
                    "the spool %s is a database of another program; choose another path",
                    store->path);
    mqc__fail_place(info, "%s", store->path);
    return MQC_EIO;
}

static enum mqc_error refuse_newer(const struct mqc__store *store, int64_t version,
                                   struct mqc_error_info *info)
{
    (void)mqc__fail(
        info, MQC_EUNSUPPORTED,
        "the spool %s was written by a newer version of this software (schema %jd, this "
        "one knows %d) and is left as it is; run that version, or choose another path",
        store->path, (intmax_t)version, SQLITE_SCHEMA_VERSION);
    mqc__fail_place(info, "%s", store->path);
    return MQC_EUNSUPPORTED;
}

/* Looks whether it is a spool that this version can read; *is_empty_out: it is nothing yet. */
static enum mqc_error identify(struct mqc__store *store, bool *is_empty_out,
                               struct mqc_error_info *info)
{
    int64_t tables = 0;
    int64_t own_tables = 0;
    int64_t id = 0;
    int64_t version = 0;
    enum mqc_error error =
        mqc__sqlite_ask(store, "SELECT count(*) FROM sqlite_schema", &tables, info);
    if (error == MQC_OK)
        error = mqc__sqlite_ask(
            store, "SELECT count(*) FROM sqlite_schema WHERE name IN ('groups', 'state')",
            &own_tables, info);
    if (error == MQC_OK)
        error = mqc__sqlite_ask(store, "PRAGMA application_id", &id, info);
    if (error == MQC_OK)
        error = mqc__sqlite_ask(store, "PRAGMA user_version", &version, info);
    if (error != MQC_OK)
        return error;
    /* The file may be written to, as was seen before; it says that it is for later versions. */
    if (sqlite3_db_readonly(store->db, "main") != 0)
        return mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
    *is_empty_out = tables == 0 && id == 0 && version == 0;
    if (*is_empty_out)
        return MQC_OK;
    if (id != SQLITE_APPLICATION_ID)
        return refuse_other(store, own_tables, info);
    if (version > SQLITE_SCHEMA_VERSION)
        return refuse_newer(store, version, info);
    return version == SQLITE_SCHEMA_VERSION ? MQC_OK
                                            : mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
}

/* --- Opening it. ------------------------------------------------------------------------------ */

static enum mqc_error prepare_all(struct mqc__store *store, struct mqc_error_info *info)
{
    const struct {
        const char *text;
        sqlite3_stmt **statement;
    } all[] = {
        {"BEGIN IMMEDIATE", &store->begin},
        {"COMMIT", &store->commit},
        {"ROLLBACK", &store->rollback},
        {"INSERT INTO groups VALUES (?1, ?2, ?3, ?4, ?5)", &store->insert},
        {"SELECT first, count, length(records) FROM groups WHERE first >= ?1 AND first < ?2"
         " ORDER BY first",
         &store->measure},
        {"DELETE FROM groups WHERE first >= ?1 AND first < ?2", &store->erase},
        {"UPDATE state SET released = max(released, ?1), last = max(last, ?2) WHERE id = 1",
         &store->note},
        {"SELECT first, count, instance, sum, records FROM groups WHERE first >="
         " coalesce((SELECT max(first) FROM groups WHERE first <= ?1), 0) ORDER BY first",
         &store->read},
    };
    enum mqc_error error = MQC_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && error == MQC_OK; i++)
        error = mqc__sqlite_statement(store, all[i].text, all[i].statement, info);
    return error;
}

static enum mqc_error set_up(struct mqc__store *store, enum mqc__spool_fsync fsync,
                             struct mqc_error_info *info)
{
    /* NORMAL: the database is sound after a power cut, and holds what was synced. */
    static const char *const levels[] = {
        [MQC__SPOOL_FSYNC_ALWAYS] = "FULL",
        [MQC__SPOOL_FSYNC_INTERVAL] = "NORMAL",
        [MQC__SPOOL_FSYNC_NEVER] = "OFF",
    };
    char text[256];
    (void)snprintf(text, sizeof text,
                   "PRAGMA synchronous = %s; PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                   "PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d;"
                   "PRAGMA temp_store = MEMORY",
                   levels[fsync], LOG_PAGES, LOG_BYTES_KEPT);
    return mqc__sqlite_run(store, text, info);
}

static enum mqc_error open_for_writing(struct mqc__store *store, enum mqc__spool_fsync fsync,
                                       struct mqc_error_info *info)
{
    bool is_empty = false;
    enum mqc_error error = identify(store, &is_empty, info);
    if (error == MQC_OK)
        error = set_up(store, fsync, info);
    if (error == MQC_OK && is_empty)
        error = create_schema(store, info);
    if (error == MQC_OK)
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return error;
}

static enum mqc_error open_for_reading(struct mqc__store *store, struct mqc_error_info *info)
{
    bool is_empty = false;
    enum mqc_error error = identify(store, &is_empty, info);
    if (error == MQC_OK && is_empty)
        error = mqc__sqlite_fail(store, SQLITE_CORRUPT, "read", info);
    return error;
}

static enum mqc_error open_file(struct mqc__store *store, enum mqc__sqlite_mode mode,
                                enum mqc__spool_fsync fsync, struct mqc_error_info *info)
{
    /* Also what only reads opens it for writing: the lock that keeps others out needs that. */
    const int result =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (store->db == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (result != SQLITE_OK)
        return mqc__sqlite_fail(store, result, "opened", info);
    /* Until it is known to be ours, it stays as it is. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_extended_result_codes(store->db, 1);
    enum mqc_error error = mqc__sqlite_run(store, "PRAGMA locking_mode = EXCLUSIVE", info);
    if (error != MQC_OK)
        return error;
    if (mode == MQC__SQLITE_WRITE)
        return open_for_writing(store, fsync, info);
    error = mqc__sqlite_run(store, "PRAGMA query_only = ON", info);
    if (error != MQC_OK)
        return error;
    /* A file that is shorter than it says it is would not be opened at all. */
    return mode == MQC__SQLITE_SALVAGE ? mqc__sqlite_run(store, "PRAGMA writable_schema = ON", info)
                                       : open_for_reading(store, info);
}

enum mqc_error mqc__sqlite_connect(const char *path, enum mqc__sqlite_mode mode,
                                   enum mqc__spool_fsync fsync, struct mqc__store **store_out,
                                   struct mqc_error_info *info)
{
    struct mqc__store *store = calloc(1, sizeof *store);
    if (store != NULL)
        store->path = strdup(path);
    if (store == NULL || store->path == NULL) {
        free(store);
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    store->mode = mode;
    enum mqc_error error = open_file(store, mode, fsync, info);
    if (error == MQC_OK && mode != MQC__SQLITE_SALVAGE)
        error = prepare_all(store, info);
    if (error != MQC_OK) {
        if (store->db != NULL)
            (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        mqc__sqlite_disconnect(&store);
    }
    *store_out = store;
    return error;
}

void mqc__sqlite_disconnect(struct mqc__store **store)
{
    struct mqc__store *dead = *store;
    *store = NULL;
    if (dead == NULL)
        return;
    sqlite3_stmt *const statements[] = {dead->begin,   dead->commit, dead->rollback, dead->insert,
                                        dead->measure, dead->erase,  dead->note,     dead->read};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        (void)sqlite3_finalize(statements[i]);
    (void)sqlite3_close(dead->db);
    free(dead->path);
    free(dead);
}
