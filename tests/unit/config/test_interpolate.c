#include "loading.h"

#include "config/interpolate.h"

#include <stdlib.h>

static void test_interpolate_forms_are_replaced(void)
{
    static const struct {
        const char *text;
        const char *result; /* NULL: refused */
        const char *part;   /* of the error */
    } cases[] = {
        {"", "", NULL},
        {"plain", "plain", NULL},
        {"${MQC_A}", "value", NULL},
        {"x${MQC_A}y${MQC_A}z", "xvalueyvaluez", NULL},
        {"$", "$", NULL},
        {"$$", "$", NULL},
        {"$$$", "$$", NULL},
        {"$${MQC_A}", "${MQC_A}", NULL},
        {"$$${MQC_A}", "$value", NULL},
        {"$MQC_A", "$MQC_A", NULL},
        {"a$", "a$", NULL},
        {"${MQC_A:-other}", "value", NULL},
        {"${MQC_UNSET:-other}", "other", NULL},
        {"${MQC_UNSET:-}", "", NULL},
        {"${MQC_EMPTY}", "", NULL},
        {"${MQC_EMPTY:-other}", "other", NULL},
        {"${MQC_UNSET:-a:-b}", "a:-b", NULL},
        {"${MQC_DOLLAR}", "${MQC_A}", NULL},
        {"${MQC_UNSET}", NULL, "MQC_UNSET is not set"},
        {"${}", NULL, "is no variable"},
        {"${1A}", NULL, "is no variable"},
        {"${A-b}", NULL, "is no variable"},
        {"${MQC_A:b}", NULL, "is no variable"},
        {"${ MQC_A}", NULL, "is no variable"},
        {"${MQC_A", NULL, "has no \"}\""},
        {"${MQC_UNSET:-${MQC_A}}", NULL, "cannot stand between"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__buffer buffer;
        struct mqc_error_info info;
        mqc__buffer_init(&buffer, 100);
        const enum mqc_error error = mqc__interpolate(mqc_view_text(cases[i].text), &buffer, &info);
        CHECK_INT(error, cases[i].result != NULL ? MQC_OK : MQC_ECONFIG);
        if (cases[i].result != NULL)
            CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), cases[i].result);
        else
            CHECK_CONTAINS(info.text, cases[i].part);
        mqc__buffer_fini(&buffer);
    }
}

static void test_interpolate_over_the_limit_is_refused(void)
{
    struct mqc__buffer buffer;
    struct mqc_error_info info;
    mqc__buffer_init(&buffer, 9);
    CHECK_INT(mqc__interpolate(mqc_view_text("${MQC_A}${MQC_A}"), &buffer, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "over 9 bytes");
    mqc__buffer_fini(&buffer);
}

static void test_interpolate_cut_anywhere_does_not_crash(void)
{
    static const char text[] = "a$$b${MQC_A}c${MQC_UNSET:-d}$";
    for (size_t size = 0; size <= sizeof text - 1; size++) {
        char *copy = malloc(size + 1);
        REQUIRE(copy != NULL);
        memcpy(copy, text, size);
        struct mqc__buffer buffer;
        struct mqc_error_info info;
        mqc__buffer_init(&buffer, 100);
        const enum mqc_error error = mqc__interpolate(mqc_view_bytes(copy, size), &buffer, &info);
        CHECK(error == MQC_OK || error == MQC_ECONFIG);
        mqc__buffer_fini(&buffer);
        free(copy);
    }
}

static void test_load_variables_come_before_types(void)
{
    const struct loaded *loaded =
        load_text("cluster: {name: \"${MQC_A}-1\"}\nbroker:\n  uri: mqtt://${MQC_UNSET:-h}:1883\n"
                  "  keep_alive: ${MQC_NUMBER}s\n  password: p$$w\n  username: ${MQC_A}\n"
                  "nodes: {a: {type: \"${MQC_UNSET:-proxy}\"}}\n"
                  "events: {e: {args: [{n: \"${MQC_UNSET:-count}\"}]}}\n");
    CHECK_INT(loaded->error, MQC_OK);
    REQUIRE(loaded->config != NULL);
    const struct mqc__settings *settings = mqc__config_settings(loaded->config);
    CHECK_TEXT(settings->cluster.name, "value-1");
    CHECK_TEXT(settings->broker.uris[0], "mqtt://h:1883");
    CHECK_UNSIGNED(settings->broker.keep_alive_ms, 30000);
    CHECK_TEXT(settings->broker.password, "p$w");
    CHECK_INT(settings->nodes[0].type, MQC__NODE_PROXY);
    CHECK_INT(settings->signatures[0].params[0].type.scalar, MQC_TYPE_COUNT);
    unload();
}

static void test_load_wrong_variables_are_named_with_their_line(void)
{
    const struct loaded *loaded =
        load_text("cluster:\n  name: ${MQC_UNSET}\nbroker:\n  uri: ${MQC_EMPTY}\n"
                  "  keep_alive: ${MQC_A}\n  username: ${MQC_LINE}\n");
    CHECK_INT(loaded->error, MQC_ECONFIG);
    CHECK_UNSIGNED(loaded->count, 4);
    CHECK_UNSIGNED(loaded->problems[0].line, 2);
    CHECK_TEXT(loaded->problems[0].key, "cluster.name");
    CHECK_CONTAINS(loaded->problems[0].text, "MQC_UNSET is not set");
    CHECK_CONTAINS(loaded->problems[1].text, "empty");
    CHECK_CONTAINS(loaded->problems[2].text, "'value' is not what this option takes");
    CHECK_CONTAINS(loaded->problems[3].text, "control character");
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"forms", test_interpolate_forms_are_replaced},
        {"limit", test_interpolate_over_the_limit_is_refused},
        {"cut anywhere", test_interpolate_cut_anywhere_does_not_crash},
        {"before types", test_load_variables_come_before_types},
        {"wrong variables", test_load_wrong_variables_are_named_with_their_line},
        CU_TEST_INFO_NULL,
    };
    if (setenv("MQC_A", "value", 1) != 0 || setenv("MQC_EMPTY", "", 1) != 0 ||
        setenv("MQC_DOLLAR", "${MQC_A}", 1) != 0 || setenv("MQC_NUMBER", "30", 1) != 0 ||
        setenv("MQC_LINE", "user\n", 1) != 0 || unsetenv("MQC_UNSET") != 0)
        return EXIT_FAILURE;
    return suite_run("config.interpolate", tests);
}
