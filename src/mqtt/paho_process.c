#include "mqtt/paho_process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool mqc__paho_is_1_3_14(const char *version)
{
    if (version == NULL)
        return false;
    char *end = NULL;
    long parts[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        parts[i] = strtol(version, &end, 10);
        if (end == version)
            return false;
        version = *end == '.' ? end + 1 : end;
    }
    if (parts[0] != 1)
        return parts[0] > 1;
    return parts[1] > 3 || (parts[1] == 3 && parts[2] >= 14);
}

/* The name that Paho gives its receive thread, as the kernel shows it. */
#define RECEIVE_THREAD "MQTTClient_run\n"

static bool is_receive_thread(const char *thread_id)
{
    char path[300];
    char name[32] = "";
    (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread_id);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    const bool is_named = fgets(name, sizeof name, file) != NULL;
    (void)fclose(file);
    return is_named && strcmp(name, RECEIVE_THREAD) == 0;
}

bool mqc__paho_receives(void)
{
    DIR *threads = opendir("/proc/self/task");
    if (threads == NULL)
        return true;
    bool is_found = false;
    const struct dirent *entry = NULL;
    while (!is_found && (entry = readdir(threads)) != NULL)
        is_found = entry->d_name[0] != '.' && is_receive_thread(entry->d_name);
    (void)closedir(threads);
    return is_found;
}

bool mqc__paho_keeps_receiving(unsigned timeout_ms)
{
    const struct timespec a_moment = {.tv_nsec = 2000000};
    for (unsigned waited_ms = 0; mqc__paho_receives(); waited_ms += 2) {
        if (waited_ms >= timeout_ms)
            return true;
        (void)nanosleep(&a_moment, NULL);
    }
    return false;
}
