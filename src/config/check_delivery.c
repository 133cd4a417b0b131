#include "config/check_priv.h"

#include "base/fail.h"
#include "config/state_directory.h"

static bool has_end_to_end(const struct mqc__settings *settings)
{
    for (size_t i = 0; i < settings->delivery.prefix_count; i++)
        if (settings->delivery.prefixes[i].guarantee == MQC__GUARANTEE_END_TO_END)
            return true;
    return settings->delivery.guarantee == MQC__GUARANTEE_END_TO_END;
}

static void check_folder(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    char path[PATH_MAX];
    struct mqc_error_info info;
    if (settings->node != NULL &&
        mqc__state_directory(settings->delivery.directory, settings->node, path, &info) != MQC_OK)
        finder->found(finder->context, MQC__KEYS("node", "delivery.directory"), info.text);
}

/* Smaller ones would be more header than event. */
#define LEAST_PIECE_BYTES ((uint64_t)16 << 10)

static void check_pieces(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    const uint64_t piece_bytes = settings->delivery.piece_bytes;
    if (piece_bytes != 0 && piece_bytes < LEAST_PIECE_BYTES)
        finder->found(finder->context, MQC__KEYS("delivery.piece_bytes"),
                      "delivery.piece_bytes must be 0 or at least 16KiB");
}

void mqc__check_delivery(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    const uint64_t event_bytes = settings->delivery.max_event_bytes;
    mqc__check_order(finder, event_bytes, "delivery.max_event_bytes",
                     settings->delivery.outbox_bytes, "delivery.outbox_bytes");
    mqc__check_order(finder, event_bytes, "delivery.max_event_bytes",
                     settings->delivery.inbox_bytes, "delivery.inbox_bytes");
    mqc__check_order(finder, settings->delivery.batch_bytes, "delivery.batch_bytes",
                     settings->delivery.outbox_bytes, "delivery.outbox_bytes");
    check_pieces(settings, finder);
    if (has_end_to_end(settings))
        mqc__check_order(finder, event_bytes, "delivery.max_event_bytes",
                         settings->delivery.keep_bytes, "delivery.keep_bytes");
    if (settings->delivery.durability != 1)
        return;
    mqc__check_order(finder, event_bytes, "delivery.max_event_bytes",
                     settings->delivery.spool_bytes, "delivery.spool_bytes");
    check_folder(settings, finder);
}
