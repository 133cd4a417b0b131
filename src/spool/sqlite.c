#include "base/clock.h"
#include "base/fail.h"
#include "spool/sqlite_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A number that none given before can reach, when it is not known what was given: events come far
 * less often than every microsecond. */
static uint64_t number_of_now(void)
{
    const int64_t now_us = mqc__clock_wall_ns() / 1000;
    return now_us > 0 ? (uint64_t)now_us : 0;
}

static enum mqc_error raise_numbers(struct mqc__store *store, struct mqc_error_info *info)
{
    const int result = mqc__sqlite_note(store, 0, number_of_now());
    return result == SQLITE_OK ? MQC_OK : mqc__sqlite_fail(store, result, "written", info);
}

static enum mqc_error open_and_scan(const struct mqc__spool_options *options,
                                    struct mqc__store **store_out,
                                    struct mqc__store_state *state_out, struct mqc_error_info *info)
{
    enum mqc__file_kind kind = MQC__FILE_NEW;
    enum mqc_error error = mqc__sqlite_prepare(options->path, &kind, info);
    if (error == MQC_OK)
        error =
            mqc__sqlite_connect(options->path, MQC__SQLITE_WRITE, options->fsync, store_out, info);
    if (error != MQC_OK)
        return error;
    /* An empty file may have been a full one. */
    if (kind == MQC__FILE_EMPTY)
        error = raise_numbers(*store_out, info);
    if (error == MQC_OK)
        error = mqc__sqlite_scan(*store_out, options->instance, state_out, info);
    if (error != MQC_OK)
        mqc__sqlite_disconnect(store_out);
    return error;
}

/* Begins a new file with what can be read in the old one, which is aside. */
static enum mqc_error begin_anew(const struct mqc__spool_options *options, const char *aside,
                                 struct mqc__store **store_out, struct mqc__store_state *state_out,
                                 struct mqc_error_info *info)
{
    uint64_t event_count = 0;
    enum mqc_error error = open_and_scan(options, store_out, state_out, info);
    if (error != MQC_OK)
        return error;
    error = mqc__sqlite_salvage(*store_out, aside, &event_count, info);
    if (error == MQC_OK)
        error = raise_numbers(*store_out, info);
    if (error == MQC_OK)
        error = mqc__sqlite_scan(*store_out, options->instance, state_out, info);
    if (error != MQC_OK)
        mqc__sqlite_disconnect(store_out);
    else
        (void)snprintf(
            state_out->damage, sizeof state_out->damage,
            "the spool %s was damaged: it was set aside as %s, and %" PRIu64
            " events that were readable in it are carried over; what was not readable is "
            "lost",
            options->path, aside, event_count);
    return error;
}

static enum mqc_error replace(const struct mqc__spool_options *options,
                              struct mqc__store **store_out, struct mqc__store_state *state_out,
                              struct mqc_error_info *info)
{
    char *aside = NULL;
    enum mqc_error error = mqc__sqlite_set_aside(options->path, &aside, info);
    if (error != MQC_OK)
        return error;
    error = begin_anew(options, aside, store_out, state_out, info);
    if (error != MQC_OK)
        mqc__sqlite_put_back(options->path, aside);
    free(aside);
    return error;
}

static enum mqc_error open_store(void *context, const struct mqc__spool_options *options,
                                 bool set_aside, struct mqc__store **store_out,
                                 struct mqc__store_state *state_out, struct mqc_error_info *info)
{
    (void)context;
    *store_out = NULL;
    struct mqc_error_info first = {.code = MQC_OK};
    enum mqc_error error = MQC_EMALFORMED;
    if (!set_aside)
        error = open_and_scan(options, store_out, state_out, &first);
    if (error == MQC_EMALFORMED)
        return replace(options, store_out, state_out, info);
    if (error != MQC_OK && info != NULL)
        *info = first;
    return error;
}

static enum mqc_error sync_log(struct mqc__store *store, struct mqc_error_info *info)
{
    sqlite3_file *log = NULL;
    int result =
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
    if (result == SQLITE_OK && log != NULL && log->pMethods != NULL)
        result = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return result == SQLITE_OK ? MQC_OK : mqc__sqlite_fail(store, result, "synced", info);
}

static void close_store(struct mqc__store *store)
{
    mqc__sqlite_disconnect(&store);
}

const struct mqc__spool_store_ops mqc__sqlite_store_ops = {
    .open = open_store,
    .commit = mqc__sqlite_commit,
    .read = mqc__sqlite_read,
    .sync = sync_log,
    .close = close_store,
};
