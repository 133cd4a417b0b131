#include "support/suite.h"

#include "base/utf8.h"

static void test_next_well_formed_gives_length_and_code_point(void)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t point;
    } cases[] = {
        {"A", 1, 0x41},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7ff},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xed\x9f\xbf", 3, 0xd7ff},
        {"\xee\x80\x80", 3, 0xe000},
        {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_view text = mqc_view_text(cases[i].text);
        CHECK_UNSIGNED(mqc__utf8_next(text), cases[i].length);
        CHECK_UNSIGNED(mqc__utf8_code_point(text, cases[i].length), cases[i].point);
        CHECK(mqc__utf8_is_valid(text));
        for (size_t cut = 0; cut < cases[i].length; cut++)
            CHECK_UNSIGNED(mqc__utf8_next(mqc_view_bytes(text.data, cut)), 0);
    }
}

static void test_next_ill_formed_gives_zero(void)
{
    static const char *const cases[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe1\x80\x41",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_UNSIGNED(mqc__utf8_next(mqc_view_text(cases[i])), 0);
        CHECK(!mqc__utf8_is_valid(mqc_view_text(cases[i])));
    }
}

/* An independent reading of the same table: what some character begins with is unfinished. */
static void test_is_unfinished_agrees_with_what_can_be_finished(void)
{
    for (unsigned first = 0; first < 256; first++) {
        bool can_be_finished = false;
        for (unsigned second = 0; second < 256; second++) {
            const unsigned char text[] = {(unsigned char)first, (unsigned char)second, 0x80, 0x80};
            bool is_begun = false;
            for (size_t size = 3; size <= 4; size++)
                is_begun = is_begun || mqc__utf8_next(mqc_view_bytes(text, size)) == size;
            const bool is_whole = mqc__utf8_next(mqc_view_bytes(text, 2)) == 2;
            CHECK(mqc__utf8_is_unfinished(mqc_view_bytes(text, 2)) == is_begun);
            CHECK(!mqc__utf8_is_unfinished(mqc_view_bytes(text, 4)));
            can_be_finished = can_be_finished || is_begun || is_whole;
        }
        const unsigned char byte = (unsigned char)first;
        CHECK(mqc__utf8_is_unfinished(mqc_view_bytes(&byte, 1)) == can_be_finished);
    }
    CHECK(mqc__utf8_is_unfinished(mqc_view_text("\xf0\x9f\x98")));
    CHECK(!mqc__utf8_is_unfinished(mqc_view_text("\xf0\x9f\x41")));
    CHECK(!mqc__utf8_is_unfinished(mqc_view_text("\xe2\x82\xac")));
    CHECK(!mqc__utf8_is_unfinished(mqc_view_text("")));
}

static void test_valid_size_ends_at_the_first_bad_byte(void)
{
    char text[40];
    memset(text, 'a', sizeof text);
    CHECK_UNSIGNED(mqc__utf8_valid_size(mqc_view_bytes(text, sizeof text)), sizeof text);
    for (size_t at = 0; at < sizeof text; at++) {
        text[at] = '\xff';
        CHECK_UNSIGNED(mqc__utf8_valid_size(mqc_view_bytes(text, sizeof text)), at);
        text[at] = '\xc3';
        CHECK_UNSIGNED(mqc__utf8_valid_size(mqc_view_bytes(text, at + 1)), at);
        text[at] = 'a';
    }
    CHECK_UNSIGNED(mqc__utf8_valid_size(mqc_view_text("\xe2\x82\xac\xe2\x82")), 3);
    CHECK_UNSIGNED(mqc__utf8_valid_size(mqc_view_text("")), 0);
    CHECK_UNSIGNED(mqc__utf8_valid_size((struct mqc_view){NULL, 0}), 0);
}

static void test_excerpt_quotes_cuts_and_escapes(void)
{
    char excerpt[MQC__EXCERPT_BYTES];
    CHECK_TEXT(mqc__excerpt(mqc_view_text("plain \xc3\xa4"), excerpt), "'plain \xc3\xa4'");
    CHECK_TEXT(mqc__excerpt(mqc_view_bytes("a\0\n\xff", 4), excerpt), "'a\\x00\\x0a\\xff'");
    char large[500];
    memset(large, '\n', sizeof large);
    CHECK(strlen(mqc__excerpt(mqc_view_bytes(large, sizeof large), excerpt)) < MQC__EXCERPT_BYTES);
    CHECK_CONTAINS(excerpt, "...'");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"next_well_formed_gives_length_and_code_point",
         test_next_well_formed_gives_length_and_code_point},
        {"next_ill_formed_gives_zero", test_next_ill_formed_gives_zero},
        {"is_unfinished_agrees_with_what_can_be_finished",
         test_is_unfinished_agrees_with_what_can_be_finished},
        {"valid_size_ends_at_the_first_bad_byte", test_valid_size_ends_at_the_first_bad_byte},
        {"excerpt_quotes_cuts_and_escapes", test_excerpt_quotes_cuts_and_escapes},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.utf8", tests);
}
