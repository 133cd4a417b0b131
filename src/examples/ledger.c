/*
 * Entries that must not get lost. With a configuration that says
 *     delivery: {durability: disk, guarantee: end_to_end}
 * this sends COUNT of them without waiting for the disk each time:
 *     ledger FILE send COUNT
 */
#include <mqcluster.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char topic[] = "app/ledger";

/* What became of the entries; `on_done` runs on a thread of the backend. */
struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t safe;
    uint64_t failed;
};

/* One entry is on disk, and survives the end of the process, or it never will be. Must not wait
 * for anything that takes long. */
static void on_done(void *context, enum mqc_error error)
{
    struct outcome *outcome = context;
    (void)pthread_mutex_lock(&outcome->mutex);
    if (error == MQC_OK)
        outcome->safe++;
    else
        outcome->failed++;
    (void)pthread_cond_signal(&outcome->changed);
    (void)pthread_mutex_unlock(&outcome->mutex);
}

/* Full is no failure: the broker is away, or slower than this loop. */
static bool send_one(struct mqc_backend *backend, uint64_t amount, struct outcome *outcome,
                     struct mqc_error_info *info)
{
    const struct mqc_value args[] = {mqc_count(amount)};
    struct mqc_event event;
    if (mqc_make_event(backend, "entry", args, 1, &event, info) != MQC_OK)
        return false;
    while (!mqc_publish_async(backend, mqc_view_text(topic), &event, on_done, outcome, info)) {
        if (info->code != MQC_EFULL)
            return false;
        (void)usleep(10000);
    }
    return true;
}

static bool send_all(struct mqc_backend *backend, uint64_t count, struct mqc_error_info *info)
{
    struct outcome outcome = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
    uint64_t taken = 0;
    while (taken < count && send_one(backend, taken + 1, &outcome, info))
        taken++;
    (void)pthread_mutex_lock(&outcome.mutex);
    while (outcome.safe + outcome.failed < taken)
        (void)pthread_cond_wait(&outcome.changed, &outcome.mutex);
    (void)pthread_mutex_unlock(&outcome.mutex);
    (void)printf("%" PRIu64 " entries are safe\n", outcome.safe);
    (void)fflush(stdout);
    if (outcome.failed != 0)
        (void)snprintf(info->text, sizeof info->text, "%" PRIu64 " entries could not be written",
                       outcome.failed);
    return taken == count && outcome.failed == 0;
}

int main(int argc, char **argv)
{
    struct mqc_config *config = NULL;
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {.code = MQC_ECONFIG, .text = "the configuration has mistakes"};
    bool is_done = argc == 4 && strcmp(argv[2], "send") == 0;
    if (!is_done) {
        (void)fprintf(stderr, "Usage: ledger FILE send COUNT\n");
        return 2;
    }
    is_done = mqc_config_load(argv[1], NULL, NULL, &config) == MQC_OK &&
              mqc_backend_new(config, &backend, &info) == MQC_OK &&
              mqc_declare_event(backend, "entry", "amount: count", &info) == MQC_OK &&
              mqc_backend_init(backend, NULL, &info) == MQC_OK &&
              send_all(backend, strtoull(argv[3], NULL, 10), &info);
    if (!is_done)
        (void)fprintf(stderr, "ledger: %s\n", info.text);
    /* What the broker has not taken by then waits on disk for the next start. */
    (void)mqc_backend_close(backend, MQC_FLUSH_CONFIGURED);
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    return is_done ? 0 : 1;
}
