#include "loading.h"

#include "base/utf8.h"
#include "cluster/node_type.h"
#include "config/config_priv.h"
#include "config/scalar.h"
#include "config/spelling.h"

static void test_option_table_is_sound(void)
{
    CHECK(mqc__option_count() <= MQC__OPTION_LIMIT);
    CHECK(mqc__option_at(mqc__option_count()) == NULL);
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        const struct mqc__option *section = mqc__option_section(option);
        CHECK(mqc__option_index(option) == i);
        CHECK(mqc__option_find(mqc_view_text(option->path)) == option);
        CHECK(mqc__option_child(section, mqc_view_text(mqc__option_name(option))) == option);
        CHECK(option->doc != NULL && strlen(option->doc) > 20);
        CHECK((strchr(option->path, '.') != NULL) == (section != NULL));
        CHECK(section == NULL ||
              ((section->kind == MQC__OPTION_SECTION || section->kind == MQC__OPTION_WEBSOCKETS) &&
               mqc__option_index(section) < i));
        CHECK(option->excludes == NULL ||
              mqc__option_find(mqc_view_text(option->excludes)) != NULL);
        CHECK(option->kind == MQC__OPTION_SECTION || option->kind == MQC__OPTION_WEBSOCKETS ||
              option->example != NULL || option->default_text != NULL);
        CHECK((option->kind == MQC__OPTION_TEXTS || option->kind == MQC__OPTION_URI ||
               option->kind == MQC__OPTION_URIS) == (option->count_offset != 0));
        CHECK(!option->may_be_off || option->kind == MQC__OPTION_DURATION);
        CHECK(mqc__option_is_of_websocket(option) ==
              (section != NULL &&
               (section->kind == MQC__OPTION_WEBSOCKETS || mqc__option_is_of_websocket(section))));
        CHECK((option->kind == MQC__OPTION_CHOICES) == (option->given_offset != 0));
        CHECK((option->choices != NULL) ==
              (option->kind == MQC__OPTION_CHOICE || option->kind == MQC__OPTION_BYTE_CHOICE ||
               option->kind == MQC__OPTION_CHOICES));
    }
}

static void test_option_default_is_written_in_its_shortest_form(void)
{
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "websocket.listen_port", "27759", NULL), MQC_OK);
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        char text[MQC__SCALAR_BYTES];
        if (option->max == 0)
            continue;
        const struct mqc__settings *settings = mqc__config_settings(config);
        const char *target = mqc__option_is_of_websocket(option)
                                 ? (const char *)settings->websockets
                                 : (const char *)settings;
        const uint64_t number = *(const uint64_t *)(const void *)(target + option->offset);
        uint64_t again = 1;
        CHECK(number >= option->min && number <= option->max);
        (void)mqc__scalar_format(option->kind, number, text);
        CHECK_INT(mqc__scalar_number(option, mqc_view_text(text), &again, NULL), MQC_OK);
        CHECK_UNSIGNED(again, number);
    }
    mqc_config_free(&config);
}

static void test_scalar_format_uses_the_largest_exact_unit(void)
{
    static const struct {
        enum mqc__option_kind kind;
        uint64_t number;
        const char *text;
    } cases[] = {
        {MQC__OPTION_SIZE, 0, "0"},
        {MQC__OPTION_SIZE, 1, "1"},
        {MQC__OPTION_SIZE, 1000, "1000"},
        {MQC__OPTION_SIZE, 1024, "1KiB"},
        {MQC__OPTION_SIZE, 1536, "1536"},
        {MQC__OPTION_SIZE, 3 << 20, "3MiB"},
        {MQC__OPTION_SIZE, UINT64_C(4) << 30, "4GiB"},
        {MQC__OPTION_DURATION, 0, "0"},
        {MQC__OPTION_DURATION, 1, "1ms"},
        {MQC__OPTION_DURATION, 1500, "1500ms"},
        {MQC__OPTION_DURATION, 90000, "90s"},
        {MQC__OPTION_DURATION, 3600000, "1h"},
        {MQC__OPTION_DURATION, 86400000, "1d"},
        {MQC__OPTION_INTEGER, 0, "0"},
        {MQC__OPTION_INTEGER, UINT64_MAX, "18446744073709551615"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[MQC__SCALAR_BYTES];
        CHECK_TEXT(mqc__scalar_format(cases[i].kind, cases[i].number, text), cases[i].text);
    }
}

static void test_spelling_distance_counts_slips(void)
{
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},       {"", "abc", 3},           {"abc", "", 3},      {"uri", "uri", 0},
        {"uri", "url", 1}, {"uri", "uir", 1},        {"uri", "uris", 1},  {"uri", "ri", 1},
        {"ab", "ba", 1},   {"kitten", "sitting", 3}, {"abcd", "badc", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_view a = mqc_view_text(cases[i].a);
        const struct mqc_view b = mqc_view_text(cases[i].b);
        CHECK_UNSIGNED(mqc__spelling_distance(a, b), cases[i].distance);
        CHECK_UNSIGNED(mqc__spelling_distance(b, a), cases[i].distance);
    }
    const char *longest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    CHECK(mqc__spelling_distance(mqc_view_text(longest), mqc_view_text("a")) > 1000);
    CHECK_UNSIGNED(mqc__spelling_distance(mqc_view_text(longest + 1), mqc_view_text("a")), 39);
}

static void test_utf8_agrees_with_the_standard(void)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xed\x9f\xbf", 3},
        {"", 0},
        {"\x80", 0},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc3", 0},
        {"\xc3x", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xed\xa0\x80", 0},
        {"\xe2\x82", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_UNSIGNED(mqc__utf8_next(mqc_view_text(cases[i].text)), cases[i].length);
}

static void test_excerpt_is_printable_and_short(void)
{
    static const char euro[] = "\xe2\x82\xac";
    char excerpt[MQC__EXCERPT_BYTES];
    char text[301] = "";
    CHECK_TEXT(mqc__excerpt(mqc_view_text("plain"), excerpt), "'plain'");
    CHECK_TEXT(mqc__excerpt(mqc_view_bytes("a\0\x1b\xff", 4), excerpt), "'a\\x00\\x1b\\xff'");
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 3 * i, euro, 4);
    (void)mqc__excerpt(mqc_view_text(text), excerpt);
    CHECK(strlen(excerpt) < sizeof excerpt);
    CHECK(mqc__utf8_is_valid(mqc_view_text(excerpt)));
    CHECK_CONTAINS(excerpt, "...'");
    memset(text, 1, 300);
    CHECK(strlen(mqc__excerpt(mqc_view_text(text), excerpt)) < sizeof excerpt);
}

/* A `type:` of the configuration is the name that the cluster's topics and errors use. */
static void test_node_types_have_the_names_of_the_cluster(void)
{
    for (const struct mqc__choice *choice = mqc__node_type_choices; choice->name != NULL; choice++)
        CHECK_TEXT(mqc__node_type_name((enum mqc__node_type)choice->value), choice->name);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"table", test_option_table_is_sound},
        {"defaults", test_option_default_is_written_in_its_shortest_form},
        {"format", test_scalar_format_uses_the_largest_exact_unit},
        {"spelling", test_spelling_distance_counts_slips},
        {"utf8", test_utf8_agrees_with_the_standard},
        {"excerpt", test_excerpt_is_printable_and_short},
        {"node types", test_node_types_have_the_names_of_the_cluster},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.option", tests);
}
