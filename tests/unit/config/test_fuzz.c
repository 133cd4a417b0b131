#include "loading.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

/* Something of everything that the loader reads. */
static const char rich[] =
    "cluster: {name: c, root: r/c, topic_separator: ., lease: 3s, watch: [worker, proxy]}\n"
    "node: n\nbroker:\n  uris: [mqtts://a, 'mqtt://[::1]:1']\n"
    "  keep_alive: 5s\n  username: ${HOME:-u}\n  password: \"p\\x41$$\"\n"
    "tls: {ca_file: ca.pem, ca_path: \"${HOME:-/}\", alpn: [a, b], ciphers: '[A, B]'}\n"
    "delivery:\n  outbox_bytes: 64MiB\n  prefixes:\n  - {prefix: a/, guarantee: broker}\n"
    "nodes:\n  n: &t {type: worker}\n  m: *t\n"
    "membership: static\nmanager_is_logger: false\n"
    "pools:\n  a: {type: worker, max_nodes: 2, exclusive: true}\n  b: {type: proxy, topic: b}\n"
    "  c: *t\n"
    "events:\n  e: {args: [{a: count}, {b: \"table[addr] of set[string]\"}]}\n"
    "strict_events: true\n"
    "websocket:\n- {listen_addr: '::1', ping_interval: off, tls_options: {cert_file: c, key_file: "
    "k}}\n"
    "- &w {bearer_token: t, allowed_origins: ['https://h'], serve: [metrics]}\n"
    "metrics: {core: [info, debug], max_series: 7}\n";

/* Loading must end, with a configuration or with a problem; load_bytes checks that. */
static void load_any(const char *bytes, size_t size)
{
    const struct loaded *loaded = load_bytes(bytes, size);
    CHECK(loaded->error == MQC_OK || loaded->error == MQC_ECONFIG);
}

static void test_fuzz_cut_at_every_byte_ends_well(void)
{
    CHECK_INT(load_text(rich)->error, MQC_OK);
    for (size_t size = 0; size < sizeof rich; size++)
        load_any(rich, size);
    unload();
}

/* Says whether a cut there is in the middle of a comment, where one is as good as the other. */
static bool is_in_comment(const char *text, size_t cut)
{
    const char *line = memrchr(text, '\n', cut);
    const char *start = line != NULL ? line + 1 : text;
    const char *hash = memchr(start, '#', (size_t)(text + cut - start));
    return hash != NULL && (size_t)(text + cut - hash) > 4 && text[cut] != '\n';
}

static void test_fuzz_sample_cut_at_every_byte_ends_well(void)
{
    char *sample = NULL;
    size_t size = 0;
    REQUIRE(test_read_file(MQC_TEST_SOURCE_DIR "/config/mqcluster.yaml", &sample, &size));
    for (size_t cut = 0; cut < size; cut++)
        if (!is_in_comment(sample, cut))
            load_any(sample, cut);
    free(sample);
    unload();
}

static void test_fuzz_changed_bytes_end_well(void)
{
    static const char odd[] = "{}[]:,-#&*!|>'\"%@` \t\n\r\0\xff$~?";
    struct test_random random = {42};
    for (unsigned i = 0; i < 2000; i++) {
        char text[sizeof rich];
        memcpy(text, rich, sizeof rich);
        for (unsigned change = 0; change <= i % 4; change++)
            text[test_random_below(&random, sizeof rich - 1)] =
                odd[test_random_below(&random, sizeof odd - 1)];
        load_any(text, sizeof rich - 1);
    }
    unload();
}

static void test_fuzz_alias_bomb_is_harmless(void)
{
    const struct loaded *loaded = load_text("a: &a [x,x,x,x,x,x,x,x,x]\n"
                                            "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                            "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                            "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                                            "nodes: *d\n"
                                            "events: {e: {args: *d}}\n");
    CHECK_INT(loaded->error, MQC_ECONFIG);
    CHECK(loaded->count < 30);
    unload();
}

static void test_fuzz_alias_of_itself_is_harmless(void)
{
    static const char *const files[] = {
        "events: &e {a: *e}\n",
        "events: {e: {args: &a [*a, {n: *a}]}}\n",
        "nodes: &n {n: *n}\n",
        "pools: &p {p: *p}\n",
        "pools: {p: &p {type: *p, topic: *p, max_nodes: *p, exclusive: *p}}\n",
        "cluster: {watch: &w [*w]}\n",
        "&r cluster: *r\n",
        "&r\ncluster: *r\nbroker: *r\n",
        "delivery: {prefixes: &p [*p, {prefix: *p, guarantee: *p}]}\n",
        "broker: {uris: &u [*u]}\n",
        "tls: {alpn: &a [*a]}\n",
        "websocket: &w [*w]\n",
        "websocket: &w {tls_options: *w, serve: *w}\n",
        "websocket: [&w {tls_options: {tls_options: *w}}, *w, *w]\n",
        "tls: &t {ca_file: *t, ciphers: *t}\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        CHECK_INT(load_text(files[i])->error, MQC_ECONFIG);
    unload();
}

/* Loads head, then `part` as often as given, then tail. */
static const struct loaded *load_repeated(const char *head, const char *part, size_t count,
                                          const char *tail)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, (size_t)4 << 20);
    CHECK(mqc__buffer_append_text(&buffer, head));
    for (size_t i = 0; i < count; i++)
        CHECK(mqc__buffer_append_text(&buffer, part));
    CHECK(mqc__buffer_append_text(&buffer, tail));
    const struct mqc_view text = mqc__buffer_view(&buffer);
    const struct loaded *loaded = load_bytes(text.data, text.size);
    mqc__buffer_fini(&buffer);
    return loaded;
}

