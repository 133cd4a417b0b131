#include "mqtt/reason.h"

#include <stddef.h>

struct reason {
    int code;
    const char *text;
};

static const struct reason reasons[] = {
    {0x00, "success"},
    {0x04, "disconnected, and the will is to be published"},
    {0x10, "no subscriber"},
    {0x11, "no such subscription"},
    {0x80, "unspecified error"},
    {0x81, "malformed packet"},
    {0x82, "protocol error"},
    {0x83, "implementation specific error"},
    {0x84, "unsupported protocol version"},
    {0x85, "client identifier not valid"},
    {0x86, "bad user name or password"},
    {0x87, "not authorized"},
    {0x88, "server unavailable"},
    {0x89, "server busy"},
    {0x8A, "banned"},
    {0x8B, "server shutting down"},
    {0x8C, "bad authentication method"},
    {0x8D, "keep-alive timeout"},
    {0x8E, "session taken over"},
    {0x8F, "topic filter invalid"},
    {0x90, "topic name invalid"},
    {0x91, "packet identifier in use"},
    {0x92, "packet identifier not found"},
    {0x93, "receive maximum exceeded"},
    {0x94, "topic alias invalid"},
    {0x95, "packet too large"},
    {0x96, "message rate too high"},
    {0x97, "quota exceeded"},
    {0x98, "administrative action"},
    {0x99, "payload format invalid"},
    {0x9A, "retain not supported"},
    {0x9B, "QoS not supported"},
    {0x9C, "use another server"},
    {0x9D, "server moved"},
    {0x9E, "shared subscriptions not supported"},
    {0x9F, "connection rate exceeded"},
    {0xA0, "maximum connect time"},
    {0xA1, "subscription identifiers not supported"},
    {0xA2, "wildcard subscriptions not supported"},
};

/* MQTT 3.1.1 return codes as the codes of MQTT 5 that mean the same. */
static const int connack_311[] = {0x00, 0x84, 0x85, 0x88, 0x86, 0x87};

static int connack_as_5(bool is_311, int reason)
{
    const int known = (int)(sizeof connack_311 / sizeof connack_311[0]);
    return (is_311 || reason == 1) && reason >= 0 && reason < known ? connack_311[reason] : reason;
}

const char *mqc__reason_text(int reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].code == reason)
            return reasons[i].text;
    }
    return "a reason that MQTT does not define";
}

const char *mqc__connack_text(bool is_311, int reason)
{
    return mqc__reason_text(connack_as_5(is_311, reason));
}

const char *mqc__connack_advice(bool is_311, int reason)
{
    switch (connack_as_5(is_311, reason)) {
    case 0x84: return "check broker.protocol and which MQTT versions the broker speaks";
    case 0x85: return "check broker.client_id and which client ids the broker allows";
    case 0x86: return "check broker.username, the password and the broker's password file";
    case 0x87: return "check that the broker allows this user, client id and address";
    case 0x8A: return "ask the broker's administrator";
    case 0x8C: return "check which kinds of authentication the broker demands";
    case 0x9C:
    case 0x9D: return "check broker.uri: the broker was moved";
    case 0x88:
    case 0x89:
    case 0x97:
    case 0x9F: return "check the broker's load, limits and log";
    default: return "check the broker's log";
    }
}

bool mqc__connack_refuses_5(int reason)
{
    return reason == 1 || reason == MQC__REASON_VERSION;
}
