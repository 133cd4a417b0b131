#include "support/suite.h"

#include "base/map.h"

#include <stdio.h>

static void test_add_find_remove(void)
{
    struct mqc__map map;
    mqc__map_init(&map);
    int values[300];
    for (int i = 0; i < 300; i++) {
        char key[20];
        (void)snprintf(key, sizeof key, "key %d", i);
        CHECK_INT(mqc__map_add(&map, mqc_view_text(key), &values[i]), MQC_OK);
    }
    CHECK_UNSIGNED(mqc__map_count(&map), 300);
    CHECK(mqc__map_find(&map, mqc_view_text("key 7")) == &values[7]);
    CHECK(mqc__map_find(&map, mqc_view_text("key 7 ")) == NULL);
    CHECK(mqc__map_remove(&map, mqc_view_text("key 7")) == &values[7]);
    CHECK(mqc__map_remove(&map, mqc_view_text("key 7")) == NULL);
    CHECK(mqc__map_find(&map, mqc_view_text("key 7")) == NULL);
    CHECK_UNSIGNED(mqc__map_count(&map), 299);
    mqc__map_fini(&map, NULL);
    CHECK_UNSIGNED(mqc__map_count(&map), 0);
}

static void test_find_in_an_empty_map_and_empty_key(void)
{
    struct mqc__map map;
    mqc__map_init(&map);
    int value;
    CHECK(mqc__map_find(&map, mqc_view_text("")) == NULL);
    CHECK(mqc__map_remove(&map, mqc_view_text("x")) == NULL);
    CHECK_INT(mqc__map_add(&map, mqc_view_text(""), &value), MQC_OK);
    CHECK(mqc__map_find(&map, mqc_view_bytes(NULL, 0)) == &value);
    CHECK(mqc__map_find(&map, mqc_view_bytes("\0", 1)) == NULL);
    mqc__map_fini(&map, NULL);
}

static void test_touch_changes_which_is_oldest(void)
{
    struct mqc__map map;
    mqc__map_init(&map);
    int value;
    struct mqc_view oldest;
    CHECK(!mqc__map_oldest(&map, &oldest));
    CHECK_INT(mqc__map_add(&map, mqc_view_text("a"), &value), MQC_OK);
    mqc__map_touch(&map, mqc_view_text("a"));
    CHECK_INT(mqc__map_add(&map, mqc_view_text("b"), &value), MQC_OK);
    CHECK(mqc__map_oldest(&map, &oldest));
    CHECK_VIEW_TEXT(oldest, "a");
    mqc__map_touch(&map, mqc_view_text("a"));
    mqc__map_touch(&map, mqc_view_text("missing"));
    CHECK(mqc__map_oldest(&map, &oldest));
    CHECK_VIEW_TEXT(oldest, "b");
    mqc__map_fini(&map, NULL);
}

static bool keep_even(void *context, void *value)
{
    unsigned *visits = context;
    (*visits)++;
    return *(int *)value % 2 == 0;
}

static void test_filter_removes_what_is_not_kept(void)
{
    struct mqc__map map;
    mqc__map_init(&map);
    int values[] = {1, 2, 3, 4};
    static const char *const keys[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(mqc__map_add(&map, mqc_view_text(keys[i]), &values[i]), MQC_OK);
    unsigned visits = 0;
    mqc__map_filter(&map, keep_even, &visits);
    CHECK_UNSIGNED(visits, 4);
    CHECK_UNSIGNED(mqc__map_count(&map), 2);
    CHECK(mqc__map_find(&map, mqc_view_text("a")) == NULL);
    CHECK(mqc__map_find(&map, mqc_view_text("d")) == &values[3]);
    mqc__map_fini(&map, NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"add_find_remove", test_add_find_remove},
        {"find_in_an_empty_map_and_empty_key", test_find_in_an_empty_map_and_empty_key},
        {"touch_changes_which_is_oldest", test_touch_changes_which_is_oldest},
        {"filter_removes_what_is_not_kept", test_filter_removes_what_is_not_kept},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.map", tests);
}
