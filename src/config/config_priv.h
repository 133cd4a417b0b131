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

/* So does `websocket`. */
#define MQC__CONFIG_WEBSOCKETS_MAX ((size_t)64)

struct mqc_config {
    struct mqc__settings settings;
    struct mqc__arena arena; /* everything that the settings point to */
    const char *directory;   /* where relative file names start, with its '/'; NULL: here */
};

/*
 * Sets one scalar option or broker.uri from text, after ${VAR} was replaced. Copies the text.
 * `target` is what the option's offsets count from: the settings, or one of settings.websockets.
 * MQC_ECONFIG: the value does not fit, *info says why; MQC_ENOMEM. The setting is unchanged then.
 */
enum mqc_error mqc__option_assign(struct mqc_config *config, void *target,
                                  const struct mqc__option *option, struct mqc_view text,
                                  struct mqc_error_info *info);

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
enum mqc_error mqc__option_assign_texts(struct mqc_config *config, void *target,
                                        const struct mqc__option *option, struct mqc_view text,
                                        struct mqc_error_info *info);

/* Adds one word to the bits of an option of choices. MQC_ECONFIG: it is none of them, or it is
 * there already. */
enum mqc_error mqc__option_add_choice(const struct mqc__option *option, struct mqc_view word,
                                      unsigned *bits, struct mqc_error_info *info);

/* Sets an option of choices from one word or from a list in brackets; as mqc__option_assign. */
enum mqc_error mqc__option_assign_choices(void *target, const struct mqc__option *option,
                                          struct mqc_view text, struct mqc_error_info *info);

/* Sets an option of choices. */
void mqc__option_set_choices(void *target, const struct mqc__option *option, unsigned bits);

/* Sets an option of texts; they must be in the configuration's arena. */
void mqc__option_set_texts(void *target, const struct mqc__option *option, const char **texts,
                           size_t count);

/* Copies text that must be a broker's address into the arena; errors as above. */
enum mqc_error mqc__uri_assign(struct mqc_config *config, struct mqc_view text,
                               const char **uri_out, struct mqc_error_info *info);

/* Fills in the defaults of an entry of settings.websockets. MQC_ENOMEM. */
enum mqc_error mqc__websocket_set_defaults(struct mqc_config *config,
                                           struct mqc__websocket_settings *websocket);

/* Where an option's value is, as mqc_config_set() and mqc_config_get() name it. */
struct mqc__option_path {
    const struct mqc__option *option;
    size_t index;   /* websocket[index].listen_port */
    bool has_index; /* false: websocket.listen_port, where there is only one */
    char plain[96]; /* without the index; cut where it is longer than any */
};

/* Reads a dotted path; false: there is no such option, and path_out->option is NULL. */
bool mqc__option_path_read(const char *path, struct mqc__option_path *path_out);

/*
 * Finds the settings that hold an option's value, NULL where there are none: websocket.listen_port
 * is that of the only entry. MQC_ENOTFOUND: there is no such entry; MQC_ECONFIG: there are several.
 */
enum mqc_error mqc__option_path_target(const struct mqc__settings *settings,
                                       const struct mqc__option_path *path, const void **target_out,
                                       struct mqc_error_info *info);

/* Makes the specification of a pool; its topic is empty where it is made from the name. */
struct mqc__pool_spec mqc__pool_settings_spec(const struct mqc__pool_settings *pool);

/* Who is told of contradictions: the options that one lies in, a list that ends with NULL, and what
 * is wrong. */
struct mqc__finder {
    void (*found)(void *context, const char *const *keys, const char *text);
    /* It lies in this entry of settings.pools, and perhaps in those options. */
    void (*found_in_pool)(void *context, const struct mqc__pool_settings *pool,
                          const char *const *keys, const char *text);
    /* It lies in those options of this entry of settings.websockets. */
    void (*found_in_websocket)(void *context, size_t index, const char *const *keys,
                               const char *text);
    void *context;
};

/* Finds everything that a single option cannot tell. MQC_ENOMEM: not everything was looked at. */
enum mqc_error mqc__config_check_all(const struct mqc__settings *settings,
                                     const struct mqc__finder *finder);

#endif
