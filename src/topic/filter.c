#include "topic/subscriptions.h"
#include "topic/topic_priv.h"

/* A text without one trailing '/': what a LEVEL subscription stands for. */
static struct mqc_view level_base(struct mqc_view text)
{
    if (text.size != 0 && text.data[text.size - 1] == '/')
        text.size--;
    return text;
}

/* A text up to its last '/', which stays: the levels that a byte prefix has in full. */
static struct mqc_view whole_levels(struct mqc_view text)
{
    while (text.size != 0 && text.data[text.size - 1] != '/')
        text.size--;
    return text;
}

enum mqc_error mqc__filter_compose(const char *root, struct mqc_view text, enum mqc_match match,
                                   struct mqc__buffer *buffer, struct mqc_error_info *info)
{
    if (match == MQC_MATCH_PREFIX)
        return mqc__topic_compose(root, whole_levels(text), "#", buffer, info);
    /* "/" is the topics below an empty first level, the empty text is all topics. */
    return mqc__topic_compose(root, level_base(text), text.size != 0 ? "/#" : "#", buffer, info);
}

bool mqc__match(struct mqc_view text, enum mqc_match match, struct mqc_view topic)
{
    if (match == MQC_MATCH_PREFIX || text.size == 0)
        return mqc_view_starts_with(topic, text);
    const struct mqc_view base = level_base(text);
    return mqc_view_starts_with(topic, base) &&
           (topic.size == base.size || topic.data[base.size] == '/');
}

/* The levels of a filter or topic that were not looked at yet; there is always at least one, which
 * may be empty. */
struct levels {
    struct mqc_view rest;
    bool has_more;
};

static struct levels levels_of(struct mqc_view text)
{
    return (struct levels){.rest = text, .has_more = true};
}

static struct mqc_view next_level(struct levels *levels)
{
    const struct mqc_view rest = levels->rest;
    const char *slash = rest.size != 0 ? memchr(rest.data, '/', rest.size) : NULL;
    if (slash == NULL) {
        levels->has_more = false;
        return rest;
    }
    const size_t size = (size_t)(slash - rest.data);
    levels->rest = mqc_view_bytes(slash + 1, rest.size - size - 1);
    return mqc_view_bytes(rest.data, size);
}

static bool is_level(struct mqc_view level, char wildcard)
{
    return level.size == 1 && level.data[0] == wildcard;
}

/* A filter that begins with a wildcard matches no topic that begins with '$' (MQTT 4.7.2-1). */
static bool is_hidden_from(const char *filter, char first_byte)
{
    return first_byte == '$' && (filter[0] == '#' || filter[0] == '+');
}

bool mqc__filter_covers(const char *a, const char *b)
{
    if (is_hidden_from(a, b[0]))
        return false;
    /* A topic has at least one level, so both forms match the same. */
    if (strcmp(b, "#") == 0)
        b = "+/#";
    struct levels left = levels_of(mqc_view_text(a));
    struct levels right = levels_of(mqc_view_text(b));
    while (left.has_more) {
        const struct mqc_view level = next_level(&left);
        if (is_level(level, '#'))
            return true;
        if (!right.has_more)
            return false;
        const struct mqc_view other = next_level(&right);
        if (is_level(other, '#') || (!is_level(level, '+') && !mqc_view_equal(level, other)))
            return false;
    }
    return !right.has_more;
}

bool mqc__filter_match(const char *filter, struct mqc_view mqtt_topic)
{
    if (mqtt_topic.size != 0 && is_hidden_from(filter, mqtt_topic.data[0]))
        return false;
    struct levels wanted = levels_of(mqc_view_text(filter));
    struct levels topic = levels_of(mqtt_topic);
    while (wanted.has_more) {
        const struct mqc_view level = next_level(&wanted);
        /* Also without any further level: a/# matches a (MQTT 4.7.1.2). */
        if (is_level(level, '#'))
            return true;
        if (!topic.has_more)
            return false;
        const struct mqc_view other = next_level(&topic);
        if (!is_level(level, '+') && !mqc_view_equal(level, other))
            return false;
    }
    return !topic.has_more;
}
