#include "config/loader.h"
#include "config/parse.h"

#include "base/fail.h"

#include <stdio.h>
#include <string.h>

/* How many broken sections are looked behind. */
#define ATTEMPTS_MAX 12

/* Writes an option's dotted path in the scope: websocket[1].listen_port. Returns key_out. */
static const char *scope_key(const struct mqc__loader *loader, const struct mqc__option *option,
                             char key_out[MQC__KEY_BYTES])
{
    const char *entry = loader->scope->key;
    (void)snprintf(key_out, MQC__KEY_BYTES, "%s%s", entry != NULL ? entry : "",
                   entry != NULL ? option->path + strcspn(option->path, ".") : option->path);
    return key_out;
}

static void report_place(struct mqc__loader *loader, const char *key, const char *text)
{
    char scoped[MQC__KEY_BYTES];
    const struct mqc__option *option = mqc__option_find(mqc_view_text(key));
    const struct mqc__place *place = mqc__loader_place(loader, option);
    for (const struct mqc__option *section = mqc__option_section(option);
         section != NULL && !place->is_given; section = mqc__option_section(section))
        place = mqc__loader_place(loader, section);
    const struct mqc__spot spot = {place->line, place->column, scope_key(loader, option, scoped)};
    mqc__problems_add(loader->problems, &spot, "%s", text);
}

static bool has_failed(struct mqc__loader *loader, const char *key)
{
    const struct mqc__option *option = mqc__option_find(mqc_view_text(key));
    for (; option != NULL; option = mqc__option_section(option))
        if (mqc__loader_place(loader, option)->has_failed)
            return true;
    return false;
}

/* Reports a contradiction at the first of its options that is given, unless a mistake in one of
 * them is known already and may be its cause. */
static void report_check(void *context, const char *const *keys, const char *text)
{
    struct mqc__loader *loader = context;
    const char *given = NULL;
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (has_failed(loader, keys[i]))
            return;
        const struct mqc__option *option = mqc__option_find(mqc_view_text(keys[i]));
        if (given == NULL && mqc__loader_place(loader, option)->is_given)
            given = keys[i];
    }
    report_place(loader, given != NULL ? given : keys[0], text);
}

static void report_pool_check(void *context, const struct mqc__pool_settings *pool,
                              const char *const *keys, const char *text)
{
    struct mqc__loader *loader = context;
    for (size_t i = 0; keys[i] != NULL; i++)
        if (has_failed(loader, keys[i]))
            return;
    const struct mqc__spot *spot = &loader->pool_spots[pool - loader->config->settings.pools];
    mqc__problems_add(loader->problems, spot, "%s", text);
}

static void report_websocket_check(void *context, size_t index, const char *const *keys,
                                   const char *text)
{
    struct mqc__loader *loader = context;
    loader->scope = &loader->websocket_scopes[index];
    report_check(context, keys, text);
    loader->scope = &loader->file_scope;
}

static void check_exclusions_in(struct mqc__loader *loader, struct mqc__scope *scope)
{
    char text[160];
    loader->scope = scope;
    for (size_t i = 0; i < mqc__option_count(); i++) {
        const struct mqc__option *option = mqc__option_at(i);
        if (option->excludes == NULL || !scope->places[i].is_given)
            continue;
        const struct mqc__option *other = mqc__option_find(mqc_view_text(option->excludes));
        const struct mqc__place *place = mqc__loader_place(loader, other);
        if (!place->is_given)
            continue;
        const bool is_first = scope->places[i].line <= place->line;
        (void)snprintf(text, sizeof text, "%s and %s are both given; only one of them may be",
                       is_first ? option->path : other->path,
                       is_first ? other->path : option->path);
        report_place(loader, is_first ? other->path : option->path, text);
    }
    loader->scope = &loader->file_scope;
}

static void check_exclusions(struct mqc__loader *loader)
{
    check_exclusions_in(loader, &loader->file_scope);
    for (size_t i = 0; i < loader->config->settings.websocket_count; i++)
        check_exclusions_in(loader, &loader->websocket_scopes[i]);
}

static void report_syntax(const struct mqc__source *source, struct mqc__problems *problems,
                          const struct mqc__block *block, const struct mqc__parse_error *error)
{
    char key[64];
    const struct mqc_view name = mqc__source_block_key(source, block);
    const struct mqc__spot spot = {error->line, error->column, key};
    const struct mqc_view line = mqc__source_line(source, error->noticed_line);
    (void)snprintf(key, sizeof key, "%.*s", (int)(name.size < sizeof key ? name.size : 0),
                   name.size != 0 ? name.data : "");
    const bool is_type = line.size != 0 && (memmem(line.data, line.size, "set[", 4) != NULL ||
                                            memmem(line.data, line.size, "table[", 6) != NULL ||
                                            memmem(line.data, line.size, "record", 6) != NULL);
    mqc__problems_add(problems, &spot, "%s%s", error->text,
                      is_type ? "; a type with brackets or braces needs quotes: \"set[addr]\""
                              : "");
}

/* Reports why the text is no YAML and takes the section with the mistake away. false: what is left
 * is not worth another attempt. */
