#include "mqtt/broker_check.h"

#include "support/suite.h"

#include <stdlib.h>

static void test_version_of_mosquitto_is_read(void)
{
    static const struct {
        const char *text;
        unsigned major;
        unsigned minor;
        unsigned patch;
    } cases[] = {
        {"mosquitto version 2.0.11", 2, 0, 11},
        {"mosquitto version 1.6.12", 1, 6, 12},
        {"mosquitto version 2.1.0", 2, 1, 0},
        {"mosquitto version 2.0.99-rc1", 2, 0, 99},
        {"mosquitto version 3.0.0 (build date)", 3, 0, 0},
        {"mosquitto version 99999.0.0", 99999, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc__broker_version version =
            mqc__broker_version_read(mqc_view_text(cases[i].text));
        CHECK_INT(version.kind, MQC__BROKER_MOSQUITTO);
        CHECK_UNSIGNED(version.major, cases[i].major);
        CHECK_UNSIGNED(version.minor, cases[i].minor);
        CHECK_UNSIGNED(version.patch, cases[i].patch);
    }
}

static void test_other_versions_are_of_other_brokers(void)
{
    static const char *const texts[] = {
        "",
        "mosquitto",
        "mosquitto version ",
        "mosquitto version x",
        "mosquitto version 2",
        "mosquitto version 2.",
        "mosquitto version 2.0",
        "mosquitto version 2.0.",
        "mosquitto version 2.0.x",
        "mosquitto version 2..11",
        "mosquitto version -2.0.11",
        "mosquitto version 100000.0.0",
        "mosquitto version 2.0.99999999999999999999",
        "Mosquitto version 2.0.11",
        " mosquitto version 2.0.11",
        "HiveMQ 4.9",
        "5.3.2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct mqc__broker_version version =
            mqc__broker_version_read(mqc_view_text(texts[i]));
        CHECK_INT(version.kind, MQC__BROKER_OTHER);
        CHECK_UNSIGNED(version.major + version.minor + version.patch, 0);
    }
}

/* Every text cut at every place is read without running past its end. */
static void test_version_cut_anywhere_is_read_to_its_end(void)
{
    static const char whole[] = "mosquitto version 2.0.11";
    for (size_t size = 0; size < sizeof whole; size++) {
        char *copy = malloc(size + 1);
        REQUIRE(copy != NULL);
        memcpy(copy, whole, size);
        const struct mqc__broker_version version =
            mqc__broker_version_read(mqc_view_bytes(copy, size));
        CHECK_INT(version.kind,
                  size >= sizeof whole - 2 ? MQC__BROKER_MOSQUITTO : MQC__BROKER_OTHER);
        free(copy);
    }
}

#define RETAIN MQC__TRAP_BIT(MQC__TRAP_NO_RETAIN)
#define WILDCARDS MQC__TRAP_BIT(MQC__TRAP_NO_WILDCARDS)
#define EXPIRY MQC__TRAP_BIT(MQC__TRAP_EXPIRY)
#define LISTENER MQC__TRAP_BIT(MQC__TRAP_PER_LISTENER)
#define LIMITS MQC__TRAP_BIT(MQC__TRAP_QUEUE_LIMITS)

static void test_traps_depend_on_the_version(void)
{
    static const struct {
        const char *version; /* NULL: not said */
        unsigned usual;      /* receive maximum 100, no expiry */
        unsigned with_expiry;
    } cases[] = {
        {NULL, 0, 0},
        {"HiveMQ 4.9", 0, 0},
        {"mosquitto version 1.6.12", 0, EXPIRY},
        {"mosquitto version 2.0.0", 0, EXPIRY},
        {"mosquitto version 2.0.11", 0, EXPIRY},
        {"mosquitto version 2.0.12", LISTENER, LISTENER | EXPIRY},
        {"mosquitto version 2.0.14", LISTENER, LISTENER | EXPIRY},
        {"mosquitto version 2.0.15", LISTENER, LISTENER},
        {"mosquitto version 2.0.22", LISTENER, LISTENER},
        {"mosquitto version 2.0.23", 0, 0},
        {"mosquitto version 2.1.0", 0, 0},
        {"mosquitto version 2.1.14", 0, 0},
        {"mosquitto version 3.0.0", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__broker_facts facts = {.receive_max = 100};
        if (cases[i].version != NULL)
            facts.version = mqc__broker_version_read(mqc_view_text(cases[i].version));
        CHECK_UNSIGNED(mqc__broker_traps(&facts), cases[i].usual);
        facts.event_expiry_s = 1;
        CHECK_UNSIGNED(mqc__broker_traps(&facts), cases[i].with_expiry);
        facts.lacks_retain = true;
        CHECK_UNSIGNED(mqc__broker_traps(&facts), cases[i].with_expiry | RETAIN);
        facts.lacks_wildcards = true;
        CHECK_UNSIGNED(mqc__broker_traps(&facts), cases[i].with_expiry | RETAIN | WILDCARDS);
    }
}

static void test_default_limits_are_seen_in_the_receive_maximum(void)
{
    static const struct {
        enum mqc__broker_kind kind;
        unsigned receive_max;
        unsigned traps;
    } cases[] = {
        {MQC__BROKER_MOSQUITTO, 20, LIMITS},  {MQC__BROKER_UNKNOWN, 20, LIMITS},
        {MQC__BROKER_OTHER, 20, 0},           {MQC__BROKER_MOSQUITTO, 19, 0},
        {MQC__BROKER_MOSQUITTO, 21, 0},       {MQC__BROKER_MOSQUITTO, UINT16_MAX, 0},
        {MQC__BROKER_UNKNOWN, UINT16_MAX, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc__broker_facts facts = {
            .version = {.kind = cases[i].kind, .major = 2, .patch = 11},
            .receive_max = cases[i].receive_max,
        };
        CHECK_UNSIGNED(mqc__broker_traps(&facts), cases[i].traps);
    }
}

static void test_each_trap_has_a_text_of_its_own(void)
{
    for (int trap = 0; trap < MQC__TRAP_COUNT; trap++) {
        const char *text = mqc__broker_trap_text((enum mqc__broker_trap)trap);
        CHECK(strlen(text) > 50 && strlen(text) < 500);
        for (int other = 0; other < trap; other++)
            CHECK(strcmp(text, mqc__broker_trap_text((enum mqc__broker_trap)other)) != 0);
    }
    CHECK_TEXT(mqc__broker_trap_text(MQC__TRAP_COUNT), "");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"version_of_mosquitto", test_version_of_mosquitto_is_read},
        {"other_versions", test_other_versions_are_of_other_brokers},
        {"version_cut_anywhere", test_version_cut_anywhere_is_read_to_its_end},
        {"traps_depend_on_the_version", test_traps_depend_on_the_version},
        {"default_limits", test_default_limits_are_seen_in_the_receive_maximum},
        {"texts", test_each_trap_has_a_text_of_its_own},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.broker_check", tests);
}
