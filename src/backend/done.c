#include "backend/backend_priv.h"

#include "base/clock.h"

/* When a message is done with: its acknowledgement, and the disk. With fsync always the disk comes
 * first, for as many messages at once as wait. */

void mqc__backend_sync_positions(struct mqc_backend *backend)
{
    struct mqc_error_info info;
    backend->sync_at_ms = MQC__STREAM_IN_NEVER;
    if (mqc__positions_sync(backend->positions, &info) != MQC_OK)
        mqc__backend_trouble(backend, MQC__TROUBLE_POSITIONS, "%s", info.text);
}

void mqc__backend_acknowledge_all(struct mqc_backend *backend)
{
    if (backend->ack_count == 0)
        return;
    mqc__backend_sync_positions(backend);
    for (size_t i = 0; i < backend->ack_count; i++)
        mqc__session_handled(backend->own_session, backend->acks[i]);
    backend->ack_count = 0;
}

static void acknowledge(struct mqc_backend *backend, uint64_t ack)
{
    const bool syncs_first = backend->state_directory != NULL &&
                             backend->session_options.durability.fsync == MQC__SPOOL_FSYNC_ALWAYS;
    if (!syncs_first) {
        mqc__session_handled(backend->own_session, ack);
        return;
    }
    backend->acks[backend->ack_count++] = ack;
    if (backend->ack_count == MQC__BACKEND_ACKS_MAX)
        mqc__backend_acknowledge_all(backend);
}

void mqc__backend_done(struct mqc_backend *backend, uint64_t ack)
{
    const struct mqc__durability *durability = &backend->session_options.durability;
    if (backend->sync_at_ms == MQC__STREAM_IN_NEVER && backend->state_directory != NULL &&
        durability->fsync == MQC__SPOOL_FSYNC_INTERVAL)
        backend->sync_at_ms = mqc__clock_monotonic_ms() + durability->fsync_interval_ms;
    if (ack != 0)
        acknowledge(backend, ack);
    mqc__backend_do_due(backend);
}
