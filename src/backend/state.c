#include "backend/backend_priv.h"

#include "base/fail.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a node that receives keeps over its end: in files, or in memory for as long as it runs. */

static bool make_path(const struct mqc_backend *backend, const char *name, char path[PATH_MAX])
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", backend->state_directory, name) < PATH_MAX;
}

static enum mqc_error open_positions(struct mqc_backend *backend, struct mqc_error_info *info)
{
    char path[PATH_MAX];
    if (backend->state_directory == NULL) {
        backend->positions = mqc__positions_new(MQC__POSITIONS_MAX);
        return backend->positions != NULL ? MQC_OK : mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    if (!make_path(backend, "positions", path))
        return mqc__fail(info, MQC_EINVAL, "the name of the state directory is too long");
    struct mqc_error_info found;
    const enum mqc_error error = mqc__positions_open(path, &backend->positions, &found);
    if (error != MQC_OK)
        return mqc__fail(info, error, "%s", found.text);
    if (found.code != MQC_OK)
        mqc__backend_raise(backend, "positions_damaged", found.text);
    return MQC_OK;
}

static enum mqc_error open_subscribed(struct mqc_backend *backend, struct mqc_error_info *info)
{
    char path[PATH_MAX];
    const bool is_on_disk = backend->state_directory != NULL;
    if (is_on_disk && !make_path(backend, "subscriptions", path))
        return mqc__fail(info, MQC_EINVAL, "the name of the state directory is too long");
    struct mqc__subscribed *subscribed = NULL;
    struct mqc_error_info found;
    const enum mqc_error error =
        mqc__subscribed_new(is_on_disk ? path : NULL, mqc__subscribed_clock(), &subscribed, &found);
    if (error != MQC_OK)
        return mqc__fail(info, error, "%s", found.text);
    if (found.code != MQC_OK)
        mqc__backend_raise(backend, "subscriptions_damaged", found.text);
    pthread_mutex_lock(&backend->subscriptions_mutex);
    backend->subscribed = subscribed;
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    return MQC_OK;
}

/* What an earlier process has got of large events goes on here. */
static enum mqc_error open_pieces(struct mqc_backend *backend, struct mqc_error_info *info)
{
    char path[PATH_MAX];
    if (backend->state_directory == NULL || backend->pieces.folder != NULL)
        return MQC_OK;
    if (!make_path(backend, "pieces", path))
        return mqc__fail(info, MQC_EINVAL, "the name of the state directory is too long");
    const bool syncs = backend->session_options.durability.fsync == MQC__SPOOL_FSYNC_ALWAYS;
    if (!mqc__pieces_open(&backend->pieces, path, syncs))
        return mqc__fail(info, MQC_EIO, "the folder %s cannot be used: %s", path, strerror(errno));
    return MQC_OK;
}

enum mqc_error mqc__backend_open_state(struct mqc_backend *backend, struct mqc_error_info *info)
{
    enum mqc_error error = MQC_OK;
    if (backend->positions == NULL)
        error = open_positions(backend, info);
    if (error == MQC_OK && backend->subscribed == NULL)
        error = open_subscribed(backend, info);
    if (error == MQC_OK)
        error = open_pieces(backend, info);
    if (error == MQC_OK && backend->streams == NULL) {
        backend->streams = mqc__streams_new(backend->positions, backend->subscribed);
        if (backend->streams == NULL)
            error = mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    return error;
}

void mqc__backend_close_state(struct mqc_backend *backend)
{
    mqc__streams_free(&backend->streams);
    mqc__subscribed_free(&backend->subscribed);
    mqc__positions_free(&backend->positions);
}

enum mqc_error mqc__backend_make_session(struct mqc_backend *backend,
                                         struct mqc__session **session_out,
                                         struct mqc_error_info *info)
{
    const struct mqc__session_events events = mqc__backend_session_events(backend);
    struct mqc__session_options options = backend->session_options;
    const char **filters = NULL;
    if (backend->state_directory != NULL) {
        options.holds_acks = true;
        options.resumes = true;
        filters = mqc__subscribed_filters(backend->subscribed, &options.stale_filter_count);
        if (filters == NULL && options.stale_filter_count != 0)
            return mqc__fail(info, MQC_ENOMEM, "out of memory");
        options.stale_filters = filters;
    }
    const enum mqc_error error = mqc__session_new(&options, &events, NULL, session_out, info);
    free(filters);
    return error;
}

void mqc__backend_filters_changed(struct mqc_backend *backend, const char *const *filters,
                                  size_t count)
{
    struct mqc_error_info info;
    if (mqc__subscribed_set(backend->subscribed, filters, count, mqc__subscribed_clock(), &info) !=
        MQC_OK)
        mqc__backend_raise(backend, "subscriptions_failed", info.text);
}

/* With the subscriptions' mutex held; before init there is nothing to break. */
void mqc__backend_unsubscribed(struct mqc_backend *backend, struct mqc_view text,
                               enum mqc_match match)
{
    if (backend->subscribed != NULL)
        mqc__subscribed_break(backend->subscribed, text, match);
}