static void test_fuzz_over_the_limits_is_refused(void)
{
    static const struct {
        const char *head;
        const char *part;
        size_t count;
        const char *text;
    } cases[] = {
        {"a: ", "[", 100000, "too many levels of nesting; at most 32"},
        {"a: ", "{a: ", 100000, "too many levels of nesting"},
        {"", "- ", 100000, "too many levels of nesting"},
        {"a: [", "&a x, ", 100000, "too many anchors"},
        {"a: [&a x", ", *a", 100000, "too many aliases"},
        {"# ", "x", 1 << 20, "larger than 1048576 bytes"},
        {"broker: {uris: [", "x, ", 65, "this is no YAML"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct loaded *loaded =
            load_repeated(cases[i].head, cases[i].part, cases[i].count, "");
        CHECK_INT(loaded->error, MQC_ECONFIG);
        CHECK_UNSIGNED(loaded->count, 1);
        CHECK_CONTAINS(loaded->problems[0].text, cases[i].text);
    }
    CHECK_CONTAINS(load_repeated("broker: {uris: [", "x, ", 65, "]}")->problems[0].text,
                   "65 entries, at most 64");
    CHECK_CONTAINS(load_repeated("tls: {alpn: [", "x, ", 65, "]}")->problems[0].text,
                   "65 entries, at most 64");
    CHECK_CONTAINS(load_repeated("websocket: [", "{}, ", 65, "]")->problems[0].text,
                   "65 entries, at most 64");
    CHECK_CONTAINS(load_repeated("events: {e: {args: [", "x, ", 257, "]}}")->problems[0].text,
                   "257 parameters, at most 256");
    unload();
}

static void test_fuzz_very_many_mistakes_are_cut_off(void)
{
    const struct loaded *loaded = load_repeated("", "x: 1\n", 3000, "");
    CHECK_UNSIGNED(loaded->count, 201);
    CHECK_CONTAINS(loaded->problems[200].text, "more mistakes");
    CHECK_UNSIGNED(load_repeated("a:\n", "\tb: 1\n", 3000, "")->count, 201);
    CHECK_UNSIGNED(load_repeated("nodes: {", "x: 1, ", 3000, "}")->count, 201);
    CHECK_UNSIGNED(load_repeated("cluster: {watch: [", "x, ", 3000, "]}")->count, 201);
    CHECK_UNSIGNED(load_repeated("", "\xff\n", 3000, "")->count, 201);
    unload();
}

static void test_fuzz_large_aliases_stay_within_the_memory_limit(void)
{
    /* Each alias stands for the same 250 parameters. */
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, (size_t)4 << 20);
    CHECK(mqc__buffer_append_text(&buffer, "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"
                                           "events:\n  e: &e {args: ["));
    for (unsigned i = 0; i < 250; i++) {
        char part[200];
        (void)snprintf(part, sizeof part,
                       "{p%u: \"record { a: table[addr, port] of set[string]; b: table[count] of "
                       "set[addr]; }\"}, ",
                       i);
        CHECK(mqc__buffer_append_text(&buffer, part));
    }
    CHECK(mqc__buffer_append_text(&buffer, "]}\n"));
    for (unsigned i = 0; i < 250; i++) {
        char part[40];
        (void)snprintf(part, sizeof part, "  e%u: *e\n", i);
        CHECK(mqc__buffer_append_text(&buffer, part));
    }
    const struct mqc_view text = mqc__buffer_view(&buffer);
    const struct loaded *loaded = load_bytes(text.data, text.size);
    CHECK_INT(loaded->error, MQC_ENOMEM);
    CHECK_UNSIGNED(loaded->count, 1);
    CHECK_CONTAINS(loaded->problems[0].text, "at most 33554432 bytes");
    mqc__buffer_fini(&buffer);
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"cut", test_fuzz_cut_at_every_byte_ends_well},
        {"sample cut", test_fuzz_sample_cut_at_every_byte_ends_well},
        {"changed", test_fuzz_changed_bytes_end_well},
        {"alias bomb", test_fuzz_alias_bomb_is_harmless},
        {"alias of itself", test_fuzz_alias_of_itself_is_harmless},
        {"limits", test_fuzz_over_the_limits_is_refused},
        {"very many mistakes", test_fuzz_very_many_mistakes_are_cut_off},
        {"large aliases", test_fuzz_large_aliases_stay_within_the_memory_limit},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.fuzz", tests);
}
