#ifndef MQC_BASE_ERROR_H
#define MQC_BASE_ERROR_H

#include "base/export.h"

/*
 * What went wrong, sorted by what the caller can do about it. The names and texts come from one
 * table: mqc_error_name() and mqc_error_text().
 */
enum mqc_error {
    MQC_OK = 0,       /* done */
    MQC_EINVAL,       /* an argument breaks the function's contract: a bug in the caller */
    MQC_ENOMEM,       /* memory ran out: nothing was done, the object stays usable */
    MQC_ETYPE,        /* a value or the number of values does not fit the event's signature */
    MQC_EUNDECLARED,  /* strict_events is on and nobody declared the event */
    MQC_ETOPIC,       /* the topic breaks a limit of MQTT or of the broker */
    MQC_ETOOLARGE,    /* a value, event or payload is over its size or nesting limit */
    MQC_EMALFORMED,   /* bytes from outside are not what they should be: the peer is at fault */
    MQC_EFULL,        /* a bounded queue is at its limit: nothing was queued, try again later */
    MQC_ENOTINIT,     /* mqc_backend_init() was not called or did not succeed */
    MQC_ECLOSED,      /* the object was closed: it takes no more work */
    MQC_ECONFIG,      /* the configuration is wrong */
    MQC_EIO,          /* a file or socket of this host failed */
    MQC_ECONNECT,     /* the broker cannot be reached: retried without the caller's help */
    MQC_EREFUSED,     /* the broker refused: credentials, access rights or protocol version */
    MQC_ETIMEOUT,     /* not done within the time given */
    MQC_ETAKEN,       /* another client took this node's session; this one gives way */
    MQC_EEXIST,       /* it exists already, with other contents */
    MQC_ENOTFOUND,    /* there is no such thing */
    MQC_EUNSUPPORTED, /* this build or this peer cannot do it */
};

/*
 * An error with the words for a person. `text` says what is wrong and what to do; `place` says
 * where (a file and line, an argument, a URI) and may be empty.
 */
struct mqc_error_info {
    enum mqc_error code;
    char text[400];
    char place[200];
};

/* Returns the name of a code, "MQC_EFULL" for instance; never NULL. Any thread. */
MQC_API const char *mqc_error_name(enum mqc_error code);

/* Returns one line of English for a code; never NULL. Any thread. */
MQC_API const char *mqc_error_text(enum mqc_error code);

#endif
