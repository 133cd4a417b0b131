#include "spool/record.h"

/* event size 4, topic size 2, flags 1, service 4, sequence 8 */
#define EVENT_SIZE_AT 0
#define TOPIC_SIZE_AT 4
#define FLAGS_AT 6
#define SERVICE_AT 7
#define SEQUENCE_AT 11
#define HEADER_BYTES 19

_Static_assert(HEADER_BYTES + 1 == MQC__SPOOL_RECORD_COST, "a record costs its header and a NUL");

#define FLAG_STARTS_COUNT 1U

static void put_number(char *at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (char)(unsigned char)(number >> (8 * i));
}

static uint64_t get_number(const char *at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number |= (uint64_t)(unsigned char)at[i] << (8 * i);
    return number;
}

size_t mqc__record_bytes(const struct mqc__spool_offer *offer)
{
    return HEADER_BYTES + offer->topic.size + 1 + offer->event.size;
}

void mqc__record_write(char *at, const struct mqc__spool_offer *offer)
{
    put_number(at + EVENT_SIZE_AT, offer->event.size, 4);
    put_number(at + TOPIC_SIZE_AT, offer->topic.size, 2);
    at[FLAGS_AT] = 0;
    put_number(at + SERVICE_AT, offer->service, 4);
    put_number(at + SEQUENCE_AT, 0, 8);
    char *topic = at + HEADER_BYTES;
    if (offer->topic.size != 0)
        memcpy(topic, offer->topic.data, offer->topic.size);
    topic[offer->topic.size] = '\0';
    if (offer->event.size != 0)
        memcpy(topic + offer->topic.size + 1, offer->event.data, offer->event.size);
}

void mqc__record_amend(const struct mqc__spool_record *record)
{
    char *at = (char *)record->topic.data - HEADER_BYTES;
    at[FLAGS_AT] = record->starts_count ? (char)FLAG_STARTS_COUNT : 0;
    put_number(at + SEQUENCE_AT, record->sequence, 8);
}

bool mqc__record_read(struct mqc_view bytes, size_t *at, struct mqc__spool_record *record_out)
{
    if (bytes.size - *at < MQC__SPOOL_RECORD_COST)
        return false;
    const char *header = bytes.data + *at;
    const size_t event_size = (size_t)get_number(header + EVENT_SIZE_AT, 4);
    const size_t topic_size = (size_t)get_number(header + TOPIC_SIZE_AT, 2);
    const size_t rest = bytes.size - *at - MQC__SPOOL_RECORD_COST;
    if (topic_size > rest || event_size > rest - topic_size)
        return false;
    const char *topic = header + HEADER_BYTES;
    if (topic[topic_size] != '\0')
        return false;
    record_out->topic = mqc_view_bytes(topic, topic_size);
    record_out->event = mqc_view_bytes(topic + topic_size + 1, event_size);
    record_out->sequence = get_number(header + SEQUENCE_AT, 8);
    record_out->service = (uint32_t)get_number(header + SERVICE_AT, 4);
    record_out->starts_count = ((unsigned char)header[FLAGS_AT] & FLAG_STARTS_COUNT) != 0;
    *at += MQC__SPOOL_RECORD_COST + topic_size + event_size;
    return true;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 32;
}

static uint64_t mix_bytes(uint64_t sum, struct mqc_view bytes)
{
    sum = mix(sum, bytes.size);
    size_t at = 0;
    for (; bytes.size - at >= 8; at += 8)
        sum = mix(sum, get_number(bytes.data + at, 8));
    return at != bytes.size ? mix(sum, get_number(bytes.data + at, bytes.size - at)) : sum;
}

uint64_t mqc__record_sum(uint64_t first_number, size_t count, struct mqc_view instance,
                         struct mqc_view records)
{
    uint64_t sum = mix(mix(UINT64_C(0x6d716373706f6f6c), first_number), count);
    return mix_bytes(mix_bytes(sum, instance), records);
}
