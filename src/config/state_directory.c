#include "config/state_directory.h"

#include "base/fail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_plain(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (c == '.' && !is_first);
}

/* Returns false where the name of a folder cannot be so long. */
static bool encode(const char *node, char name_out[NAME_MAX + 1])
{
    size_t size = 0;
    for (const char *at = node; *at != '\0'; at++) {
        const bool stays = is_plain(*at, at == node);
        if (size + (stays ? 1 : 3) > NAME_MAX)
            return false;
        size += (size_t)snprintf(name_out + size, NAME_MAX + 1 - size, stays ? "%c" : "%%%02X",
                                 (unsigned char)*at);
    }
    name_out[size] = '\0';
    return true;
}

enum mqc_error mqc__state_directory(const char *directory, const char *node,
                                    char path_out[PATH_MAX], struct mqc_error_info *info)
{
    char name[NAME_MAX + 1];
    if (!encode(node, name))
        return mqc__fail(info, MQC_ECONFIG,
                         "the node's name is too long for its folder in delivery.directory, where "
                         "a byte other than a letter or a digit takes three");
    size_t size = strlen(directory);
    while (size > 1 && directory[size - 1] == '/')
        size--;
    const bool has_slash = size == 1 && directory[0] == '/';
    const int length =
        snprintf(path_out, PATH_MAX, "%.*s%s%s", (int)size, directory, has_slash ? "" : "/", name);
    if (length < 0 || length >= PATH_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the path of the node's folder is too long");
    return MQC_OK;
}
