#ifndef MQC_CONFIG_CONFIG_PRIV_H
#define MQC_CONFIG_CONFIG_PRIV_H

#include "cluster/pool.h"
#include "config/option.h"
#include "config/settings.h"

/* A configuration may take this much memory. */
#define MQC__CONFIG_BYTES_MAX ((size_t)32 << 20)

/* MQTT 1.5.4: the longest text that MQTT can carry. */
#define MQC__CONFIG_TEXT_BYTES_MAX ((size_t)65535)

/* A list of texts or of addresses has at most this many entries. */
#define MQC__CONFIG_TEXTS_MAX ((size_t)64)

struct mqc_config {
    struct mqc__settings settings;
    struct mqc__arena arena; /* everything that the settings point to */
    const char *directory;   /* where relative file names start, with its '/'; NULL: here */
};

/*
 * Sets one scalar option or broker.uri from text, after ${VAR} was replaced. Copies the text.
 * MQC_ECONFIG: the value does not fit, *info says why; MQC_ENOMEM. The setting is unchanged then.
 */
enum mqc_error mqc__option_assign(struct mqc_config *config, const struct mqc__option *option,
                                  struct mqc_view text, struct mqc_error_info *info);

/* Copies text that must be UTF-8 without NUL and not empty into the arena; errors as above. */
enum mqc_error mqc__text_assign(struct mqc_config *config, struct mqc_view text,
                                const char **text_out, struct mqc_error_info *info);

/* Makes one text of an option of texts, as mqc__option_assign does; *text_out is unchanged on
 * failure. */
enum mqc_error mqc__option_text(struct mqc_config *config, const struct mqc__option *option,
                                struct mqc_view text, const char **text_out,
                                struct mqc_error_info *info);

/* Sets an option of texts from one text or from a list in brackets, "[a, b]"; as
 * mqc__option_assign. */
enum mqc_error mqc__option_assign_texts(struct mqc_config *config, const struct mqc__option *option,
                                        struct mqc_view text, struct mqc_error_info *info);

/* Adds one word to the bits of an option of choices. MQC_ECONFIG: it is none of them, or it is
 * there already. */
enum mqc_error mqc__option_add_choice(const struct mqc__option *option, struct mqc_view word,
                                      unsigned *bits, struct mqc_error_info *info);

/* Sets an option of choices from one word or from a list in brackets; as mqc__option_assign. */
enum mqc_error mqc__option_assign_choices(struct mqc_config *config,
                                          const struct mqc__option *option, struct mqc_view text,
                                          struct mqc_error_info *info);

/* Sets an option of choices. */
void mqc__option_set_choices(struct mqc_config *config, const struct mqc__option *option,
                             unsigned bits);

/* Sets an option of texts; they must be in the configuration's arena. */
void mqc__option_set_texts(struct mqc_config *config, const struct mqc__option *option,
                           const char **texts, size_t count);

/* Copies text that must be a broker's address into the arena; errors as above. */
enum mqc_error mqc__uri_assign(struct mqc_config *config, struct mqc_view text,
                               const char **uri_out, struct mqc_error_info *info);

/* Makes the specification of a pool; its topic is empty where it is made from the name. */
struct mqc__pool_spec mqc__pool_settings_spec(const struct mqc__pool_settings *pool);

/* Who is told of contradictions: the options that one lies in, a list that ends with NULL, and what
 * is wrong. */
struct mqc__finder {
    void (*found)(void *context, const char *const *keys, const char *text);
    /* It lies in this entry of settings.pools, and perhaps in those options. */
    void (*found_in_pool)(void *context, const struct mqc__pool_settings *pool,
                          const char *const *keys, const char *text);
    void *context;
};

/* Finds everything that a single option cannot tell. MQC_ENOMEM: not everything was looked at. */
enum mqc_error mqc__config_check_all(const struct mqc__settings *settings,
                                     const struct mqc__finder *finder);

#endif
