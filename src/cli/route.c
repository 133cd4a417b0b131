#include "cli/choice.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/report.h"
#include "cli/route_print.h"
#include "cli/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "Usage: mqcluster route [OPTION...] --pool POOL --key KEY...\n"
    "       mqcluster route [OPTION...] --pool POOL --keys-from FILE\n"
    "       mqcluster route [OPTION...] --pool POOL --rr N [--key KEY...]\n"
    "\n"
    "Tells which node of a pool owns a key, as publish_hrw of a process that is no node of the\n"
    "cluster chooses it: its node and topic, the hash of the key, the node's site id and its\n"
    "weight for the key. A node asks a little differently: it never chooses itself by hash.\n"
    "\n"
    "      --pool POOL      proxy, worker, logger, or one of the configuration's pools, by name\n"
    "                       or topic\n"
    "      --key KEY        a key, read as arguments of publish are: 10.0.0.1, count:5,\n"
    "                       string:5, 'enum transport_proto:tcp',\n"
    "                       'vector of string:[\"a\",\"b\"]', or tagged JSON; may be repeated\n"
    "      --keys-from FILE\n"
    "                       read keys from a file, one a line; '-' is standard input\n"
    "      --alive A,B,...  suppose that these nodes are up and no others; the configuration\n"
    "                       alone is needed then, no broker\n"
    "      --rr N           print the next N choices of round robin instead, where a key is any\n"
    "                       text (default ''). It begins with the first node: where other\n"
    "                       processes are in their turns, nobody else can know\n"
    "      --json           one JSON object a line, in the order of the keys, with key, hash,\n"
    "                       node, topic, site_id and weight\n"
    "      --timeout S      without --alive: wait S seconds for the broker at most (default 10),\n"
    "                       and for a node of the pool to be up (default 3)\n"
    "\n" MQC__HELP_CONFIG MQC__HELP_BROKER MQC__HELP_COMMON "\n"
    "Exit status: 0 when every key has an owner, 1 when one has not or is no key, 2 for wrong\n"
    "arguments or a wrong configuration.\n";

#define LINE_LIMIT ((size_t)1024 * 1024)

enum {
    OPTION_POOL = MQC__OPTION_FIRST_OWN,
    OPTION_KEY,
    OPTION_KEYS_FROM,
    OPTION_ALIVE,
    OPTION_RR,
    OPTION_JSON,
    OPTION_TIMEOUT,
};

struct route {
    struct mqc__options common;
    struct mqc_view pool; /* empty: not given; a name is made the topic once that is known */
    char **keys;          /* those of --key */
    int key_count;
    const char *keys_path; /* NULL: not given */
    const char *alive;     /* NULL: those that are up */
    uint64_t turn_count;   /* 0: by hash */
    bool is_json;
    int64_t timeout_ms;
    struct mqc_router *router; /* with --alive */
    struct mqc__client client; /* without */
    struct mqc__roster roster;
    bool is_over; /* the next key would fare no better */
};

static enum mqc_error choose(struct route *route, const struct mqc_key *key,
                             struct mqc_route *route_out, struct mqc_error_info *info)
{
    const struct mqc__choice choice = {
        .is_in_turn = route->turn_count != 0,
        .pool = route->pool,
        .key = key,
    };
    if (route->router != NULL)
        return mqc__choice_offline(&choice, route->router, route_out, info);
    return mqc__choice_live(&choice, &route->roster, route->timeout_ms, route_out, info);
}

static bool print_choice(const struct route *route, const struct mqc_key *key,
                         const struct mqc_route *choice)
{
    const bool is_in_turn = route->turn_count != 0;
    return route->is_json ? mqc__route_print_json(route->common.who, key, choice, is_in_turn)
                          : mqc__route_print(route->common.who, key, choice, is_in_turn);
}

static bool print_choices(struct route *route, const struct mqc_key *key,
                          struct mqc_error_info *info)
{
    const uint64_t count = route->turn_count != 0 ? route->turn_count : 1;
    for (uint64_t i = 0; i < count; i++) {
        struct mqc_route choice;
        if (choose(route, key, &choice, info) != MQC_OK)
            return false;
        if (!print_choice(route, key, &choice)) {
            info->code = MQC_EIO;
            return false;
        }
    }
    return true;
}

