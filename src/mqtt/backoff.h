#ifndef MQC_MQTT_BACKOFF_H
#define MQC_MQTT_BACKOFF_H

#include <stdint.h>

/*
 * How long to wait before the next attempt, in ms: a random time from 0 to a cap that is min_ms
 * after the first failure (failures 0) and doubles with each further one, up to max_ms. The whole
 * range is random, so that many nodes that lost one broker do not come back to it at once.
 * `random` is 64 random bits.
 */
unsigned mqc__backoff_ms(unsigned min_ms, unsigned max_ms, unsigned failures, uint64_t random);

#endif
