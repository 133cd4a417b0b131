#ifndef MQC_CONFIG_SOURCE_H
#define MQC_CONFIG_SOURCE_H

#include "config/problems.h"

/* A configuration file is at most this large. */
#define MQC__SOURCE_BYTES_MAX ((size_t)1 << 20)

/*
 * The text of a file. So that one pass finds the mistakes behind a mistake, what cannot be parsed
 * is reported and then mended or blanked here, with the line numbers unchanged.
 */
struct mqc__source {
    char *text;
    size_t size;
    unsigned first_tab_line; /* the lines between which tabs were replaced; 0: none were */
    unsigned last_tab_line;
};

/* The lines of one top-level key, from 1, and where they are in the text. */
struct mqc__block {
    unsigned first_line;
    unsigned end_line; /* the one after the last */
    size_t start;
    size_t end;
};

/* Reads a file; "-" is standard input. The caller frees it with mqc__source_fini(), also after a
 * failure. MQC_EIO: *info says why; MQC_ECONFIG: too large; MQC_ENOMEM. */
enum mqc_error mqc__source_read(struct mqc__source *source, const char *path,
                                struct mqc_error_info *info);

/* Removes a byte order mark; reports what is no UTF-8 and what are control characters, and puts '_'
 * in their place. */
void mqc__source_clean(struct mqc__source *source, struct mqc__problems *problems);

/* Says whether the character at the place, or one before it in the line's indentation, is a tab. */
bool mqc__source_has_tab(const struct mqc__source *source, unsigned line, unsigned column);

/* Reports every line whose indentation contains a tab and puts blanks there. false: no line has
 * one, or memory ran out, which the problems remember. */
bool mqc__source_mend_tabs(struct mqc__source *source, struct mqc__problems *problems);

/* Returns the line without its end. */
struct mqc_view mqc__source_line(const struct mqc__source *source, unsigned line);

/* Finds the block that a line belongs to. */
struct mqc__block mqc__source_block(const struct mqc__source *source, unsigned line);

/* Returns the block's top-level key, empty when it does not begin with one. */
struct mqc_view mqc__source_block_key(const struct mqc__source *source,
                                      const struct mqc__block *block);

/* Overwrites the block with blanks. false: it was blank already. */
bool mqc__source_blank(struct mqc__source *source, const struct mqc__block *block);

void mqc__source_fini(struct mqc__source *source);

#endif