static bool ends_all(enum mqc_error error)
{
    switch (error) {
    case MQC_EIO:
    case MQC_ENOMEM:
    case MQC_ETIMEOUT:
    case MQC_ECLOSED:
    case MQC_EREFUSED:
    case MQC_ETAKEN: return true;
    default: return false;
    }
}

/* Answers one key; false: it failed, which is reported. */
static bool answer(struct route *route, const char *text)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_key *key = NULL;
    const char *type = route->turn_count != 0 ? "string" : NULL;
    const bool is_answered =
        mqc_key_from_text(text, type, &key, &info) == MQC_OK && print_choices(route, key, &info);
    mqc_key_free(&key);
    route->is_over = !is_answered && ends_all(info.code);
    /* Output that fails was reported where it happened. */
    if (route->is_over && info.code != MQC_EIO)
        mqc__report_error(route->common.who, &info);
    else if (!is_answered && !route->is_over)
        mqc__report(route->common.who, "key '%.200s': %s", text,
                    info.text[0] != '\0' ? info.text : mqc_error_text(info.code));
    return is_answered;
}

static bool answer_line(struct route *route, struct mqc_view line)
{
    if (memchr(line.data, '\0', line.size) != NULL) {
        mqc__report(route->common.who, "a key has a NUL byte");
        return false;
    }
    char *text = strndup(line.data, line.size);
    const bool is_answered = text != NULL && answer(route, text);
    if (text == NULL)
        mqc__report(route->common.who, "%s", mqc_error_text(MQC_ENOMEM));
    free(text);
    return is_answered;
}

static bool refuse_long_line(const struct route *route, const struct mqc__lines *lines)
{
    mqc__report(route->common.who, "line %" PRIu64 ": over %zu bytes", lines->number, LINE_LIMIT);
    return false;
}

/* Answers every key of the file; false: one failed, which is reported. */
static bool answer_lines(struct route *route, int fd)
{
    struct mqc__lines lines;
    struct mqc_view line;
    bool is_good = true;
    bool is_read = true;
    mqc__lines_init(&lines, LINE_LIMIT);
    for (enum mqc__lines_result result = MQC__LINES_MORE;
         is_read && !route->is_over && result != MQC__LINES_END;) {
        result = mqc__lines_next(&lines, &line);
        if (result == MQC__LINES_MORE)
            is_read = mqc__lines_read(&lines, fd) == MQC_OK;
        else if (result == MQC__LINES_LINE)
            is_good = answer_line(route, line) && is_good;
        else if (result == MQC__LINES_TOO_LONG)
            is_good = refuse_long_line(route, &lines);
    }
    if (!is_read)
        mqc__report(route->common.who, "cannot read %s: %s", route->keys_path, strerror(errno));
    mqc__lines_fini(&lines);
    return is_good && is_read;
}

static bool answer_file(struct route *route)
{
    if (strcmp(route->keys_path, "-") == 0)
        return answer_lines(route, STDIN_FILENO);
    const int fd = open(route->keys_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        mqc__report(route->common.who, "cannot read %s: %s", route->keys_path, strerror(errno));
        return false;
    }
    const bool is_good = answer_lines(route, fd);
    (void)close(fd);
    return is_good;
}

static int answer_all(struct route *route)
{
    bool is_good = true;
    for (int i = 0; i < route->key_count && !route->is_over; i++)
        is_good = answer(route, route->keys[i]) && is_good;
    if (route->keys_path != NULL && !route->is_over)
        is_good = answer_file(route) && is_good;
    else if (route->keys_path == NULL && route->key_count == 0)
        is_good = answer(route, "");
    return is_good ? MQC__EXIT_DONE : MQC__EXIT_FAILED;
}

/* Marks the nodes of --alive; false: there is no such node, which is reported. */
static bool set_alive(struct route *route)
{
    const char *next = route->alive;
    while (*next != '\0') {
        struct mqc_error_info info;
        const size_t size = strcspn(next, ",");
        if (mqc_router_set_up(route->router, mqc_view_bytes(next, size), true, &info) != MQC_OK) {
            mqc__report(route->common.who, "--alive: %s", info.text);
            return false;
        }
        next += size + (next[size] == ',' ? 1 : 0);
    }
    return true;
}

