#include "base/fail.h"
#include "base/utf8.h"
#include "topic/topic.h"

#define ROOT_BYTES_MAX 1000

/* What a broker closes the connection for (MQTT 1.5.4): control characters and noncharacters. */
static bool is_refused_by_brokers(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
           (character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffeU) == 0xfffe;
}

static const char *root_problem(struct mqc_view root)
{
    if (root.size == 0)
        return "is empty";
    if (root.size > ROOT_BYTES_MAX)
        return "is longer than 1000 bytes";
    if (root.data[0] == '/' || root.data[root.size - 1] == '/')
        return "begins or ends with '/'";
    if (root.data[0] == '$')
        return "begins with '$', which belongs to the broker";
    if (memchr(root.data, '+', root.size) != NULL || memchr(root.data, '#', root.size) != NULL)
        return "contains '+' or '#', MQTT's wildcards";
    while (root.size != 0) {
        const size_t length = mqc__utf8_next(root);
        if (length == 0)
            return "is not valid UTF-8";
        if (is_refused_by_brokers(mqc__utf8_code_point(root, length)))
            return "contains a character that brokers refuse";
        root = mqc_view_bytes(root.data + length, root.size - length);
    }
    return NULL;
}

enum mqc_error mqc__topic_check_root(const char *root, struct mqc_error_info *info)
{
    const char *problem = root_problem(mqc_view_text(root));
    if (problem == NULL)
        return MQC_OK;
    return mqc__fail(info, MQC_ETOPIC, "the topic root %s", problem);
}
