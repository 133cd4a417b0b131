#include "backend/interests.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

#define BOTH (MQC__INTEREST_NODE | MQC__INTEREST_GATEWAY)
#define EVENT "mqcluster/c/event/"

static struct mqc__interests *interests;

static void begin(void)
{
    interests = mqc__interests_new("mqcluster/c");
    REQUIRE(interests != NULL);
}

static void end(void)
{
    mqc__interests_free(&interests);
    CHECK(interests == NULL);
    mqc__interests_free(&interests);
}

static void node(const char *prefix)
{
    bool is_change = false;
    CHECK_INT(
        mqc__interests_add(interests, mqc_view_text(prefix), MQC_MATCH_PREFIX, &is_change, NULL),
        MQC_OK);
}

static void web(const char *prefix)
{
    bool is_change = false;
    CHECK_INT(mqc__interests_ref(interests, mqc_view_text(prefix), &is_change, NULL), MQC_OK);
}

static unsigned match(unsigned who, const char *topic)
{
    return mqc__interests_match(interests, who, mqc_view_text(topic));
}

static void check_filters(unsigned who, const struct mqc__cover_rule *rule, const char *expected)
{
    const char **filters = calloc(mqc__interests_count(interests) + 1, sizeof *filters);
    REQUIRE(filters != NULL);
    char text[400] = "";
    const size_t count = mqc__interests_filters(interests, who, rule, filters);
    for (size_t i = 0; i < count; i++) {
        CHECK(strncmp(filters[i], EVENT, sizeof EVENT - 1) == 0);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s ",
                       filters[i] + sizeof EVENT - 1);
    }
    free(filters);
    CHECK_TEXT(text, expected);
}

static void test_interests_are_told_apart(void)
{
    begin();
    node("a/node");
    web("a/web");
    node("both");
    web("bo");
    CHECK_UNSIGNED(match(BOTH, "a/node/1"), MQC__INTEREST_NODE);
    CHECK_UNSIGNED(match(BOTH, "a/web/1"), MQC__INTEREST_GATEWAY);
    CHECK_UNSIGNED(match(BOTH, "both"), BOTH);
    CHECK_UNSIGNED(match(BOTH, "bo"), MQC__INTEREST_GATEWAY);
    CHECK_UNSIGNED(match(BOTH, "a/"), 0);
    CHECK_UNSIGNED(match(MQC__INTEREST_NODE, "a/web/1"), 0);
    CHECK_UNSIGNED(match(MQC__INTEREST_NODE, "both"), MQC__INTEREST_NODE);
    CHECK_UNSIGNED(match(MQC__INTEREST_GATEWAY, "both"), MQC__INTEREST_GATEWAY);
    CHECK_UNSIGNED(match(0, "both"), 0);
    end();
}

static bool is_all(void *context, const char *filter)
{
    return strcmp(filter, context) == 0;
}

static void test_interests_share_their_filters(void)
{
    begin();
    check_filters(BOTH, NULL, "");
    node("a/b/");
    web("a/b/c");
    web("a/b/d/");
    web("z/");
    check_filters(BOTH, NULL, "a/b/# z/# ");
    check_filters(MQC__INTEREST_NODE, NULL, "a/b/# ");
    check_filters(MQC__INTEREST_GATEWAY, NULL, "a/b/# z/# ");
    web("");
    check_filters(BOTH, NULL, "# ");
    check_filters(MQC__INTEREST_NODE, NULL, "a/b/# ");
    const struct mqc__cover_rule rule = {(void *)EVENT "#", is_all};
    check_filters(BOTH, &rule, "# a/b/# z/# ");
    end();
}

