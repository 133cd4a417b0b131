#include "metrics/prometheus.h"
#include "support/suite.h"

#include <locale.h>
#include <math.h>

struct page {
    struct mqc__buffer out;
    struct mqc__prometheus writer;
};

static void open_page(struct page *page, const char *node)
{
    mqc__buffer_init(&page->out, (size_t)1 << 20);
    mqc__prometheus_init(&page->writer, &page->out, mqc_view_text(node));
}

static void close_page(struct page *page, const char *expected)
{
    CHECK(!mqc__buffer_failed(&page->out));
    CHECK_VIEW_TEXT(mqc__buffer_view(&page->out), expected);
    mqc__buffer_fini(&page->out);
}

static void test_prometheus_counter_has_help_type_and_total(void)
{
    struct page page;
    open_page(&page, "");
    mqc__prometheus_counter(&page.writer, "mqc_events", "Events.", UINT64_MAX);
    close_page(&page, "# HELP mqc_events_total Events.\n"
                      "# TYPE mqc_events_total counter\n"
                      "mqc_events_total 18446744073709551615\n");
}

static void test_prometheus_labels_follow_the_node(void)
{
    const struct mqc__prometheus_label items[] = {{"app", mqc_view_text("edge")},
                                                  {"topic", mqc_view_text("/a")}};
    struct page page;
    open_page(&page, "worker-1");
    mqc__prometheus_begin_counter(&page.writer, "mqc_events", "Events.");
    mqc__prometheus_count(&page.writer, (struct mqc__prometheus_labels){items, 2}, 1);
    mqc__prometheus_count(&page.writer, (struct mqc__prometheus_labels){items, 1}, 2);
    mqc__prometheus_gauge(&page.writer, "mqc_up", "Whether.", 1);
    close_page(&page, "# HELP mqc_events_total Events.\n"
                      "# TYPE mqc_events_total counter\n"
                      "mqc_events_total{node=\"worker-1\",app=\"edge\",topic=\"/a\"} 1\n"
                      "mqc_events_total{node=\"worker-1\",app=\"edge\"} 2\n"
                      "# HELP mqc_up Whether.\n"
                      "# TYPE mqc_up gauge\n"
                      "mqc_up{node=\"worker-1\"} 1\n");
}

static void test_prometheus_label_of_any_bytes_is_valid_text(void)
{
    static const struct {
        struct mqc_view value;
        const char *text;
    } cases[] = {
        {{"plain", 5}, "plain"},
        {{"", 0}, ""},
        {{NULL, 0}, ""},
        {{"a\"b\\c", 5}, "a\\\"b\\\\c"},
        {{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9}, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {{"a\nb\r", 4},
         "a\xef\xbf\xbd"
         "b\xef\xbf\xbd"},
        {{"\0\x7f", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"\xff\xc3", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"\xc2\x85z", 3}, "\xef\xbf\xbd\xef\xbf\xbdz"},
        {{"\xed\xa0\x80", 3}, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc__prometheus_label label = {"l", cases[i].value};
        char expected[128];
        struct page page;
        open_page(&page, NULL);
        mqc__prometheus_begin_gauge(&page.writer, "g", "G.");
        mqc__prometheus_count(&page.writer, (struct mqc__prometheus_labels){&label, 1}, 0);
        (void)snprintf(expected, sizeof expected, "# HELP g G.\n# TYPE g gauge\ng{l=\"%s\"} 0\n",
                       cases[i].text);
        close_page(&page, expected);
    }
}

static void test_prometheus_clean_is_done_once(void)
{
    char room[3 * 8];
    const struct mqc_view good = mqc_view_text("\xc3\xa4\"\\");
    CHECK(mqc__prometheus_clean(good, room).data == good.data);
    const struct mqc_view clean = mqc__prometheus_clean(mqc_view_bytes("a\xff\n\xc3\xa4", 5), room);
    CHECK_VIEW_TEXT(clean, "a\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4");
    char again[3 * 24];
    CHECK(mqc__prometheus_clean(clean, again).data == clean.data);
    CHECK_UNSIGNED(mqc__prometheus_clean(mqc_view_bytes("\1\2\3\4\5\6\7\x0e", 8), room).size,
                   sizeof room);
}

static void test_prometheus_number_is_written_as_readers_expect(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e300, "1e+300"},
        {1e-7, "1e-07"},
        {NAN, "NaN"},
        {INFINITY, "+Inf"},
        {-INFINITY, "-Inf"},
        {1700000000.123456, "1700000000.123456"},
        {0.1 + 0.2, "0.30000000000000004"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[128];
        struct page page;
        open_page(&page, "");
        mqc__prometheus_gauge(&page.writer, "g", "G.", cases[i].value);
        (void)snprintf(expected, sizeof expected, "# HELP g G.\n# TYPE g gauge\ng %s\n",
                       cases[i].text);
        close_page(&page, expected);
    }
}

static void test_prometheus_number_has_a_point_in_every_locale(void)
{
    struct page page;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL) {
        suite_skip("no locale with a decimal comma");
        return;
    }
    open_page(&page, "");
    mqc__prometheus_gauge(&page.writer, "g", "G.", 0.5);
    (void)setlocale(LC_NUMERIC, "C");
    close_page(&page, "# HELP g G.\n# TYPE g gauge\ng 0.5\n");
}

static void test_prometheus_histogram_is_cumulative(void)
{
    static const uint64_t bounds[] = {10, 50};
    static const uint64_t counts[] = {1, 0, 3};
    const struct mqc__prometheus_histogram histogram = {bounds, 2, counts, 1000};
    const struct mqc__prometheus_label label = {"topic", mqc_view_text("t")};
    struct page page;
    open_page(&page, "n");
    mqc__prometheus_begin_histogram(&page.writer, "sizes", "Bytes.");
    mqc__prometheus_histogram(&page.writer, (struct mqc__prometheus_labels){&label, 1}, &histogram);
    close_page(&page, "# HELP sizes Bytes.\n"
                      "# TYPE sizes histogram\n"
                      "sizes_bucket{node=\"n\",topic=\"t\",le=\"10\"} 1\n"
                      "sizes_bucket{node=\"n\",topic=\"t\",le=\"50\"} 1\n"
                      "sizes_bucket{node=\"n\",topic=\"t\",le=\"+Inf\"} 4\n"
                      "sizes_sum{node=\"n\",topic=\"t\"} 1000\n"
                      "sizes_count{node=\"n\",topic=\"t\"} 4\n");
}

static void test_prometheus_over_the_limit_is_remembered(void)
{
    struct mqc__buffer out;
    struct mqc__prometheus writer;
    mqc__buffer_init(&out, 50);
    mqc__prometheus_init(&writer, &out, mqc_view_text(NULL));
    mqc__prometheus_counter(&writer, "mqc_events", "A help that fills the buffer.", 1);
    mqc__prometheus_counter(&writer, "a", "b", 1);
    CHECK(mqc__buffer_failed(&out));
    mqc__buffer_fini(&out);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"counter", test_prometheus_counter_has_help_type_and_total},
        {"labels", test_prometheus_labels_follow_the_node},
        {"any bytes", test_prometheus_label_of_any_bytes_is_valid_text},
        {"clean", test_prometheus_clean_is_done_once},
        {"numbers", test_prometheus_number_is_written_as_readers_expect},
        {"locale", test_prometheus_number_has_a_point_in_every_locale},
        {"histogram", test_prometheus_histogram_is_cumulative},
        {"limit", test_prometheus_over_the_limit_is_remembered},
        CU_TEST_INFO_NULL,
    };
    return suite_run("metrics.prometheus", tests);
}
