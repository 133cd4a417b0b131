#ifndef TESTS_BENCH_WEBSOCKET_H
#define TESTS_BENCH_WEBSOCKET_H

/* What the node of the bench websocket and its clients agree upon; websocket_node.c has the events.
 */

#define WEBSOCKET_TOPIC_UP "bench/up"
#define WEBSOCKET_TOPIC_DOWN "bench/down"

/* Each event carries a number from here on, so that all of them have equally many digits. */
#define WEBSOCKET_NUMBER_BASE UINT64_C(100000000)
#define WEBSOCKET_NUMBER_DIGITS 9
#define WEBSOCKET_NUMBERS WEBSOCKET_NUMBER_BASE

/* The other argument of what there are many of. */
#define WEBSOCKET_FILLING "CHhAvVGS1DHFjwGM9 198.51.100.17:443"

#endif
