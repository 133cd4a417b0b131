/* Topics and filters: any bytes make a topic that comes back, and the filters of any subscriptions
 * let through what they want. */
#include "fuzz.h"
#include "topic/subscriptions.h"
#include "topic/topic.h"

#include <stdlib.h>

#define ROOT "mqcluster/c"
#define LIMIT_BYTES ((size_t)1 << 20)

static void check_encoded(struct mqc_view topic)
{
    struct mqc__buffer encoded;
    struct mqc__buffer decoded;
    mqc__buffer_init(&encoded, LIMIT_BYTES);
    mqc__buffer_init(&decoded, LIMIT_BYTES);
    fuzz_require(mqc__topic_encode(topic, &encoded), "any topic can be encoded");
    fuzz_require(mqc__topic_decode(mqc__buffer_view(&encoded), &decoded), "and decoded");
    fuzz_require(mqc_view_equal(topic, mqc__buffer_view(&decoded)), "the topic comes back");
    mqc__buffer_fini(&decoded);
    mqc__buffer_fini(&encoded);
}

/* The encoded form of a topic is the only one. */
static void check_decoded(struct mqc_view encoded)
{
    struct mqc__buffer decoded;
    struct mqc__buffer again;
    mqc__buffer_init(&decoded, LIMIT_BYTES);
    mqc__buffer_init(&again, LIMIT_BYTES);
    if (mqc__topic_decode(encoded, &decoded)) {
        fuzz_require(mqc__topic_encode(mqc__buffer_view(&decoded), &again), "it can be encoded");
        fuzz_require(mqc_view_equal(encoded, mqc__buffer_view(&again)), "the form comes back");
    }
    mqc__buffer_fini(&again);
    mqc__buffer_fini(&decoded);
}

/* What comes on an MQTT topic, and a root that somebody configured. */
static void check_received(struct mqc_view mqtt_topic, const char *root)
{
    struct mqc_view encoded = {.size = 0};
    struct mqc_error_info info = {.code = MQC_OK};
    if (mqc__topic_event_part(ROOT, mqtt_topic, &encoded))
        check_decoded(encoded);
    const enum mqc_error error = mqc__topic_check_root(root, &info);
    fuzz_require(error == MQC_OK || info.text[0] != '\0', "a bad root has words");
}

static bool lets_through(struct mqc__subscriptions *set, struct mqc_view mqtt_topic)
{
    size_t count = 0;
    const char *const *filters = mqc__subscriptions_filters(set, &count);
    for (size_t i = 0; i < count; i++)
        if (mqc__filter_match(filters[i], mqtt_topic))
            return true;
    return false;
}

/* The filters of one subscription, or of two, cover every topic that they want. */
static void check_filters(struct mqc__subscriptions *set, struct mqc_view topic, bool is_wanted)
{
    struct mqc__buffer mqtt_topic;
    mqc__buffer_init(&mqtt_topic, LIMIT_BYTES);
    fuzz_require(mqc__subscriptions_match(set, topic) == is_wanted, "the set wants what it should");
    if (mqc__topic_event(ROOT, topic, &mqtt_topic, NULL) == MQC_OK && is_wanted)
        fuzz_require(lets_through(set, mqc__buffer_view(&mqtt_topic)),
                     "what is wanted is let through");
    mqc__buffer_fini(&mqtt_topic);
}

static void check_subscriptions(unsigned modes, struct mqc_view first, struct mqc_view second,
                                struct mqc_view topic)
{
    const enum mqc_match match = (modes & 1) != 0 ? MQC_MATCH_LEVEL : MQC_MATCH_PREFIX;
    const enum mqc_match other = (modes & 2) != 0 ? MQC_MATCH_LEVEL : MQC_MATCH_PREFIX;
    struct mqc__subscriptions *set = mqc__subscriptions_new(ROOT);
    fuzz_require(set != NULL, "there is memory");
    bool is_wanted = false;
    if (mqc__subscriptions_add(set, first, match, NULL) == MQC_OK)
        is_wanted = mqc__match(first, match, topic);
    check_filters(set, topic, is_wanted);
    if (mqc__subscriptions_add(set, second, other, NULL) == MQC_OK)
        is_wanted = is_wanted || mqc__match(second, other, topic);
    check_filters(set, topic, is_wanted);
    if (mqc__subscriptions_remove(set, second, other) == MQC_OK &&
        mqc__subscriptions_remove(set, first, match) == MQC_OK)
        fuzz_require(mqc__subscriptions_count(set) == 0, "what was removed is gone");
    mqc__subscriptions_free(&set);
}

/* The next part of the input, which a line end closes. */
static struct mqc_view next_part(struct fuzz_source *source)
{
    const unsigned char *begin = source->at;
    size_t size = 0;
    while (source->left > 0 && fuzz_byte(source) != '\n')
        size++;
    return mqc_view_bytes(begin, size);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fuzz_source source = {.at = data, .left = size};
    const unsigned modes = fuzz_byte(&source);
    char *text = fuzz_text(&source);
    check_encoded(fuzz_rest(&source));
    check_decoded(fuzz_rest(&source));
    check_received(fuzz_rest(&source), text);
    free(text);
    const struct mqc_view first = next_part(&source);
    const struct mqc_view second = next_part(&source);
    check_subscriptions(modes, first, second, fuzz_rest(&source));
    return 0;
}
