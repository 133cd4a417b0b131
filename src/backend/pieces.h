#ifndef MQC_BACKEND_PIECES_H
#define MQC_BACKEND_PIECES_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/map.h"
#include "codec/protobuf.h"

/*
 * Puts large events together that arrive in pieces: one at a time of each stream, the events of one
 * sender instance on one topic. What has come once may come again, cut at other places. Where a
 * piece is missing the event is lost, which its stream finds out with the next number.
 *
 * Takes memory for what has come, at most twice, not for what is promised. When there is no room
 * for more, the event of which nothing has come for the longest time is given up. With a folder,
 * what has come is also there, in backend/pieces_file.h. Not thread-safe.
 */
struct mqc__pieces {
    struct mqc__map events; /* those under way, by stream */
    size_t events_max;
    size_t event_bytes_max; /* of one event */
    size_t bytes_max;       /* of all together */
    size_t byte_count;
    struct mqc__buffer key;
    char *folder;   /* NULL: in memory only */
    bool syncs;     /* what is in it has to outlive a power cut */
    int file_errno; /* why something is not in it, since that was last looked at; 0: all is */
};

/* All limits are at least 1. */
void mqc__pieces_init(struct mqc__pieces *pieces, size_t events_max, size_t event_bytes_max,
                      size_t bytes_max);
void mqc__pieces_fini(struct mqc__pieces *pieces);

/* Goes on with what an earlier process has left in a folder, which is made. false, with errno set:
 * there is none, and nothing is kept in it. */
bool mqc__pieces_open(struct mqc__pieces *pieces, const char *folder, bool syncs);

/* A piece as it arrived; it is one that the decoder lets through. */
struct mqc__piece_arrival {
    struct mqc_view instance;
    struct mqc_view topic; /* of the event */
    uint64_t number;       /* of the event in its stream */
    struct mqc__piece piece;
};

/*
 * Takes a piece of a stream; another event that was under way there is given up. With the last one
 * the `events` field is complete and goes to the caller, who calls mqc__buffer_fini(); else the
 * buffer is empty; its file stays until mqc__pieces_handled(). MQC_ETOOLARGE: the event is over the
 * limit, said with its first piece; MQC_ENOMEM: it is given up.
 */
enum mqc_error mqc__pieces_take(struct mqc__pieces *pieces,
                                const struct mqc__piece_arrival *arrival,
                                struct mqc__buffer *events_out);

/* What was complete last in a stream was handled. */
void mqc__pieces_handled(struct mqc__pieces *pieces, struct mqc_view instance,
                         struct mqc_view topic);

/* Says whether the event with this number is under way in the stream. */
bool mqc__pieces_await(struct mqc__pieces *pieces, struct mqc_view instance, struct mqc_view topic,
                       uint64_t number);

/* Gives up what is under way in a stream: it came as a whole, or is not wanted any more. */
void mqc__pieces_forget(struct mqc__pieces *pieces, struct mqc_view instance,
                        struct mqc_view topic);

#endif
