#include "topic/subscriptions.h"

#include "base/fail.h"
#include "topic/cover.h"
#include "topic/topic.h"
#include "topic/topic_priv.h"

#include <stdint.h>
#include <stdlib.h>

/*
 * What is looked up: the first `size` bytes of `text` followed by '/'. This turns both modes into
 * byte prefixes: a PREFIX text is its own key and is looked for in the topic; a LEVEL text gets one
 * '/' at its end, unless it is empty or has one, and is looked for in the topic with a '/' behind.
 */
struct key {
    struct mqc_view text;
    size_t size;
};

struct subscription {
    struct key key;
    const struct key *top; /* the shortest key of the list that is a prefix of this one */
    char *filter;
    size_t users;
    char text[];
};

/* Sorted by key, then by the text's size. */
struct list {
    struct subscription **items;
    size_t count;
    size_t capacity;
};

struct mqc__subscriptions {
    char *root;
    struct list lists[MQC_MATCH_LEVEL + 1];
    const char **filters; /* NULL: to be made */
    size_t filter_count;
};

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static struct key key_of(struct mqc_view text, enum mqc_match match)
{
    const bool has_end = text.size == 0 || text.data[text.size - 1] == '/';
    return (struct key){text, text.size + (match == MQC_MATCH_LEVEL && !has_end ? 1 : 0)};
}

static unsigned char key_byte(const struct key *key, size_t index)
{
    return (unsigned char)(index < key->text.size ? key->text.data[index] : '/');
}

/* Compares the first `size` bytes of two keys that have as many. */
static int compare_begin(const struct key *a, const struct key *b, size_t size)
{
    size_t common = size < a->text.size ? size : a->text.size;
    if (common > b->text.size)
        common = b->text.size;
    int order = common != 0 ? memcmp(a->text.data, b->text.data, common) : 0;
    /* At most one step: where one text ends in the '/' that only its key has. */
    for (size_t i = common; order == 0 && i < size; i++)
        order = key_byte(a, i) - key_byte(b, i);
    return order;
}

static int compare_keys(const struct key *a, const struct key *b)
{
    const int order = compare_begin(a, b, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : COMPARE(a->size, b->size);
}

static bool is_prefix(const struct key *prefix, const struct key *key)
{
    return prefix->size <= key->size && compare_begin(prefix, key, prefix->size) == 0;
}

/* Returns how many subscriptions come before this key with a text of `text_size` bytes. */
static size_t count_before(const struct list *list, const struct key *key, size_t text_size)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct key *other = &list->items[middle]->key;
        const int order = compare_keys(other, key);
        if (order < 0 || (order == 0 && other->text.size < text_size))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns where the subscription is, or belongs. */
static size_t find(const struct list *list, const struct key *key, bool *is_present_out)
{
    const size_t index = count_before(list, key, key->text.size);
    *is_present_out =
        index < list->count && mqc_view_equal(list->items[index]->key.text, key->text);
    return index;
}

/* Says whether any key of the list is a prefix of this one. Every such key is also a prefix of the
 * greatest key that is not above this one, and so the shortest of them decides. */
static bool has_prefix_of(const struct list *list, const struct key *key)
{
    const size_t count = count_before(list, key, SIZE_MAX);
    return count != 0 && is_prefix(list->items[count - 1]->top, key);
}

/* Sets `top` of the subscriptions from `index` on that begin with `prefix`, after the one that has
 * this key came or went. */
static void renew_tops(struct list *list, size_t index, const struct key *prefix)
{
    for (; index < list->count && is_prefix(prefix, &list->items[index]->key); index++) {
        struct subscription *subscription = list->items[index];
        const struct key *before = index != 0 ? list->items[index - 1]->top : NULL;
        const bool has_top = before != NULL && is_prefix(before, &subscription->key);
        subscription->top = has_top ? before : &subscription->key;
    }
}

struct mqc__subscriptions *mqc__subscriptions_new(const char *root)
{
    struct mqc__subscriptions *set = calloc(1, sizeof *set);
    if (set == NULL)
        return NULL;
    set->root = strdup(root);
    if (set->root == NULL)
        mqc__subscriptions_free(&set);
    return set;
}

static void subscription_free(struct subscription *subscription)
{
    free(subscription->filter);
    free(subscription);
}

void mqc__subscriptions_free(struct mqc__subscriptions **set)
{
    if (*set == NULL)
        return;
    for (size_t i = 0; i <= MQC_MATCH_LEVEL; i++) {
        struct list *list = &(*set)->lists[i];
        for (size_t k = 0; k < list->count; k++)
            subscription_free(list->items[k]);
        free(list->items);
    }
    free((*set)->filters);
    free((*set)->root);
    free(*set);
    *set = NULL;
}

static void forget_filters(struct mqc__subscriptions *set)
{
    free(set->filters);
    set->filters = NULL;
    set->filter_count = 0;
}

/* Returns the NUL-terminated filter, for the caller to free, or NULL with *error_out set. */
static char *make_filter(const char *root, struct mqc_view text, enum mqc_match match,
                         enum mqc_error *error_out, struct mqc_error_info *info)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, MQC__TOPIC_BYTES_MAX + 1);
    *error_out = mqc__filter_compose(root, text, match, &buffer, info);
    if (*error_out == MQC_OK && mqc__buffer_append(&buffer, "", 1))
        return buffer.data;
    if (*error_out == MQC_OK)
        *error_out = mqc__fail(info, MQC_ENOMEM, "no memory for a filter");
    mqc__buffer_fini(&buffer);
    return NULL;
}

