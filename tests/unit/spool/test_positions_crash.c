/*
 * A receiver that is killed, at random moments and behind each single instruction that changes its
 * file: what is in the file is the state before a call or after it, and every event reaches the
 * handler once, but for those that were in the handler, which may have had them.
 */
#include "spool/positions_priv.h"

#include "support/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-crash-XXXXXX";
static char path[100];
static char copy_path[100];

static struct mqc__positions *open_at(const char *name)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    return mqc__positions_open(name, &positions, &info) == MQC_OK && info.code == MQC_OK ? positions
                                                                                         : NULL;
}

static size_t take(struct mqc__positions *positions, const char *topic, bool *is_new_out)
{
    return mqc__positions_take(positions, mqc_view_text("worker-1-0123456789ab"),
                               mqc_view_text(topic), is_new_out);
}

static void *shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

/* Random kills. */

#define STREAMS 5
#define NUMBERS 2000000
#define KILLS 300

/* In memory that outlives the child: what its handler has seen. */
struct seen {
    uint8_t count[STREAMS][NUMBERS];
    uint8_t uncertain[STREAMS][NUMBERS]; /* how often it was said to be */
    _Atomic int is_open;
};

static const char *topic_of(size_t stream)
{
    static const char *const topics[STREAMS] = {"a", "b", "c", "d", "e"};
    return topics[stream];
}

/* Handles the next event of a stream as the backend does. */
static bool handle_next(struct mqc__positions *positions, struct seen *seen, size_t stream)
{
    bool is_new;
    const size_t place = take(positions, topic_of(stream), &is_new);
    const uint64_t number = mqc__positions_last(positions, place) + 1;
    if (number >= NUMBERS)
        return false;
    if (mqc__positions_is_uncertain(positions, place, number))
        seen->uncertain[stream][number]++;
    mqc__positions_begin(positions, place, number);
    seen->count[stream][number]++;
    mqc__positions_done(positions, place, number);
    return true;
}

static void receive_until_killed(struct seen *seen, uint64_t seed)
{
    struct test_random random = {seed};
    struct mqc__positions *positions = open_at(path);
    if (positions == NULL)
        _exit(1);
    atomic_store(&seen->is_open, 1);
    while (handle_next(positions, seen, test_random_below(&random, STREAMS)))
        ;
    for (;;)
        (void)pause();
}

/* Kills it at once or a little after it has begun to receive. Returns whether it lived until then.
 */
static bool run_and_kill(struct seen *seen, struct test_random *random)
{
    atomic_store(&seen->is_open, 0);
    const uint64_t seed = test_random_next(random);
    const pid_t child = fork();
    if (child == 0)
        receive_until_killed(seen, seed);
    const bool is_late = test_random_below(random, 10) != 0;
    for (int i = 0; is_late && i < 10000 && atomic_load(&seen->is_open) == 0; i++)
        (void)usleep(200);
    const struct timespec pause = {.tv_nsec = (long)test_random_below(random, 1000000)};
    (void)nanosleep(&pause, NULL);
    int status = 0;
    return child > 0 && kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child &&
           WIFSIGNALED(status);
}

static void test_events_reach_the_handler_once_through_random_kills(void)
{
    struct test_random random = {7};
    struct seen *seen = shared_memory(sizeof *seen);
    REQUIRE(seen != NULL);
    for (int i = 0; i < KILLS; i++)
        CHECK(run_and_kill(seen, &random));
    struct mqc__positions *positions = open_at(path);
    REQUIRE(positions != NULL);
    uint64_t total = 0;
    uint64_t uncertain = 0;
    uint64_t wrong = 0;
    for (size_t stream = 0; stream < STREAMS; stream++) {
        bool is_new;
        const size_t place = take(positions, topic_of(stream), &is_new);
        const uint64_t last = mqc__positions_last(positions, place);
        for (uint64_t number = 1; number <= last; number++) {
            const unsigned count = seen->count[stream][number];
            wrong += count < 1 || count > 1U + seen->uncertain[stream][number];
            uncertain += seen->uncertain[stream][number];
        }
        /* The next one may have been begun. */
        wrong += last + 2 < NUMBERS && seen->count[stream][last + 2] != 0;
        total += last;
    }
    CHECK_UNSIGNED(wrong, 0);
    CHECK(total > KILLS);
    CHECK(uncertain <= KILLS);
    mqc__positions_free(&positions);
    (void)munmap(seen, sizeof *seen);
    (void)unlink(path);
}

/* A kill behind every instruction. */

