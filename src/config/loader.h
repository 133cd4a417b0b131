#ifndef MQC_CONFIG_LOADER_H
#define MQC_CONFIG_LOADER_H

#include "base/buffer.h"
#include "config/config_priv.h"
#include "config/problems.h"

#include <yaml.h>

/* Keys in messages are cut to this many bytes with the NUL. */
#define MQC__KEY_BYTES ((size_t)200)

/* A mapping whose keys are known has at most this many. */
#define MQC__FIELDS_MAX 4

/* Where an option stood in the file. */
struct mqc__place {
    unsigned line; /* of its key */
    unsigned column;
    bool is_given;
    bool has_failed; /* a mistake in it was reported: say nothing more about it */
};

/* What options are read into, and where they stood: the file, or one entry of `websocket`. */
struct mqc__scope {
    void *target;    /* as for mqc__option_assign */
    const char *key; /* the dotted path of an entry of `websocket`: websocket[1]; NULL: the file */
    struct mqc__place places[MQC__OPTION_LIMIT];
};

/*
 * One pass over a parsed file. The table of options and the readers of the special sections say
 * where to go, so the depth is theirs, and aliases cannot make it loop; everything visited either
 * takes memory from a bounded arena or is a mistake, of which only so many are kept, so they cannot
 * make it long either.
 */
struct mqc__loader {
    struct mqc_config *config;
    struct mqc__problems *problems;
    yaml_document_t *document;
    struct mqc__arena scratch;   /* what the pass needs itself */
    struct mqc__buffer replaced; /* a value with its ${VAR} replaced, until the next */
    struct mqc__scope file_scope;
    struct mqc__scope *websocket_scopes; /* of settings.websockets */
    struct mqc__scope *scope;            /* the one of these that is read */
    struct mqc__spot *pool_spots;        /* of the keys of settings.pools */
    enum mqc_error fatal;                /* MQC_ENOMEM ended the pass; else MQC_OK */
};

/* One entry of a mapping. */
struct mqc__pair {
    struct mqc_view key;
    struct mqc__spot key_spot;
    struct mqc__spot value_spot; /* same dotted path */
    const yaml_node_t *value;
};

/* Says whether to stop looking. */
bool mqc__loader_must_stop(const struct mqc__loader *loader);

/* Takes the result of a call that failed: reports info's text at the place, or remembers that
 * memory ran out. */
void mqc__loader_fail(struct mqc__loader *loader, const struct mqc__spot *spot,
                      enum mqc_error error, const struct mqc_error_info *info);

/* Takes zeroed memory from one of the pass's arenas; NULL, which ends the pass, when there is none.
 */
void *mqc__loader_array(struct mqc__loader *loader, struct mqc__arena *arena, size_t count,
                        size_t size);

/* Returns the entry of the scope's places for an option. */
struct mqc__place *mqc__loader_place(struct mqc__loader *loader, const struct mqc__option *option);

/*
 * Reads a mapping's entries in the order of the file, each key once; reports a node that is no
 * mapping (`expected` says what should stand there), keys that are no text, and keys given twice.
 * The dotted paths begin with spot->key. Returns false when there is nothing to go through.
 */
bool mqc__read_mapping(struct mqc__loader *loader, const struct mqc__spot *spot,
                       const yaml_node_t *node, const char *expected, struct mqc__pair **pairs_out,
                       size_t *count_out);

/* The keys that a mapping may have. */
struct mqc__field_names {
    const char *list[MQC__FIELDS_MAX + 1]; /* ends with NULL */
    size_t required_count;                 /* the first ones, which must be there */
};

/* Reads a mapping whose keys are known: values_out[i] gets the entry of names->list[i], or a pair
 * without a value where it is missing. Reports unknown and missing keys. Returns false when there
 * is nothing to go through. */
bool mqc__read_fields(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_t *node, const struct mqc__field_names *names,
                      struct mqc__pair *values_out);

/* Says whether the node is a list, and reports it when it is not. */
bool mqc__read_list(struct mqc__loader *loader, const struct mqc__spot *spot,
                    const yaml_node_t *node, const char *expected, size_t *count_out);

/* Says whether a list has at most `max` entries, and reports it when it has more. */
bool mqc__check_length(struct mqc__loader *loader, const struct mqc__spot *spot, size_t count,
                       size_t max);

/* Returns item i of a list, with its dotted path path[i] in key_out and its place in *spot_out. */
const yaml_node_t *mqc__list_item(const struct mqc__loader *loader, const struct mqc__spot *spot,
                                  const yaml_node_t *list, size_t i, char key_out[MQC__KEY_BYTES],
                                  struct mqc__spot *spot_out);

/* Reads a single value with its ${VAR} replaced, valid until the next call. Reports a missing value
 * or a list or mapping. */
bool mqc__read_scalar(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_t *node, struct mqc_view *text_out);

/* Reads a value that is one of the words; reports what is none, and then leaves *value_out. */
void mqc__read_choice(struct mqc__loader *loader, const struct mqc__pair *pair,
                      const struct mqc__choice *choices, int *value_out);

/* Reads true or false; reports what is neither, and then leaves *value_out. */
void mqc__read_bool(struct mqc__loader *loader, const struct mqc__pair *pair, bool *value_out);

/* Reads the name that an entry's key gives to something, one level of an MQTT topic; reports what
 * cannot be one. */
void mqc__read_name(struct mqc__loader *loader, const struct mqc__pair *pair,
                    const char **name_out);

/* The readers of the sections that are no plain options; each reports what is wrong. */
void mqc__read_uris(struct mqc__loader *loader, const struct mqc__spot *spot,
                    const yaml_node_t *node);
void mqc__read_texts(struct mqc__loader *loader, const struct mqc__option *option,
                     const struct mqc__spot *spot, const yaml_node_t *node);
void mqc__read_choices(struct mqc__loader *loader, const struct mqc__option *option,
                       const struct mqc__spot *spot, const yaml_node_t *node);
void mqc__read_prefixes(struct mqc__loader *loader, const struct mqc__spot *spot,
                        const yaml_node_t *node);
void mqc__read_nodes(struct mqc__loader *loader, const struct mqc__spot *spot,
                     const yaml_node_t *node);
void mqc__read_pools(struct mqc__loader *loader, const struct mqc__spot *spot,
                     const yaml_node_t *node);
void mqc__read_events(struct mqc__loader *loader, const struct mqc__spot *spot,
                      const yaml_node_t *node);

void mqc__read_websockets(struct mqc__loader *loader, const struct mqc__option *option,
                          const struct mqc__spot *spot, const yaml_node_t *node);

/* Reads a mapping of the options of a section (NULL: the top level) into the scope's target. */
void mqc__read_section(struct mqc__loader *loader, const struct mqc__option *section,
                       const struct mqc__spot *spot, const yaml_node_t *node);

/* Goes through the whole file. */
void mqc__read_options(struct mqc__loader *loader);

#endif
