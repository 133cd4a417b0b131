#include "support/suite.h"

#include "backend/declarations.h"

static enum mqc_error add(struct mqc__declarations *declarations, const char *name,
                          const char *params)
{
    struct mqc_error_info info;
    return mqc__declarations_add(declarations, mqc_view_text(name), mqc_view_text(params), &info);
}

static void test_add_same_again_is_fine_other_is_refused(void)
{
    struct mqc__declarations *declarations = mqc__declarations_new(false);
    CHECK_INT(add(declarations, "e", "a: count"), MQC_OK);
    CHECK_INT(add(declarations, "e", "other_name: count"), MQC_OK);
    CHECK_INT(add(declarations, "e", "a: int"), MQC_EEXIST);
    CHECK_INT(add(declarations, "e", "a: nonsense"), MQC_EINVAL);
    CHECK_INT(add(declarations, "", "a: count"), MQC_EINVAL);
    const struct mqc__signature *found = mqc__declarations_find(declarations, mqc_view_text("e"));
    REQUIRE(found != NULL);
    CHECK_VIEW_TEXT(found->params[0].name, "a");
    CHECK(mqc__declarations_find(declarations, mqc_view_text("f")) == NULL);
    mqc__declarations_free(&declarations);
}

/* Whatever was looked for before. */
static void test_find_in_any_order_finds_the_right_one(void)
{
    static const char *const names[] = {"a", "b", "ab", "a", "a", "c", "b", "c", "c", "ab", ""};
    struct mqc__declarations *declarations = mqc__declarations_new(false);
    CHECK_INT(add(declarations, "a", "x: count"), MQC_OK);
    CHECK_INT(add(declarations, "b", "x: count, y: count"), MQC_OK);
    CHECK_INT(add(declarations, "ab", ""), MQC_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mqc__signature *found =
            mqc__declarations_find(declarations, mqc_view_text(names[i]));
        const bool is_declared = names[i][0] == 'a' || names[i][0] == 'b';
        CHECK((found != NULL) == is_declared);
        if (found != NULL)
            CHECK_VIEW_TEXT(found->event, names[i]);
    }
    mqc__declarations_free(&declarations);
}

static void test_check_undeclared_depends_on_strictness(void)
{
    const struct mqc_event event = {.name = mqc_view_text("unknown")};
    for (int strict = 0; strict <= 1; strict++) {
        struct mqc__declarations *declarations = mqc__declarations_new(strict != 0);
        struct mqc_error_info info = {0};
        CHECK_INT(mqc__declarations_check(declarations, &event, &info),
                  strict != 0 ? MQC_EUNDECLARED : MQC_OK);
        CHECK_INT(add(declarations, "unknown", ""), MQC_OK);
        CHECK_INT(mqc__declarations_check(declarations, &event, &info), MQC_OK);
        mqc__declarations_free(&declarations);
    }
}

static void test_copy_outlives_its_source(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 16);
    struct mqc__signature signature;
    REQUIRE(mqc__signature_parse(&arena, mqc_view_text("e"), mqc_view_text("a: set[count]"),
                                 &signature, NULL) == MQC_OK);
    struct mqc__declarations *declarations = mqc__declarations_new(false);
    CHECK_INT(mqc__declarations_copy(declarations, &signature, NULL), MQC_OK);
    CHECK_INT(mqc__declarations_copy(declarations, &signature, NULL), MQC_OK);
    mqc__arena_fini(&arena);
    const struct mqc_value good[] = {mqc_set(NULL, 0)};
    const struct mqc_value bad[] = {mqc_count(1)};
    struct mqc_event event = {mqc_view_text("e"), good, 1, NULL, 0};
    CHECK_INT(mqc__declarations_check(declarations, &event, NULL), MQC_OK);
    event.args = bad;
    CHECK_INT(mqc__declarations_check(declarations, &event, NULL), MQC_ETYPE);
    mqc__declarations_free(&declarations);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"add_same_again_is_fine_other_is_refused", test_add_same_again_is_fine_other_is_refused},
        {"find_in_any_order_finds_the_right_one", test_find_in_any_order_finds_the_right_one},
        {"check_undeclared_depends_on_strictness", test_check_undeclared_depends_on_strictness},
        {"copy_outlives_its_source", test_copy_outlives_its_source},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.declarations", tests);
}
