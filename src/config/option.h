#ifndef MQC_CONFIG_OPTION_H
#define MQC_CONFIG_OPTION_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands in an option and how it is read. */
enum mqc__option_kind {
    MQC__OPTION_SECTION,       /* a mapping of the options below it */
    MQC__OPTION_BOOL,          /* bool */
    MQC__OPTION_INTEGER,       /* uint64_t */
    MQC__OPTION_SIZE,          /* uint64_t, bytes */
    MQC__OPTION_DURATION,      /* uint64_t, milliseconds */
    MQC__OPTION_TEXT,          /* const char * */
    MQC__OPTION_TEXTS,         /* const char **, and how many in a size_t at count_offset */
    MQC__OPTION_CHOICE,        /* int */
    MQC__OPTION_BYTE_CHOICE,   /* char or bool */
    MQC__OPTION_CHOICES,       /* unsigned, a bit for each, and whether it is given in a bool at
                                  given_offset */
    MQC__OPTION_FILE,          /* const char *, a path from the root or the working folder */
    MQC__OPTION_PASSWORD_FILE, /* const char *, the file's contents */
    MQC__OPTION_URI,           /* broker.uris with one entry, stored as MQC__OPTION_TEXTS */
    MQC__OPTION_URIS,          /* broker.uris, stored likewise */
    MQC__OPTION_PREFIXES,      /* delivery.prefixes */
    MQC__OPTION_NODES,         /* nodes */
    MQC__OPTION_POOLS,         /* pools */
    MQC__OPTION_EVENTS,        /* events */
    MQC__OPTION_WEBSOCKETS,    /* websocket: a mapping of the options below it, or a list of such */
};

/* One word that an option of choices takes; a list of them ends with a NULL name. */
struct mqc__choice {
    const char *name;
    int value;
};

/* One row of the table that validation, defaults, manual page and sample come from. */
struct mqc__option {
    const char *path;                  /* dotted */
    const char *doc;                   /* what it is, and why one would change it */
    const char *default_text;          /* NULL: not set by default */
    const char *default_note;          /* says what happens when it is not set */
    const char *example;               /* lines of YAML for the sample; NULL: the default */
    const char *excludes;              /* path of an option that must not be given as well */
    const struct mqc__choice *choices; /* of the three kinds that have words */
    /* MQC__OPTION_TEXT, each of MQC__OPTION_TEXTS: refuses what cannot be used; NULL: any text */
    enum mqc_error (*check)(const char *text, struct mqc_error_info *info);
    size_t offset;       /* where its value is in struct mqc__settings, or for an option below
                          * `websocket` in struct mqc__websocket_settings */
    size_t count_offset; /* MQC__OPTION_TEXTS and what is stored so */
    size_t given_offset; /* MQC__OPTION_CHOICES */
    uint64_t min;        /* numbers: the range, inclusive */
    uint64_t max;
    uint64_t step; /* numbers: must be a multiple; 0: any */
    enum mqc__option_kind kind;
    bool may_be_off;  /* MQC__OPTION_DURATION: off, 0 and what is negative make it 0 */
    bool is_required; /* the sample gives it */
    bool is_secret;   /* never shown in a message */
};

/* Says how many rows the table has. */
size_t mqc__option_count(void);

/* Returns a row of the table, where sections stand before the options in them. */
const struct mqc__option *mqc__option_at(size_t index);

/* Returns which row it is. */
size_t mqc__option_index(const struct mqc__option *option);

/* At least as many as mqc__option_count(). */
#define MQC__OPTION_LIMIT 128

extern const struct mqc__choice mqc__guarantee_choices[];
extern const struct mqc__choice mqc__node_type_choices[];
extern const struct mqc__choice mqc__pool_type_choices[];

/* Finds an option by its dotted path; NULL when there is none. */
const struct mqc__option *mqc__option_find(struct mqc_view path);

/* Finds the option `key` of a section (NULL: the top level); NULL when there is none. */
const struct mqc__option *mqc__option_child(const struct mqc__option *section, struct mqc_view key);

/* Returns an option's section, NULL at the top level. */
const struct mqc__option *mqc__option_section(const struct mqc__option *option);

/* Says whether an option is one of `websocket`, of which there may be several. */
bool mqc__option_is_of_websocket(const struct mqc__option *option);

/* Returns the last part of an option's path. */
const char *mqc__option_name(const struct mqc__option *option);

/* Returns the option that `key` in a section (NULL: the top level) was probably meant to be: one of
 * that section that is spelled alike, or one with that name elsewhere; NULL when none is near. */
const struct mqc__option *mqc__option_nearest(const struct mqc__option *section,
                                              struct mqc_view key);

#endif