/* What the file says of the streams that the script uses. */
struct state {
    uint64_t last_a;
    uint64_t uncertain_a; /* the number that is uncertain, 0: none */
    uint64_t last_b;
    uint64_t uncertain_b;
    bool has_oldest; /* the stream that gives its place to b */
};

enum step { TAKE_A, SKIP_A, BEGIN_A, DONE_A, TAKE_B, BEGIN_B, DONE_B, SKIP_B };

/* One call, and the state after it. */
static const struct {
    enum step step;
    uint64_t number;
    struct state after;
} script[] = {
    {TAKE_A, 0, {0, 0, 0, 0, true}},      {BEGIN_A, 1, {0, 1, 0, 0, true}},
    {DONE_A, 1, {1, 0, 0, 0, true}},      {BEGIN_A, 2, {1, 2, 0, 0, true}},
    {DONE_A, 2, {2, 0, 0, 0, true}},      {SKIP_A, 8, {8, 0, 0, 0, true}},
    {BEGIN_A, 9, {8, 9, 0, 0, true}},     {DONE_A, 9, {9, 0, 0, 0, true}},
    {TAKE_B, 0, {9, 0, 0, 0, false}},     {BEGIN_B, 1, {9, 0, 0, 1, false}},
    {DONE_B, 1, {9, 0, 1, 0, false}},     {SKIP_B, 29, {9, 0, 29, 0, false}},
    {BEGIN_B, 30, {9, 0, 29, 30, false}}, {DONE_B, 30, {9, 0, 30, 0, false}},
    {TAKE_A, 0, {9, 0, 30, 0, false}},    {BEGIN_A, 10, {9, 10, 30, 0, false}},
    {DONE_A, 10, {10, 0, 30, 0, false}},  {BEGIN_B, 31, {10, 0, 30, 31, false}},
    {DONE_B, 31, {10, 0, 31, 0, false}},
};
#define SCRIPT_COUNT (sizeof script / sizeof script[0])

/* Streams with names of their own, one of which is the oldest. */
static bool fill(struct mqc__positions *positions)
{
    bool is_new = true;
    for (size_t i = 0; i < MQC__POSITIONS_MAX - 1 && is_new; i++) {
        char topic[32];
        (void)snprintf(topic, sizeof topic, "%zu", i);
        mqc__positions_skip(positions, take(positions, topic, &is_new), i + 1);
    }
    return is_new;
}

static void call(struct mqc__positions *positions, size_t at)
{
    bool is_new;
    static size_t a;
    static size_t b;
    const uint64_t number = script[at].number;
    switch (script[at].step) {
    case TAKE_A: a = take(positions, "stream a", &is_new); break;
    case SKIP_A: mqc__positions_skip(positions, a, number); break;
    case BEGIN_A: mqc__positions_begin(positions, a, number); break;
    case DONE_A: mqc__positions_done(positions, a, number); break;
    case TAKE_B: b = take(positions, "stream b", &is_new); break;
    case BEGIN_B: mqc__positions_begin(positions, b, number); break;
    case DONE_B: mqc__positions_done(positions, b, number); break;
    case SKIP_B: mqc__positions_skip(positions, b, number); break;
    }
}

/* Waits to be watched before it begins. */
static void run_script(_Atomic size_t *at)
{
    struct mqc__positions *positions = open_at(path);
    if (positions == NULL || !fill(positions) || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(1);
    (void)raise(SIGSTOP);
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        atomic_store(at, i);
        call(positions, i);
    }
    _exit(0);
}

