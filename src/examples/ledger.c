/*
 * A book in which no entry may be missing or stand twice, whatever is killed on the way. With
 * configurations that say
 *     delivery: {durability: disk, guarantee: end_to_end}
 * one node sends COUNT entries, without waiting for the disk each time, and another one writes
 * those that arrive to the end of a file:
 *     ledger FILE send COUNT
 *     ledger FILE receive BOOK
 */
#include <mqcluster.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READY_MS 30000

static const char topic[] = "app/ledger";

/* --- The sender. ------------------------------------------------------------------------------ */

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

/* --- The receiver. ---------------------------------------------------------------------------- */

struct book {
    const char *path;
    int fd; /* what is written goes to the end */
};

/* A line of the book: who sent the entry, its number among those of the sender, the amount. */
static int make_line(const struct mqc_message *message, char *line_out, size_t size)
{
    return snprintf(line_out, size, "%.*s %" PRIu64 " %" PRIu64 "\n",
                    (int)message->sender_instance.size, message->sender_instance.data,
                    message->sequence, message->event->args[0].as.count);
}

static bool has_line(const struct book *book, const char *wanted)
{
    char line[400];
    bool is_found = false;
    FILE *file = fopen(book->path, "re");
    while (file != NULL && !is_found && fgets(line, sizeof line, file) != NULL)
        is_found = strcmp(line, wanted) == 0;
    if (file != NULL)
        (void)fclose(file);
    return is_found;
}

/*
 * Called once for every entry, also over restarts of this program, but for the one that was in here
 * when it was killed: that comes again and is uncertain, for only the book can tell whether the
 * line was written. Whoever cares for power cuts has fsync: always, and calls fsync() here.
 */
static void on_entry(void *context, const struct mqc_message *message)
{
    const struct book *book = context;
    char line[400];
    const int size = make_line(message, line, sizeof line);
    if (message->is_uncertain && has_line(book, line))
        return;
    /* To go on would be to lose the entry: the broker and the sender keep it while nobody says
     * that it was handled. */
    if (size < 0 || (size_t)size >= sizeof line || write(book->fd, line, (size_t)size) != size)
        abort();
}

/* Until SIGINT or SIGTERM, which were blocked before the threads of the backend were made. Entries
 * that were sent before the book was open for the first time are not for this node: it joins late.
 */
static void keep_book(struct mqc_backend *backend, const sigset_t *signals)
{
    int number = 0;
    if (mqc_backend_wait_ready(backend, READY_MS) == MQC_OK)
        (void)puts("the book is open");
    (void)fflush(stdout);
    (void)sigwait(signals, &number);
}

static void block_signals(sigset_t *signals_out)
{
    (void)sigemptyset(signals_out);
    (void)sigaddset(signals_out, SIGINT);
    (void)sigaddset(signals_out, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, signals_out, NULL);
}

static bool open_book(struct book *book, struct mqc_backend *backend, struct mqc_error_info *info)
{
    book->fd = open(book->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (book->fd < 0)
        (void)snprintf(info->text, sizeof info->text, "the book %s cannot be opened", book->path);
    return book->fd >= 0 && mqc_on_event(backend, "entry", on_entry, book, info) == MQC_OK &&
           mqc_subscribe(backend, mqc_view_text(topic), MQC_MATCH_LEVEL, info) == MQC_OK;
}

/* --- Both. ------------------------------------------------------------------------------------ */

static bool run(struct mqc_backend *backend, char **arguments, struct mqc_error_info *info)
{
    struct book book = {.path = arguments[1], .fd = -1};
    sigset_t signals;
    const bool is_sender = strcmp(arguments[0], "send") == 0;
    block_signals(&signals);
    bool is_done = (is_sender || open_book(&book, backend, info)) &&
                   mqc_backend_init(backend, NULL, info) == MQC_OK;
    if (is_done && is_sender)
        is_done = send_all(backend, strtoull(arguments[1], NULL, 10), info);
    else if (is_done)
        keep_book(backend, &signals);
    /* What the broker has not taken by then waits on disk for the next start. */
    (void)mqc_backend_close(backend, MQC_FLUSH_CONFIGURED);
    if (book.fd >= 0)
        (void)close(book.fd);
    return is_done;
}

int main(int argc, char **argv)
{
    struct mqc_config *config = NULL;
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {.code = MQC_ECONFIG, .text = "the configuration has mistakes"};
    if (argc != 4 || (strcmp(argv[2], "send") != 0 && strcmp(argv[2], "receive") != 0)) {
        (void)fprintf(stderr, "Usage: ledger FILE send COUNT\n"
                              "       ledger FILE receive BOOK\n");
        return 2;
    }
    const bool is_done = mqc_config_load(argv[1], NULL, NULL, &config) == MQC_OK &&
                         mqc_backend_new(config, &backend, &info) == MQC_OK &&
                         mqc_declare_event(backend, "entry", "amount: count", &info) == MQC_OK &&
                         run(backend, argv + 2, &info);
    if (!is_done)
        (void)fprintf(stderr, "ledger: %s\n", info.text);
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    return is_done ? 0 : 1;
}
