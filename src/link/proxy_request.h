#ifndef MQC_LINK_PROXY_REQUEST_H
#define MQC_LINK_PROXY_REQUEST_H

#include <stdbool.h>

/*
 * Answers a client that takes the other end of its connection for an HTTP proxy: reads one CONNECT
 * request (RFC 9110 9.3.6) and says that it is done; what follows is the client's protocol. Blocks
 * until then, at most a few seconds, or until stop_fd is readable. False: no such request came.
 */
bool mqc__proxy_request_answer(int fd, int stop_fd);

#endif