static void test_interests_of_the_gateway_are_counted(void)
{
    const struct mqc_view prefix = mqc_view_text("a");
    bool is_change = false;
    begin();
    CHECK_INT(mqc__interests_unref(interests, prefix, &is_change), MQC_ENOTFOUND);
    CHECK(!is_change);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(mqc__interests_ref(interests, prefix, &is_change, NULL), MQC_OK);
        CHECK(is_change == (i == 0));
    }
    CHECK_UNSIGNED(mqc__interests_count(interests), 1);
    /* The node's is another one, and counts once. */
    for (int i = 0; i < 2; i++) {
        CHECK_INT(mqc__interests_add(interests, prefix, MQC_MATCH_PREFIX, &is_change, NULL),
                  MQC_OK);
        CHECK(is_change == (i == 0));
    }
    for (int i = 0; i < 3; i++) {
        CHECK_UNSIGNED(match(BOTH, "a"), BOTH);
        CHECK_INT(mqc__interests_unref(interests, prefix, &is_change), MQC_OK);
        CHECK(is_change == (i == 2));
    }
    CHECK_UNSIGNED(match(BOTH, "a"), MQC__INTEREST_NODE);
    CHECK_INT(mqc__interests_remove(interests, prefix, MQC_MATCH_PREFIX), MQC_OK);
    CHECK_INT(mqc__interests_remove(interests, prefix, MQC_MATCH_PREFIX), MQC_ENOTFOUND);
    CHECK_UNSIGNED(match(BOTH, "a"), 0);
    end();
}

static void test_interests_of_the_gateway_are_bounded_in_bytes(void)
{
    static char text[MQC__GATEWAY_PREFIX_BYTES_MAX + 1];
    struct mqc_error_info info;
    bool is_change = false;
    begin();
    memset(text, 'x', sizeof text);
    CHECK_INT(mqc__interests_ref(interests, mqc_view_bytes(text, sizeof text), &is_change, &info),
              MQC_ETOOLARGE);
    const size_t size = sizeof text - 1;
    unsigned count = 0;
    enum mqc_error error = MQC_OK;
    while (error == MQC_OK && count < 5000) {
        (void)snprintf(text, 10, "%08u", count);
        error = mqc__interests_ref(interests, mqc_view_bytes(text, size), &is_change, &info);
        count += error == MQC_OK;
    }
    CHECK_INT(error, MQC_EFULL);
    CHECK_CONTAINS(info.text, "too many topic prefixes");
    CHECK_UNSIGNED(count, MQC__GATEWAY_BYTES_MAX / size);
    CHECK(!is_change);
    /* What goes makes room. */
    (void)snprintf(text, 10, "%08u", 0);
    CHECK_INT(mqc__interests_unref(interests, mqc_view_bytes(text, size), &is_change), MQC_OK);
    (void)snprintf(text, 10, "%08u", count);
    CHECK_INT(mqc__interests_ref(interests, mqc_view_bytes(text, size), &is_change, &info), MQC_OK);
    end();
}

static void test_interests_of_the_gateway_are_bounded_in_number(void)
{
    char text[20];
    bool is_change = false;
    begin();
    for (unsigned i = 0; i < MQC__GATEWAY_PREFIXES_MAX; i++) {
        (void)snprintf(text, sizeof text, "%06u", i);
        CHECK_INT(mqc__interests_ref(interests, mqc_view_text(text), &is_change, NULL), MQC_OK);
    }
    CHECK_INT(mqc__interests_ref(interests, mqc_view_text("x"), &is_change, NULL), MQC_EFULL);
    CHECK_UNSIGNED(match(BOTH, "099999/x"), MQC__INTEREST_GATEWAY);
    CHECK_UNSIGNED(match(BOTH, "x"), 0);
    node("x");
    CHECK_UNSIGNED(match(BOTH, "x"), MQC__INTEREST_NODE);
    end();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"are_told_apart", test_interests_are_told_apart},
        {"share_their_filters", test_interests_share_their_filters},
        {"of_the_gateway_are_counted", test_interests_of_the_gateway_are_counted},
        {"of_the_gateway_are_bounded_in_bytes", test_interests_of_the_gateway_are_bounded_in_bytes},
        {"of_the_gateway_are_bounded_in_number",
         test_interests_of_the_gateway_are_bounded_in_number},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.interests", tests);
}
