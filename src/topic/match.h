#ifndef MQC_TOPIC_MATCH_H
#define MQC_TOPIC_MATCH_H

/* How a subscription's text selects topics. */
enum mqc_match {
    MQC_MATCH_PREFIX, /* Zeek's: every topic that begins with these bytes */
    MQC_MATCH_LEVEL,  /* whole MQTT levels: the topic itself and everything below it; one '/' at the
                       * end makes no difference, and the empty text means every topic */
};

#endif
