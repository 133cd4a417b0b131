#include "codec/wire.h"

bool mqc__wire_read_long_varint(struct mqc__wire_reader *reader, unsigned bytes_max,
                                uint64_t *value_out)
{
    uint64_t value = 0;
    const uint8_t *at = reader->at;
    for (unsigned i = 0; i < bytes_max && at < reader->end; i++) {
        const uint8_t byte = *at++;
        /* The tenth byte has room for the 64th bit only. */
        if (i == MQC__WIRE_LONG_VARINT_BYTES - 1 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7fU) << (7 * i);
        if (byte < 0x80) {
            reader->at = at;
            *value_out = value;
            return true;
        }
    }
    return false;
}
