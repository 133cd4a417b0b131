#ifndef MQC_CONFIG_CONFIG_PRIV_H
#define MQC_CONFIG_CONFIG_PRIV_H

#include "config/option.h"
#include "config/settings.h"

/* A configuration may take this much memory. */
#define MQC__CONFIG_BYTES_MAX ((size_t)32 << 20)

/* MQTT 1.5.4: the longest text that MQTT can carry. */
#define MQC__CONFIG_TEXT_BYTES_MAX ((size_t)65535)

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

/* Takes one contradiction: the options that it lies in (`other` may be NULL) and what is wrong. */
typedef void (*mqc__check_fn)(void *context, const char *key, const char *other, const char *text);

/* Calls `found` for everything that a single option cannot tell. */
void mqc__config_check_all(const struct mqc__settings *settings, mqc__check_fn found,
                           void *context);

#endif
