#include "mqtt/broker_check.h"

/* No version has a greater number; more digits are not read. */
#define NUMBER_MAX 99999U

/* Mosquitto's max_inflight_messages, if nothing else is configured. */
#define DEFAULT_RECEIVE_MAX 20

struct release {
    unsigned major;
    unsigned minor;
    unsigned patch;
};

static const struct release expiry_is_mended = {2, 0, 15};
static const struct release per_listener_breaks = {2, 0, 12};
static const struct release per_listener_is_mended = {2, 0, 23};

/* Takes a number from the beginning of the text. */
static bool take_number(struct mqc_view *text, unsigned *number_out)
{
    size_t length = 0;
    unsigned number = 0;
    for (; length < text->size && text->data[length] >= '0' && text->data[length] <= '9';
         length++) {
        number = number * 10 + (unsigned)(text->data[length] - '0');
        if (number > NUMBER_MAX)
            return false;
    }
    *text = mqc_view_bytes(text->data + length, text->size - length);
    *number_out = number;
    return length != 0;
}

static bool take_dot(struct mqc_view *text)
{
    if (text->size == 0 || text->data[0] != '.')
        return false;
    *text = mqc_view_bytes(text->data + 1, text->size - 1);
    return true;
}

struct mqc__broker_version mqc__broker_version_read(struct mqc_view text)
{
    static const char begin[] = "mosquitto version ";
    struct mqc__broker_version version = {.kind = MQC__BROKER_MOSQUITTO};
    struct mqc_view rest = text;
    if (mqc_view_starts_with(text, mqc_view_text(begin)))
        rest = mqc_view_bytes(text.data + sizeof begin - 1, text.size - (sizeof begin - 1));
    if (rest.size != text.size && take_number(&rest, &version.major) && take_dot(&rest) &&
        take_number(&rest, &version.minor) && take_dot(&rest) && take_number(&rest, &version.patch))
        return version;
    return (struct mqc__broker_version){.kind = MQC__BROKER_OTHER};
}

static bool is_before(const struct mqc__broker_version *version, const struct release *release)
{
    if (version->major != release->major)
        return version->major < release->major;
    if (version->minor != release->minor)
        return version->minor < release->minor;
    return version->patch < release->patch;
}

static unsigned bit_if(bool is_trap, enum mqc__broker_trap trap)
{
    return is_trap ? MQC__TRAP_BIT(trap) : 0;
}

unsigned mqc__broker_traps(const struct mqc__broker_facts *facts)
{
    const struct mqc__broker_version *version = &facts->version;
    const bool is_mosquitto = version->kind == MQC__BROKER_MOSQUITTO;
    const bool is_expiry_trap =
        is_mosquitto && facts->event_expiry_s != 0 && is_before(version, &expiry_is_mended);
    const bool is_per_listener_trap = is_mosquitto && !is_before(version, &per_listener_breaks) &&
                                      is_before(version, &per_listener_is_mended);
    /* Where the broker keeps its version to itself, the number is typical enough. */
    const bool has_defaults =
        version->kind != MQC__BROKER_OTHER && facts->receive_max == DEFAULT_RECEIVE_MAX;
    return bit_if(facts->lacks_retain, MQC__TRAP_NO_RETAIN) |
           bit_if(facts->lacks_wildcards, MQC__TRAP_NO_WILDCARDS) |
           bit_if(is_expiry_trap, MQC__TRAP_EXPIRY) |
           bit_if(is_per_listener_trap, MQC__TRAP_PER_LISTENER) |
           bit_if(has_defaults, MQC__TRAP_QUEUE_LIMITS);
}

const char *mqc__broker_trap_text(enum mqc__broker_trap trap)
{
    switch (trap) {
    case MQC__TRAP_NO_RETAIN:
        return "it takes no retained messages, and without them no node learns who is in the "
               "cluster; allow them in its configuration (retain_available true in Mosquitto), or "
               "use another broker";
    case MQC__TRAP_NO_WILDCARDS:
        return "it takes no subscriptions with wildcards, and without them nodes receive next to "
               "nothing; allow them in its configuration, or use another broker";
    case MQC__TRAP_EXPIRY:
        return "delivery.expiry is not 0, and before Mosquitto 2.0.15 expired messages can fill "
               "the window of a receiver that comes back, which then gets nothing until it "
               "connects once more; set delivery.expiry to 0, or use 2.0.15 or later";
    case MQC__TRAP_PER_LISTENER:
        return "with per_listener_settings true, Mosquitto 2.0.12 loses wills, and 2.0.12 to "
               "2.0.22 lose messages for nodes that are away; check that mosquitto.conf does not "
               "say so (false is the default), or use 2.0.23 or later";
    case MQC__TRAP_QUEUE_LIMITS:
        return "it takes 20 messages at a time, Mosquitto's default; by its other defaults it "
               "keeps at most 1000 messages for a node that is away or slow, and drops what is "
               "more without telling anybody; set in mosquitto.conf: max_inflight_messages 100, "
               "max_queued_messages 100000, max_queued_bytes 67108864";
    case MQC__TRAP_COUNT: break;
    }
    return "";
}
