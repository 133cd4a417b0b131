#include "crash/record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int crash_log_open(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static uint32_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

bool crash_log_append(int log, struct crash_record record)
{
    record.clock_ms = clock_ms();
    record.mark = CRASH_MARK;
    return write(log, &record, sizeof record) == (ssize_t)sizeof record;
}

static bool is_of_stream(const struct crash_record *record, const struct crash_record *like)
{
    return record->kind == CRASH_KIND_HANDLED && record->start == like->start &&
           record->thread == like->thread && record->topic == like->topic;
}

bool crash_log_find_last(int log, const struct crash_record *like, struct crash_record *last_out)
{
    const off_t step = sizeof *last_out;
    struct stat about;
    if (fstat(log, &about) != 0)
        return false;
    for (off_t end = about.st_size; end >= step; end -= step) {
        if (pread(log, last_out, sizeof *last_out, end - step) != step)
            return false;
        if (is_of_stream(last_out, like))
            return true;
    }
    return false;
}
