#include "cli/spelling.h"

#include "cli/cli.h"
#include "daemon/daemon.h"

/* cli/node.h declares it too; under another name here, so that the two can be compared. */
#define mqc__daemon_run daemon_run_for_cli
#include "cli/node.h"
#undef mqc__daemon_run

#include "support/suite.h"

_Static_assert(_Generic(&daemon_run_for_cli, __typeof__(&mqc__daemon_run) : 1, default : 0),
               "cli/node.h and daemon/daemon.h differ");

static void test_distance_counts_single_changes(void)
{
    static const struct {
        const char *a;
        const char *b;
        size_t expected;
    } cases[] = {
        {"", "", 0},
        {"run", "run", 0},
        {"run", "", 3},
        {"run", "runs", 1},
        {"run", "rn", 1},
        {"run", "ran", 1},
        {"publish", "publihs", 2},
        {"kitten", "sitting", 3},
        {"decode", "version", 6},
        {"0123456789012345678901234567890123", "x", 34},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_UNSIGNED(mqc__spelling_distance(cases[i].a, cases[i].b), cases[i].expected);
        CHECK_UNSIGNED(mqc__spelling_distance(cases[i].b, cases[i].a), cases[i].expected);
    }
}

static void test_nearest_finds_what_was_meant(void)
{
    static const struct {
        const char *name;
        const char *expected; /* NULL: nothing is near */
    } cases[] = {
        {"pubish", "publish"},
        {"publsih", "publish"},
        {"sub", "subscribe"},
        {"subscrbe", "subscribe"},
        {"check", "check-config"},
        {"checkconfig", "check-config"},
        {"rum", "run"},
        {"decoed", "decode"},
        {"start", NULL},
        {"", NULL},
        {"x", NULL},
        {"frobnicate", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest = mqc__spelling_nearest(cases[i].name);
        CHECK_TEXT(nearest != NULL ? nearest : "nothing",
                   cases[i].expected != NULL ? cases[i].expected : "nothing");
    }
}

static void test_commands_are_found_by_their_names(void)
{
    for (const struct mqc__command *command = mqc__commands; command->name != NULL; command++) {
        CHECK(mqc__command_find(command->name) == command);
        CHECK_TEXT(mqc__spelling_nearest(command->name), command->name);
        CHECK(command->summary[0] != '\0' && command->run != NULL);
    }
    CHECK(mqc__command_find("") == NULL);
    CHECK(mqc__command_find("ru") == NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"distance", test_distance_counts_single_changes},
        {"nearest", test_nearest_finds_what_was_meant},
        {"commands", test_commands_are_found_by_their_names},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cli.spelling", tests);
}