static bool mend(struct mqc__source *source, struct mqc__problems *problems,
                 const struct mqc__parse_error *error)
{
    if (source->first_tab_line == 0 &&
        mqc__source_has_tab(source, error->noticed_line, error->noticed_column) &&
        mqc__source_mend_tabs(source, problems))
        return true;
    const struct mqc__block block = mqc__source_block(source, error->line);
    /* Where tabs were replaced, the depth was guessed, and what is wrong now may be the guess. */
    const bool is_guess = source->first_tab_line != 0 &&
                          block.first_line <= source->last_tab_line &&
                          block.end_line > source->first_tab_line;
    if (!is_guess)
        report_syntax(source, problems, &block, error);
    return !error->is_limit && mqc__source_blank(source, &block);
}

/* Parses the file, and again without each section that is no YAML. *is_whole_out says whether the
 * document is all of it. MQC_EMALFORMED: there is no document; MQC_ENOMEM. */
static enum mqc_error parse(struct mqc__source *source, struct mqc__problems *problems,
                            yaml_document_t *document_out, bool *is_whole_out)
{
    *is_whole_out = true;
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct mqc__parse_error failure;
        unsigned second_line = 0;
        const enum mqc_error error = mqc__parse(source, document_out, &second_line, &failure);
        const struct mqc__spot spot = {second_line, 1, ""};
        if (error == MQC_OK && second_line != 0)
            mqc__problems_add(problems, &spot,
                              "a second document begins here; a file holds only one");
        if (error != MQC_EMALFORMED)
            return error;
        const unsigned tab_line = source->first_tab_line;
        if (!mend(source, problems, &failure) || mqc__problems_must_stop(problems))
            return MQC_EMALFORMED;
        /* Replacing tabs takes nothing away. */
        *is_whole_out = *is_whole_out && tab_line != source->first_tab_line;
    }
    return MQC_EMALFORMED;
}

static void check_all(struct mqc__loader *loader)
{
    const struct mqc__finder finder = {report_check, report_pool_check, report_websocket_check,
                                       loader};
    const enum mqc_error error = mqc__config_check_all(&loader->config->settings, &finder);
    if (error != MQC_OK)
        loader->fatal = error;
}

static enum mqc_error read_document(struct mqc_config *config, struct mqc__problems *problems,
                                    yaml_document_t *document, bool is_whole)
{
    struct mqc__loader loader = {.config = config, .problems = problems, .document = document};
    loader.file_scope.target = &config->settings;
    loader.scope = &loader.file_scope;
    mqc__arena_init(&loader.scratch, MQC__CONFIG_BYTES_MAX);
    mqc__buffer_init(&loader.replaced, MQC__SOURCE_BYTES_MAX);
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (is_whole || root != NULL)
        mqc__read_options(&loader);
    check_exclusions(&loader);
    if (is_whole && root != NULL && root->type == YAML_MAPPING_NODE &&
        !mqc__loader_must_stop(&loader))
        check_all(&loader);
    if (loader.replaced.data != NULL)
        explicit_bzero(loader.replaced.data, loader.replaced.capacity);
    mqc__buffer_fini(&loader.replaced);
    mqc__arena_fini(&loader.scratch);
    return loader.fatal;
}

static enum mqc_error set_directory(struct mqc_config *config, const char *path)
{
    struct mqc_view directory;
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return MQC_OK;
    if (!mqc__arena_copy(&config->arena, mqc_view_bytes(path, (size_t)(slash - path) + 1),
                         &directory))
        return MQC_ENOMEM;
    config->directory = directory.data;
    return MQC_OK;
}

static enum mqc_error load_source(struct mqc_config *config, struct mqc__source *source,
                                  struct mqc__problems *problems)
{
    yaml_document_t document;
    bool is_whole = false;
    mqc__source_clean(source, problems);
    enum mqc_error error = parse(source, problems, &document, &is_whole);
    if (error == MQC_OK) {
        error = read_document(config, problems, &document, is_whole);
        yaml_document_delete(&document);
    }
    if (error == MQC_ENOMEM || problems->is_out_of_memory)
        return MQC_ENOMEM;
    return problems->count != 0 ? MQC_ECONFIG : MQC_OK;
}

static enum mqc_error load(struct mqc_config *config, const char *path,
                           struct mqc__problems *problems)
{
    struct mqc__source source;
    struct mqc_error_info info;
    enum mqc_error error = set_directory(config, path);
    if (error != MQC_OK)
        return error;
    error = mqc__source_read(&source, path, &info);
    if (error == MQC_OK) {
        error = load_source(config, &source, problems);
    } else if (error != MQC_ENOMEM) {
        const struct mqc__spot nowhere = {0, 0, ""};
        mqc__problems_add(problems, &nowhere, "%s", info.text);
    }
    mqc__source_fini(&source);
    return error;
}

enum mqc_error mqc_config_load(const char *path, mqc_config_problem_fn problem, void *context,
                               struct mqc_config **config_out)
{
    struct mqc__problems problems;
    if (config_out == NULL)
        return MQC_EINVAL;
    *config_out = NULL;
    if (path == NULL)
        return MQC_EINVAL;
    struct mqc_config *config = mqc_config_new();
    if (config == NULL)
        return MQC_ENOMEM;
    mqc__problems_init(&problems, path);
    const enum mqc_error error = load(config, path, &problems);
    const struct mqc__spot nowhere = {0, 0, ""};
    if (error == MQC_ENOMEM)
        mqc__problems_add(&problems, &nowhere,
                          "out of memory; a configuration may take at most %zu bytes of it",
                          MQC__CONFIG_BYTES_MAX);
    mqc__problems_report(&problems, problem, context);
    mqc__problems_fini(&problems);
    if (error != MQC_OK)
        mqc_config_free(&config);
    *config_out = config;
    return error;
}
