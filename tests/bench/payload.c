#include "bench/payload.h"

#include <string.h>

void payload_fill(char *payload, size_t size)
{
    /* xorshift64 */
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        payload[i] = (char)(state >> 32);
    }
}

void payload_write(char *payload, const struct payload_head *head)
{
    memcpy(payload, head, sizeof *head);
    memcpy(payload + head->size - sizeof head->sequence, &head->sequence, sizeof head->sequence);
}

bool payload_read(const void *payload, size_t size, struct payload_head *head_out)
{
    uint64_t end = 0;
    if (size < PAYLOAD_LEAST)
        return false;
    memcpy(head_out, payload, sizeof *head_out);
    memcpy(&end, (const char *)payload + size - sizeof end, sizeof end);
    return head_out->size == size && end == head_out->sequence;
}
