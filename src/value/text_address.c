#include "value/text.h"

#include <arpa/inet.h>
#include <stdio.h>

/* How many of an IPv4 address's 128 bits are the fixed ::ffff: in front. */
#define MAPPED_BITS 96

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct mqc_address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

size_t mqc__address_format(const struct mqc_address *address, char text_out[MQC__TEXT_BYTES])
{
    if (is_v4(address))
        (void)inet_ntop(AF_INET, address->bytes + sizeof mapped_prefix, text_out, MQC__TEXT_BYTES);
    else
        (void)inet_ntop(AF_INET6, address->bytes, text_out, MQC__TEXT_BYTES);
    return strlen(text_out);
}

bool mqc__address_parse(struct mqc_view text, struct mqc_address *out)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    struct mqc_address address;
    memcpy(address.bytes, mapped_prefix, sizeof mapped_prefix);
    if (inet_pton(AF_INET, copy, address.bytes + sizeof mapped_prefix) != 1 &&
        inet_pton(AF_INET6, copy, address.bytes) != 1)
        return false;
    *out = address;
    return true;
}

size_t mqc__subnet_format(const struct mqc_subnet *subnet, char text_out[MQC__TEXT_BYTES])
{
    const bool is_short = is_v4(&subnet->network) && subnet->length >= MAPPED_BITS;
    const int length = subnet->length - (is_short ? MAPPED_BITS : 0);
    const size_t size = mqc__address_format(&subnet->network, text_out);
    return size + (size_t)snprintf(text_out + size, MQC__TEXT_BYTES - size, "/%d", length);
}

static void clear_host_bits(struct mqc_subnet *subnet)
{
    for (unsigned i = 0; i < sizeof subnet->network.bytes; i++) {
        const unsigned kept = subnet->length > i * 8 ? subnet->length - i * 8 : 0;
        if (kept < 8)
            subnet->network.bytes[i] &= (uint8_t)(0xff00U >> kept);
    }
}

/* Splits at the first slash; false when there is none. */
static bool split(struct mqc_view text, struct mqc_view *before_out, struct mqc_view *after_out)
{
    const char *slash = text.size != 0 ? memchr(text.data, '/', text.size) : NULL;
    if (slash == NULL)
        return false;
    const size_t size = (size_t)(slash - text.data);
    *before_out = mqc_view_bytes(text.data, size);
    *after_out = mqc_view_bytes(slash + 1, text.size - size - 1);
    return true;
}

bool mqc__subnet_parse(struct mqc_view text, struct mqc_subnet *out)
{
    struct mqc_view network;
    struct mqc_view length;
    struct mqc_subnet subnet = {.length = 0};
    uint64_t bits = 0;
    if (!split(text, &network, &length) || !mqc__address_parse(network, &subnet.network) ||
        !mqc__count_parse(length, &bits))
        return false;
    const unsigned fixed = is_v4(&subnet.network) ? MAPPED_BITS : 0;
    if (bits > 128 - fixed)
        return false;
    subnet.length = (uint8_t)(bits + fixed);
    clear_host_bits(&subnet);
    *out = subnet;
    return true;
}

static const char *const protocol_names[] = {
    [MQC_PROTOCOL_UNKNOWN] = "?",
    [MQC_PROTOCOL_TCP] = "tcp",
    [MQC_PROTOCOL_UDP] = "udp",
    [MQC_PROTOCOL_ICMP] = "icmp",
};

#define PROTOCOL_COUNT (sizeof protocol_names / sizeof protocol_names[0])

size_t mqc__port_format(const struct mqc_port *port, char text_out[MQC__TEXT_BYTES])
{
    const char *name = protocol_names[port->protocol < PROTOCOL_COUNT ? port->protocol : 0];
    return (size_t)snprintf(text_out, MQC__TEXT_BYTES, "%u/%s", port->number, name);
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '?';
}

static bool parse_protocol(struct mqc_view name, uint8_t *protocol_out)
{
    if (name.size == 0)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!is_name_character(name.data[i]))
            return false;
    *protocol_out = MQC_PROTOCOL_UNKNOWN;
    for (size_t i = 0; i < PROTOCOL_COUNT; i++)
        if (mqc_view_equal(name, mqc_view_text(protocol_names[i])))
            *protocol_out = (uint8_t)i;
    return true;
}

bool mqc__port_parse(struct mqc_view text, struct mqc_port *out)
{
    struct mqc_view number = text;
    struct mqc_view name = mqc_view_text("tcp");
    (void)split(text, &number, &name);
    struct mqc_port port;
    uint64_t value = 0;
    if (!mqc__count_parse(number, &value) || value > UINT16_MAX ||
        !parse_protocol(name, &port.protocol))
        return false;
    port.number = (uint16_t)value;
    *out = port;
    return true;
}