static int answer_offline(struct route *route)
{
    struct mqc_config *config = NULL;
    struct mqc_error_info info;
    int status = mqc__settings_load(&route->common, NULL, 0, stderr, &config);
    if (status != MQC__EXIT_DONE)
        return status;
    route->pool = mqc__choice_pool(config, route->pool);
    if (mqc_router_new(config, &route->router, &info) != MQC_OK) {
        mqc__report_error(route->common.who, &info);
        status = info.code == MQC_ECONFIG ? MQC__EXIT_USAGE : MQC__EXIT_FAILED;
    } else {
        status = set_alive(route) ? answer_all(route) : MQC__EXIT_USAGE;
    }
    mqc_router_free(&route->router);
    mqc_config_free(&config);
    return status;
}

/* Says now what no node that comes up could change. */
static int check_pool(struct route *route)
{
    route->pool = mqc__choice_pool(route->client.config, route->pool);
    struct mqc_error_info info;
    const struct mqc_key any = {.value = mqc_string_text("")};
    const struct mqc__choice choice = {.is_in_turn = true, .pool = route->pool, .key = &any};
    if (mqc__choice_check(&choice, route->client.config, &info) == MQC_OK)
        return MQC__EXIT_DONE;
    mqc__report_error(route->common.who, &info);
    return MQC__EXIT_FAILED;
}

static int answer_live(struct route *route)
{
    struct mqc__client *client = &route->client;
    int status = mqc__client_open(client, &route->common);
    if (status == MQC__EXIT_DONE)
        status = check_pool(route);
    if (status == MQC__EXIT_DONE)
        status = mqc__roster_watch(&route->roster, client);
    if (status == MQC__EXIT_DONE)
        status = mqc__client_start(client);
    if (status == MQC__EXIT_DONE) {
        status = answer_all(route);
        (void)mqc_backend_close(client->backend, 0);
    }
    mqc__client_fini(client);
    return status;
}

static bool take_option(struct route *route, int option)
{
    const char *who = route->common.who;
    switch (option) {
    case OPTION_POOL: route->pool = mqc_view_text(optarg); return true;
    case OPTION_KEY: route->keys[route->key_count++] = optarg; return true;
    case OPTION_KEYS_FROM: route->keys_path = optarg; return true;
    case OPTION_ALIVE: route->alive = optarg; return true;
    case OPTION_RR: return mqc__options_count(who, optarg, &route->turn_count);
    case OPTION_JSON: route->is_json = true; return true;
    case OPTION_TIMEOUT: return mqc__options_seconds(who, optarg, &route->timeout_ms);
    default: return mqc__options_take(&route->common, option, optarg);
    }
}

static bool check_arguments(const struct route *route, int argc, char **argv)
{
    if (optind < argc)
        mqc__report(route->common.who, "unexpected argument '%s'; a key comes with --key",
                    argv[optind]);
    else if (route->pool.size == 0)
        mqc__report(route->common.who, "expected --pool POOL");
    else if (route->key_count == 0 && route->keys_path == NULL && route->turn_count == 0)
        mqc__report(route->common.who, "expected --key KEY, --keys-from FILE or --rr N");
    else
        return true;
    return false;
}

int mqc__cli_route(int argc, char **argv)
{
    static const struct option longs[] = {MQC__COMMON_LONG,
                                          {"pool", required_argument, NULL, OPTION_POOL},
                                          {"key", required_argument, NULL, OPTION_KEY},
                                          {"keys-from", required_argument, NULL, OPTION_KEYS_FROM},
                                          {"alive", required_argument, NULL, OPTION_ALIVE},
                                          {"rr", required_argument, NULL, OPTION_RR},
                                          {"json", no_argument, NULL, OPTION_JSON},
                                          {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                          {NULL, 0, NULL, 0}};
    struct route route = {.common.who = argv[0], .timeout_ms = -1};
    route.keys = calloc((size_t)argc, sizeof *route.keys);
    if (route.keys == NULL)
        return MQC__EXIT_FAILED;
    int status = -1;
    for (int option;
         status < 0 && (option = getopt_long(argc, argv, MQC__COMMON_SHORT, longs, NULL)) != -1;) {
        if (option == 'h')
            status = mqc__print_usage(argv[0], usage);
        else if (!take_option(&route, option))
            status = mqc__usage_hint(argv[0]);
    }
    if (status < 0 && !check_arguments(&route, argc, argv))
        status = mqc__usage_hint(argv[0]);
    if (status < 0)
        status = route.alive != NULL ? answer_offline(&route) : answer_live(&route);
    free(route.keys);
    return status;
}