/* Takes the filter. NULL: no memory; the filter is still the caller's. */
static struct subscription *subscription_new(struct key key, char *filter)
{
    struct subscription *subscription = malloc(sizeof *subscription + key.text.size);
    if (subscription == NULL)
        return NULL;
    if (key.text.size != 0)
        memcpy(subscription->text, key.text.data, key.text.size);
    subscription->key = key;
    subscription->key.text.data = subscription->text;
    subscription->filter = filter;
    subscription->users = 1;
    return subscription;
}

static bool make_room(struct list *list)
{
    if (list->count < list->capacity)
        return true;
    const size_t capacity = list->capacity != 0 ? list->capacity * 2 : 8;
    struct subscription **items = realloc(list->items, capacity * sizeof(void *));
    if (items == NULL)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

static bool insert(struct list *list, size_t index, struct key key, char *filter)
{
    if (!make_room(list))
        return false;
    struct subscription *subscription = subscription_new(key, filter);
    if (subscription == NULL)
        return false;
    struct subscription **place = list->items + index;
    memmove(place + 1, place, (list->count - index) * sizeof(void *));
    *place = subscription;
    list->count++;
    renew_tops(list, index, &subscription->key);
    return true;
}

static enum mqc_error add(struct mqc__subscriptions *set, struct mqc_view text,
                          enum mqc_match match, size_t more_users, struct mqc_error_info *info)
{
    struct list *list = &set->lists[match];
    const struct key key = key_of(text, match);
    bool is_present = false;
    const size_t index = find(list, &key, &is_present);
    if (is_present) {
        list->items[index]->users += more_users;
        return MQC_OK;
    }
    enum mqc_error error = MQC_OK;
    char *filter = make_filter(set->root, text, match, &error, info);
    if (filter == NULL)
        return error;
    if (!insert(list, index, key, filter)) {
        free(filter);
        return mqc__fail(info, MQC_ENOMEM, "no memory for a subscription");
    }
    forget_filters(set);
    return MQC_OK;
}

enum mqc_error mqc__subscriptions_add(struct mqc__subscriptions *set, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info)
{
    return add(set, text, match, 0, info);
}

enum mqc_error mqc__subscriptions_ref(struct mqc__subscriptions *set, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info)
{
    return add(set, text, match, 1, info);
}

static enum mqc_error remove_users(struct mqc__subscriptions *set, struct mqc_view text,
                                   enum mqc_match match, size_t users)
{
    struct list *list = &set->lists[match];
    const struct key key = key_of(text, match);
    bool is_present = false;
    const size_t index = find(list, &key, &is_present);
    if (!is_present)
        return MQC_ENOTFOUND;
    struct subscription **place = list->items + index;
    if ((*place)->users > users) {
        (*place)->users -= users;
        return MQC_OK;
    }
    subscription_free(*place);
    list->count--;
    memmove(place, place + 1, (list->count - index) * sizeof(void *));
    renew_tops(list, index, &key);
    forget_filters(set);
    return MQC_OK;
}

enum mqc_error mqc__subscriptions_remove(struct mqc__subscriptions *set, struct mqc_view text,
                                         enum mqc_match match)
{
    return remove_users(set, text, match, SIZE_MAX);
}

enum mqc_error mqc__subscriptions_unref(struct mqc__subscriptions *set, struct mqc_view text,
                                        enum mqc_match match)
{
    return remove_users(set, text, match, 1);
}

bool mqc__subscriptions_match(const struct mqc__subscriptions *set, struct mqc_view topic)
{
    const struct key whole = {topic, topic.size};
    const struct key with_slash = {topic, topic.size + 1};
    return has_prefix_of(&set->lists[MQC_MATCH_PREFIX], &whole) ||
           has_prefix_of(&set->lists[MQC_MATCH_LEVEL], &with_slash);
}

size_t mqc__subscriptions_count(const struct mqc__subscriptions *set)
{
    return set->lists[MQC_MATCH_PREFIX].count + set->lists[MQC_MATCH_LEVEL].count;
}

size_t mqc__subscriptions_list(const struct mqc__subscriptions *set, const char **filters_out)
{
    size_t count = 0;
    for (size_t i = 0; i <= MQC_MATCH_LEVEL; i++)
        for (size_t k = 0; k < set->lists[i].count; k++)
            filters_out[count++] = set->lists[i].items[k]->filter;
    return count;
}

const char *const *mqc__subscriptions_filters(struct mqc__subscriptions *set, size_t *count_out)
{
    const size_t count = mqc__subscriptions_count(set);
    if (set->filters == NULL && count != 0) {
        set->filters = calloc(count, sizeof(void *));
        set->filter_count = count;
        if (set->filters != NULL)
            set->filter_count =
                mqc__cover(set->filters, mqc__subscriptions_list(set, set->filters), NULL);
    }
    *count_out = set->filter_count;
    return set->filters;
}