/* With a few free places, so that looking for streams that are not there costs no others. */
static bool copy_file(const void *memory, size_t size)
{
    static const struct mqc__positions_slot free_slots[10];
    const off_t at = (off_t)mqc__positions_bytes(100);
    const int fd = open(copy_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool is_copied =
        fd >= 0 && write(fd, memory, size) == (ssize_t)size &&
        pwrite(fd, free_slots, sizeof free_slots, at) == (ssize_t)sizeof free_slots;
    if (fd >= 0)
        (void)close(fd);
    return is_copied;
}

static uint64_t uncertain_of(const struct mqc__positions *positions, size_t place)
{
    const uint64_t next = mqc__positions_last(positions, place) + 1;
    return mqc__positions_is_uncertain(positions, place, next) ? next : 0;
}

/* What a new process would find. */
static bool read_state(const void *memory, size_t size, struct state *state_out)
{
    if (!copy_file(memory, size))
        return false;
    struct mqc__positions *positions = open_at(copy_path);
    if (positions == NULL)
        return false;
    bool is_new = false;
    bool is_well = true;
    for (size_t i = MQC__POSITIONS_MAX / 2; i < MQC__POSITIONS_MAX / 2 + 20; i++) {
        char topic[32];
        (void)snprintf(topic, sizeof topic, "%zu", i);
        is_well &= mqc__positions_last(positions, take(positions, topic, &is_new)) == i + 1;
    }
    state_out->has_oldest = mqc__positions_last(positions, take(positions, "0", &is_new)) == 1;
    size_t place = take(positions, "stream a", &is_new);
    state_out->last_a = mqc__positions_last(positions, place);
    state_out->uncertain_a = uncertain_of(positions, place);
    place = take(positions, "stream b", &is_new);
    state_out->last_b = mqc__positions_last(positions, place);
    state_out->uncertain_b = uncertain_of(positions, place);
    mqc__positions_free(&positions);
    return is_well;
}

static bool is_state(const struct state *a, const struct state *b)
{
    return a->last_a == b->last_a && a->uncertain_a == b->uncertain_a && a->last_b == b->last_b &&
           a->uncertain_b == b->uncertain_b && a->has_oldest == b->has_oldest;
}

/* The file's memory, which the child changes, and how it was when it was looked at last. */
struct watch {
    const void *memory;
    void *before;
    size_t size;
    size_t change_count;
    size_t wrong_count;
};

/* The script's streams are in the first place and the last; all the rest would take too long. */
#define ENDS_BYTES ((size_t)8192)

static bool has_changed(const struct watch *watch)
{
    const size_t last = watch->size - ENDS_BYTES;
    return memcmp(watch->memory, watch->before, ENDS_BYTES) != 0 ||
           memcmp((const char *)watch->memory + last, (const char *)watch->before + last,
                  ENDS_BYTES) != 0;
}

static void look(struct watch *watch, size_t at)
{
    struct state state = {.last_a = 0};
    if (!has_changed(watch))
        return;
    memcpy(watch->before, watch->memory, watch->size);
    watch->change_count++;
    const struct state empty = {.has_oldest = true};
    if (read_state(watch->before, watch->size, &state) &&
        (is_state(&state, at == 0 ? &empty : &script[at - 1].after) ||
         is_state(&state, &script[at].after)))
        return;
    watch->wrong_count++;
    (void)printf("in call %zu: a %llu (%llu), b %llu (%llu), oldest %d\n", at,
                 (unsigned long long)state.last_a, (unsigned long long)state.uncertain_a,
                 (unsigned long long)state.last_b, (unsigned long long)state.uncertain_b,
                 state.has_oldest);
}

/* Returns whether it came to the end of its script. */
static bool watch_child(pid_t child, struct watch *watch, const _Atomic size_t *at)
{
    int status = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    watch->memory = mmap(NULL, watch->size, PROT_READ, MAP_SHARED, file, 0);
    (void)close(file);
    memcpy(watch->before, watch->memory, watch->size);
    while (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 &&
           waitpid(child, &status, 0) == child && WIFSTOPPED(status))
        look(watch, atomic_load(at));
    (void)munmap((void *)watch->memory, watch->size);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_kill_behind_every_instruction_leaves_before_or_after(void)
{
    int status = 0;
    struct watch watch = {.size = mqc__positions_bytes(MQC__POSITIONS_MAX)};
    _Atomic size_t *at = shared_memory(sizeof *at);
    watch.before = malloc(watch.size);
    REQUIRE(at != NULL && watch.before != NULL);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        run_script(at);
    REQUIRE(waitpid(child, &status, 0) == child);
    if (WIFSTOPPED(status)) {
        CHECK(watch_child(child, &watch, at));
        CHECK_UNSIGNED(watch.wrong_count, 0);
        /* At least as many stores as the calls need. */
        CHECK(watch.change_count > 2 * SCRIPT_COUNT);
    } else {
        suite_skip("a process cannot be traced here");
    }
    free(watch.before);
    (void)munmap((void *)at, sizeof *at);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"events_reach_the_handler_once_through_random_kills",
         test_events_reach_the_handler_once_through_random_kills},
        {"kill_behind_every_instruction_leaves_before_or_after",
         test_kill_behind_every_instruction_leaves_before_or_after},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    (void)snprintf(path, sizeof path, "%s/p", folder);
    (void)snprintf(copy_path, sizeof copy_path, "%s/copy", folder);
    const int status = suite_run("spool.positions_crash", tests);
    (void)unlink(path);
    (void)unlink(copy_path);
    (void)rmdir(folder);
    return status;
}
