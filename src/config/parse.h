#ifndef MQC_CONFIG_PARSE_H
#define MQC_CONFIG_PARSE_H

#include "config/source.h"

#include <yaml.h>

/* Why text is no YAML. */
struct mqc__parse_error {
    unsigned line; /* from 1; where the unfinished piece begins */
    unsigned column;
    unsigned noticed_line; /* where the parser stopped */
    unsigned noticed_column;
    bool is_limit; /* valid YAML, over a limit of ours: another attempt makes no sense */
    char text[240];
};

/*
 * Parses the first document of a file. The caller deletes *document_out with yaml_document_delete()
 * after MQC_OK. *second_line_out is the line of a second document, 0 when there is none.
 * MQC_EMALFORMED: *error_out says why; MQC_ENOMEM.
 */
enum mqc_error mqc__parse(const struct mqc__source *source, yaml_document_t *document_out,
                          unsigned *second_line_out, struct mqc__parse_error *error_out);

#endif
