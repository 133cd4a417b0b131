#include "examples/tcp_table.h"

#include <string.h>

/* What is left of a line. */
struct cursor {
    const char *next;
    const char *end;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes hexadecimal digits, at most `most` of them, and returns how many there were. */
static size_t take_hex(struct cursor *cursor, size_t most, uint32_t *value_out)
{
    size_t count = 0;
    *value_out = 0;
    while (count < most && cursor->next < cursor->end && hex_digit(*cursor->next) >= 0) {
        *value_out = *value_out << 4 | (uint32_t)hex_digit(*cursor->next++);
        count++;
    }
    return count;
}

static bool take_char(struct cursor *cursor, char wanted)
{
    if (cursor->next == cursor->end || *cursor->next != wanted)
        return false;
    cursor->next++;
    return true;
}

static bool take_blanks(struct cursor *cursor)
{
    const char *start = cursor->next;
    while (take_char(cursor, ' ')) {
    }
    return cursor->next != start;
}

/* "  12: " */
static bool take_slot(struct cursor *cursor)
{
    const char *start = NULL;
    (void)take_blanks(cursor);
    start = cursor->next;
    while (cursor->next < cursor->end && *cursor->next >= '0' && *cursor->next <= '9')
        cursor->next++;
    return cursor->next != start && take_char(cursor, ':') && take_blanks(cursor);
}

/* The kernel prints an address, which it holds in network order, as 32-bit numbers of the host's
 * order: one for IPv4, four for IPv6. Copied back as such numbers, the bytes are right again. */
static bool take_address(struct cursor *cursor, uint8_t address_out[16])
{
    static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    uint32_t words[4];
    size_t count = 0;
    while (count < 4 && take_hex(cursor, 8, &words[count]) == 8)
        count++;
    if (count == 1) {
        memcpy(address_out, v4_mapped, sizeof v4_mapped);
        memcpy(address_out + sizeof v4_mapped, words, sizeof words[0]);
    } else if (count == 4) {
        memcpy(address_out, words, sizeof words);
    }
    return count == 1 || count == 4;
}

/* "0100007F:1F90 " */
static bool take_end(struct cursor *cursor, struct tcp_end *end_out)
{
    uint32_t port = 0;
    if (!take_address(cursor, end_out->address) || !take_char(cursor, ':') ||
        take_hex(cursor, 4, &port) != 4 || !take_blanks(cursor))
        return false;
    end_out->port = (uint16_t)port;
    return true;
}

bool tcp_table_parse(const char *line, size_t size, struct tcp_entry *entry_out)
{
    struct cursor cursor = {line, line + size};
    struct tcp_entry entry;
    uint32_t state = 0;
    if (!take_slot(&cursor) || !take_end(&cursor, &entry.local) ||
        !take_end(&cursor, &entry.remote) || take_hex(&cursor, 2, &state) != 2 ||
        !take_blanks(&cursor))
        return false;
    if (state < TCP_STATE_ESTABLISHED || state > TCP_STATE_NEW_SYN_RECV)
        return false;
    entry.state = (enum tcp_state)state;
    *entry_out = entry;
    return true;
}

const char *tcp_state_name(enum tcp_state state)
{
    switch (state) {
    case TCP_STATE_ESTABLISHED: return "ESTABLISHED";
    case TCP_STATE_SYN_SENT: return "SYN_SENT";
    case TCP_STATE_SYN_RECV: return "SYN_RECV";
    case TCP_STATE_FIN_WAIT1: return "FIN_WAIT1";
    case TCP_STATE_FIN_WAIT2: return "FIN_WAIT2";
    case TCP_STATE_TIME_WAIT: return "TIME_WAIT";
    case TCP_STATE_CLOSE: return "CLOSE";
    case TCP_STATE_CLOSE_WAIT: return "CLOSE_WAIT";
    case TCP_STATE_LAST_ACK: return "LAST_ACK";
    case TCP_STATE_LISTEN: return "LISTEN";
    case TCP_STATE_CLOSING: return "CLOSING";
    case TCP_STATE_NEW_SYN_RECV: return "NEW_SYN_RECV";
    }
    return "UNKNOWN";
}
