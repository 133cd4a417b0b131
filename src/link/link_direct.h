#ifndef MQC_LINK_LINK_DIRECT_H
#define MQC_LINK_LINK_DIRECT_H

#include "link/link_priv.h"

/*
 * The link without a relay: the client library goes on with the broker's socket under the number of
 * its own descriptor. That saves two ways through the loopback interface and a thread for each
 * message.
 *
 * It happens while the client connects. The client must write its CONNECT packet in one call and
 * wait for CONNACK before it writes more, as Paho does (MQTT 3.1.4 would allow more): a second
 * write could overtake the first one, which the link passes on.
 */

/* Gives the client the broker's socket, and the broker what the client has written already. False:
 * that cannot be done, all is as before. On the link's thread. */
bool mqc__direct_hand_over(struct mqc__link *link);

/* Waits until the connection ends or the link is closed. On the link's thread. */
void mqc__direct_watch(struct mqc__link *link);

/* Notes why the connection has ended, if it has; says whether it has. Any thread. */
bool mqc__direct_look(struct mqc__link *link);

/* Fills in the bytes that were carried. Any thread. */
void mqc__direct_stats(const struct mqc__link *link, struct mqc__link_stats *stats_out);

#endif
