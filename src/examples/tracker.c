#include "examples/tracker.h"

#include <stdlib.h>
#include <string.h>

#define PORT_COUNT 65536

/* Connections by their ends: a hash table with open addressing that is never over half full, so
 * that a search ends soon. A free place has no state. */
struct connection_set {
    struct connection *places;
    size_t place_mask;
};

struct tracker {
    struct tcp_entry *entries; /* of this look, in no particular order */
    size_t entry_count;
    size_t limit;
    uint64_t unwatched_count;
    uint8_t listening[PORT_COUNT / 8]; /* this look's local ports, a bit each */
    struct connection_set known;       /* at the end of the look before */
    struct connection_set next;        /* of this look */
};

static bool set_init(struct connection_set *set, size_t limit)
{
    size_t places = 16;
    while (places < limit * 2)
        places *= 2;
    set->places = calloc(places, sizeof *set->places);
    set->place_mask = places - 1;
    return set->places != NULL;
}

static void set_clear(struct connection_set *set)
{
    memset(set->places, 0, (set->place_mask + 1) * sizeof *set->places);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t hash_end(uint64_t hash, const struct tcp_end *end)
{
    hash = hash_bytes(hash, end->address, sizeof end->address);
    return hash_bytes(hash, &end->port, sizeof end->port);
}

static bool same_end(const struct tcp_end *a, const struct tcp_end *b)
{
    return a->port == b->port && memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* Returns the connection's place: where it is, or where it would go. */
static struct connection *set_place(const struct connection_set *set,
                                    const struct connection *connection)
{
    uint64_t hash = hash_end(UINT64_C(0xcbf29ce484222325), &connection->originator);
    hash = hash_end(hash, &connection->responder);
    for (size_t i = (size_t)hash & set->place_mask;; i = (i + 1) & set->place_mask) {
        struct connection *place = &set->places[i];
        if (place->state == 0 || (same_end(&place->originator, &connection->originator) &&
                                  same_end(&place->responder, &connection->responder)))
            return place;
    }
}

struct tracker *tracker_new(size_t limit)
{
    struct tracker *tracker = calloc(1, sizeof *tracker);
    if (tracker == NULL)
        return NULL;
    tracker->limit = limit;
    tracker->entries = calloc(limit, sizeof *tracker->entries);
    if (tracker->entries == NULL || !set_init(&tracker->known, limit) ||
        !set_init(&tracker->next, limit))
        tracker_free(&tracker);
    return tracker;
}

void tracker_free(struct tracker **tracker)
{
    if (*tracker == NULL)
        return;
    free((*tracker)->entries);
    free((*tracker)->known.places);
    free((*tracker)->next.places);
    free(*tracker);
    *tracker = NULL;
}

void tracker_add(struct tracker *tracker, const struct tcp_entry *entry)
{
    const uint16_t port = entry->local.port;
    if (entry->state == TCP_STATE_LISTEN)
        tracker->listening[port / 8] |= (uint8_t)(1U << port % 8);
    else if (tracker->entry_count < tracker->limit)
        tracker->entries[tracker->entry_count++] = *entry;
    else
        tracker->unwatched_count++;
}

static struct connection make_connection(const struct tcp_entry *entry, bool is_responder)
{
    return (struct connection){
        .originator = is_responder ? entry->remote : entry->local,
        .responder = is_responder ? entry->local : entry->remote,
        .state = entry->state,
    };
}

static bool is_listening(const struct tracker *tracker, uint16_t port)
{
    return (tracker->listening[port / 8] >> port % 8 & 1) != 0;
}

/* Who accepts connections at a port did not open those that end there. Where nobody listens any
 * more, the connections that live on stay what they were. */
static bool is_responder(const struct tracker *tracker, const struct tcp_entry *entry)
{
    if (is_listening(tracker, entry->local.port))
        return true;
    if (is_listening(tracker, entry->remote.port))
        return false;
    const struct connection accepted = make_connection(entry, true);
    return set_place(&tracker->known, &accepted)->state != 0;
}

static void look_at(struct tracker *tracker, const struct connection *connection,
                    tracker_report_fn report, void *context)
{
    struct connection *next = set_place(&tracker->next, connection);
    if (next->state != 0)
        return;
    const struct connection *known = set_place(&tracker->known, connection);
    if (known->state == connection->state || report(context, connection))
        *next = *connection;
    else if (known->state != 0)
        *next = *known;
}

/* The originators' sockets go first: of two for one connection, the first decides. */
static void look_at_side(struct tracker *tracker, bool responders, tracker_report_fn report,
                         void *context)
{
    for (size_t i = 0; i < tracker->entry_count; i++) {
        const struct tcp_entry *entry = &tracker->entries[i];
        if (is_responder(tracker, entry) != responders)
            continue;
        const struct connection connection = make_connection(entry, responders);
        look_at(tracker, &connection, report, context);
    }
}

void tracker_finish_look(struct tracker *tracker, tracker_report_fn report, void *context)
{
    look_at_side(tracker, false, report, context);
    look_at_side(tracker, true, report, context);
    const struct connection_set known = tracker->next;
    tracker->next = tracker->known;
    tracker->known = known;
    set_clear(&tracker->next);
    memset(tracker->listening, 0, sizeof tracker->listening);
    tracker->entry_count = 0;
}

uint64_t tracker_unwatched(const struct tracker *tracker)
{
    return tracker->unwatched_count;
}
