#include "support/suite.h"

#include "value/check.h"
#include "value/copy.h"
#include "value/sort.h"

#include <math.h>
#include <stdlib.h>

static void test_compare_types_follows_zeek_rank(void)
{
    const uint8_t four[4] = {10, 0, 0, 1};
    const struct mqc_value rising[] = {
        mqc_none(),
        mqc_boolean(false),
        mqc_boolean(true),
        mqc_count(0),
        mqc_count(UINT64_MAX),
        mqc_integer(INT64_MIN),
        mqc_integer(-1),
        mqc_integer(1),
        mqc_real(-INFINITY),
        mqc_real(-0.0),
        mqc_real(0.0),
        mqc_real(1.5),
        mqc_real(INFINITY),
        mqc_real(NAN),
        mqc_string_text(""),
        mqc_string_text("a"),
        mqc_string_text("ab"),
        mqc_string_text("b"),
        mqc_string_text("\xff"),
        mqc_address_v4(four),
        {.type = MQC_TYPE_SUBNET, .as = {.subnet = {.length = 1}}},
        {.type = MQC_TYPE_SUBNET, .as = {.subnet = {.length = 2}}},
        mqc_port(53, MQC_PROTOCOL_UDP),
        mqc_port(80, MQC_PROTOCOL_UNKNOWN),
        mqc_port(80, MQC_PROTOCOL_TCP),
        mqc_timestamp(-1),
        mqc_timestamp(1),
        mqc_timespan(-5),
        mqc_enum_value("A"),
        mqc_set(NULL, 0),
        mqc_table(NULL, 0),
        mqc_vector(NULL, 0),
    };
    const size_t count = sizeof rising / sizeof rising[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const int order = mqc_value_compare(&rising[i], &rising[j]);
            CHECK_INT((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void test_compare_sets_ignores_input_order(void)
{
    const struct mqc_value one[] = {mqc_count(1), mqc_count(2), mqc_count(3)};
    const struct mqc_value other[] = {mqc_count(3), mqc_count(1), mqc_count(2)};
    const struct mqc_value a = mqc_set(one, 3);
    const struct mqc_value b = mqc_set(other, 3);
    CHECK_INT(mqc_value_compare(&a, &b), 0);
    const struct mqc_value vector_a = mqc_vector(one, 3);
    const struct mqc_value vector_b = mqc_vector(other, 3);
    CHECK(mqc_value_compare(&vector_a, &vector_b) < 0);
}

static void test_compare_tables_ignores_input_order(void)
{
    const struct mqc_entry one[] = {{mqc_string_text("a"), mqc_count(1)},
                                    {mqc_string_text("b"), mqc_count(2)}};
    const struct mqc_entry other[] = {{mqc_string_text("b"), mqc_count(2)},
                                      {mqc_string_text("a"), mqc_count(1)}};
    const struct mqc_value a = mqc_table(one, 2);
    const struct mqc_value b = mqc_table(other, 2);
    CHECK_INT(mqc_value_compare(&a, &b), 0);
}

static void test_sort_equal_elements_returns_false(void)
{
    struct mqc_value items[] = {mqc_count(2), mqc_count(1), mqc_count(2)};
    CHECK(!mqc__values_sort(items, 3));
    struct mqc_value distinct[] = {mqc_count(2), mqc_string_text("x"), mqc_count(1)};
    CHECK(mqc__values_sort(distinct, 3));
    CHECK_UNSIGNED(distinct[0].as.count, 1);
    CHECK_INT(distinct[2].type, MQC_TYPE_STRING);
    CHECK(mqc__values_sort(NULL, 0));
}

static struct mqc_value random_value(struct test_random *random, struct mqc__arena *arena,
                                     unsigned depth)
{
    static const char *const texts[] = {"", "a", "b", "ab", "\xff\xfe"};
    switch (test_random_below(random, depth < 3 ? 7 : 5)) {
    case 0: return mqc_count(test_random_below(random, 4));
    case 1: return mqc_string_text(texts[test_random_below(random, 5)]);
    case 2: return mqc_real((double)test_random_below(random, 3) - 1);
    case 3: return mqc_boolean(test_random_below(random, 2) != 0);
    case 4: return mqc_none();
    default: break;
    }
    const size_t count = (size_t)test_random_below(random, 4);
    struct mqc_value *items = mqc__arena_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = random_value(random, arena, depth + 1);
    return test_random_below(random, 2) != 0 ? mqc_vector(items, count) : mqc_set(items, count);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void test_compare_random_values_is_a_total_order(void)
{
    struct test_random random = {1};
    struct mqc__arena arena;
    mqc__arena_init(&arena, (size_t)64 << 20);
    for (int round = 0; round < 3000; round++) {
        const struct mqc_value a = random_value(&random, &arena, 0);
        const struct mqc_value b = random_value(&random, &arena, 0);
        const struct mqc_value c = random_value(&random, &arena, 0);
        CHECK_INT(mqc_value_compare(&a, &a), 0);
        CHECK_INT(sign(mqc_value_compare(&a, &b)), -sign(mqc_value_compare(&b, &a)));
        if (mqc_value_compare(&a, &b) <= 0 && mqc_value_compare(&b, &c) <= 0)
            CHECK(mqc_value_compare(&a, &c) <= 0);
    }
    mqc__arena_fini(&arena);
}

static void test_copy_event_is_independent(void)
{
    char text[] = "hello";
    struct mqc_value inner[] = {mqc_string_text(text), mqc_count(7)};
    struct mqc_entry entries[] = {{mqc_string_text(text), mqc_vector(inner, 2)}};
    struct mqc_value args[] = {mqc_table(entries, 1), mqc_enum_value(text), mqc_set(inner, 2)};
    struct mqc_metadata metadata[] = {{1, mqc_timestamp(5)}, {200, mqc_string_text(text)}};
    char name[] = "my_event";
    const struct mqc_event event = {mqc_view_text(name), args, 3, metadata, 2};
    struct mqc_event *copy = NULL;
    REQUIRE(mqc_event_copy(&event, &copy) == MQC_OK);
    memset(text, 'x', 5);
    memset(name, 'x', 8);
    inner[1] = mqc_none();
    CHECK_VIEW_TEXT(copy->name, "my_event");
    CHECK_VIEW_TEXT(copy->args[0].as.entries.items[0].key.as.text, "hello");
    CHECK_UNSIGNED(copy->args[0].as.entries.items[0].value.as.list.items[1].as.count, 7);
    CHECK_VIEW_TEXT(copy->args[1].as.text, "hello");
    CHECK_UNSIGNED(copy->metadata_count, 2);
    CHECK_VIEW_TEXT(copy->metadata[1].value.as.text, "hello");
    mqc_event_free(&copy);
    CHECK(copy == NULL);
    mqc_event_free(&copy);
}

/* A vector in a vector ... `depth` values deep. */
static struct mqc_value nest(struct mqc_value *memory, unsigned depth)
{
    struct mqc_value value = mqc_count(1);
    for (unsigned i = 1; i < depth; i++) {
        memory[i] = value;
        value = mqc_vector(&memory[i], 1);
    }
    return value;
}

static void test_nesting_at_and_over_the_limit(void)
{
    struct mqc_value memory[MQC_MAX_DEPTH + 2];
    struct mqc_value value = nest(memory, MQC_MAX_DEPTH);
    CHECK_INT(mqc__value_check(&value, "argument 1", NULL), MQC_OK);
    struct mqc_event event = {.name = mqc_view_text("e"), .args = &value, .arg_count = 1};
    struct mqc_event *copy = NULL;
    CHECK_INT(mqc_event_copy(&event, &copy), MQC_OK);
    mqc_event_free(&copy);
    value = nest(memory, MQC_MAX_DEPTH + 1);
    CHECK_INT(mqc__value_check(&value, "argument 1", NULL), MQC_ETOOLARGE);
    CHECK_INT(mqc_event_copy(&event, &copy), MQC_ETOOLARGE);
    CHECK(copy == NULL);
}

static void test_check_broken_values_names_the_argument(void)
{
    const struct mqc_value twice[] = {mqc_count(2), mqc_count(1), mqc_count(2)};
    const struct mqc_entry keys[] = {{mqc_count(1), mqc_none()}, {mqc_count(1), mqc_count(2)}};
    struct mqc_value host_bits = {.type = MQC_TYPE_SUBNET};
    host_bits.as.subnet.network.bytes[15] = 1;
    host_bits.as.subnet.length = 127;
    struct mqc_value too_long = {.type = MQC_TYPE_SUBNET};
    too_long.as.subnet.length = 129;
    struct mqc_value protocol = mqc_port(1, MQC_PROTOCOL_TCP);
    protocol.as.port.protocol = 4;
    const struct {
        struct mqc_value value;
        const char *text;
    } cases[] = {
        {mqc_set(twice, 3), "argument 2: an element stands twice"},
        {mqc_table(keys, 2), "argument 2: a key stands twice"},
        {mqc_vector(NULL, 3), "argument 2: 3 items but no pointer"},
        {mqc_table(NULL, 3), "argument 2: 3 entries but no pointer"},
        {mqc_string(mqc_view_bytes(NULL, 3)), "argument 2: 3 bytes but no pointer"},
        {host_bits, "argument 2: subnet has host bits"},
        {too_long, "argument 2: subnet length 129"},
        {protocol, "argument 2: port protocol 4"},
        {{.type = (enum mqc_type)99}, "argument 2: unknown value type 99"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_value args[] = {mqc_none(), cases[i].value};
        const struct mqc_event event = {mqc_view_text("e"), args, 2, NULL, 0};
        struct mqc_error_info info = {0};
        CHECK_INT(mqc__event_check(&event, &info), MQC_EINVAL);
        CHECK_CONTAINS(info.text, cases[i].text);
    }
    const struct mqc_event nameless = {.arg_count = 0};
    CHECK_INT(mqc__event_check(&nameless, NULL), MQC_EINVAL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"compare_types_follows_zeek_rank", test_compare_types_follows_zeek_rank},
        {"compare_sets_ignores_input_order", test_compare_sets_ignores_input_order},
        {"compare_tables_ignores_input_order", test_compare_tables_ignores_input_order},
        {"sort_equal_elements_returns_false", test_sort_equal_elements_returns_false},
        {"compare_random_values_is_a_total_order", test_compare_random_values_is_a_total_order},
        {"copy_event_is_independent", test_copy_event_is_independent},
        {"nesting_at_and_over_the_limit", test_nesting_at_and_over_the_limit},
        {"check_broken_values_names_the_argument", test_check_broken_values_names_the_argument},
        CU_TEST_INFO_NULL,
    };
    return suite_run("value.value", tests);
}
