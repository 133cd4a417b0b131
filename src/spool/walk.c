#include "base/fail.h"
#include "spool/record.h"
#include "spool/sqlite_priv.h"

#include <errno.h>
#include <unistd.h>

struct walk {
    mqc__spool_visit_fn visit;
    void *context;
    uint64_t released;
};

static bool visit_group(void *context, const struct mqc__store_group *group)
{
    const struct walk *walk = context;
    struct mqc__spool_record record = {.instance = group->instance};
    size_t at = 0;
    for (size_t i = 0; i < group->event_count; i++) {
        record.number = group->first_number + i;
        if (!mqc__record_read(group->records, &at, &record))
            return true;
        if (record.number >= walk->released && !walk->visit(walk->context, &record))
            return false;
    }
    return true;
}

enum mqc_error mqc__spool_walk(const char *path, mqc__spool_visit_fn visit, void *context,
                               struct mqc_error_info *info)
{
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return mqc__fail(info, MQC_ENOTFOUND, "there is no spool %s", path);
    struct walk walk = {.visit = visit, .context = context};
    struct mqc__store *store = NULL;
    uint64_t last = 0;
    enum mqc_error error =
        mqc__sqlite_connect(path, MQC__SQLITE_READ, MQC__SPOOL_FSYNC_NEVER, &store, info);
    if (error == MQC_OK)
        error = mqc__sqlite_state(store, &walk.released, &last, info);
    if (error == MQC_OK)
        error = mqc__sqlite_read(store, 0, visit_group, &walk, info);
    mqc__sqlite_disconnect(&store);
    return error;
}
