/* The listeners of the configuration: opened by init, all or none. */
#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int make_socket(uint16_t port, struct sockaddr_in *name_out)
{
    *name_out = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool is_listening(uint16_t port)
{
    struct sockaddr_in name;
    const int fd = make_socket(port, &name);
    const bool is_there = connect(fd, (const struct sockaddr *)&name, sizeof name) == 0;
    (void)close(fd);
    return is_there;
}

static int occupy(uint16_t port)
{
    struct sockaddr_in name;
    const int fd = make_socket(port, &name);
    REQUIRE(bind(fd, (const struct sockaddr *)&name, sizeof name) == 0 && listen(fd, 1) == 0);
    return fd;
}

static void new_node(struct test_node *node, uint16_t first, uint16_t second)
{
    char yaml[300];
    (void)snprintf(yaml, sizeof yaml,
                   "cluster: {name: test}\nnodes: {manager: {type: manager}}\n"
                   "websocket: [{listen_port: %u}, {listen_port: %u}]\n",
                   first, second);
    test_node_new_with(node, "manager", "mqtt://127.0.0.1:1", yaml, NULL);
}

static void test_init_that_cannot_listen_leaves_nothing_open(void)
{
    struct test_node node;
    struct mqc_error_info info;
    const uint16_t ports[] = {test_free_port(), test_free_port()};
    const int occupied = occupy(ports[1]);
    new_node(&node, ports[0], ports[1]);
    CHECK_INT(mqc_backend_init(node.backend, NULL, &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "WebSocket: Unable to listen on 127.0.0.1:");
    CHECK(!is_listening(ports[0]));
    (void)close(occupied);
    CHECK_INT(mqc_backend_init(node.backend, NULL, &info), MQC_OK);
    CHECK(is_listening(ports[0]) && is_listening(ports[1]));
    test_node_free(&node);
}

static void test_init_that_fails_closes_what_it_opened(void)
{
    struct test_node node;
    struct mqc_error_info info;
    struct mqc_websocket_options options;
    const uint16_t ports[] = {test_free_port(), test_free_port()};
    new_node(&node, ports[0], ports[1]);
    mqc_websocket_options_init(&options);
    options.listen_port = ports[0];
    REQUIRE(mqc_listen_websocket(node.backend, &options, &info) == MQC_OK);
    CHECK_INT(mqc_backend_init(node.backend, "", &info), MQC_EINVAL);
    CHECK(is_listening(ports[0]) && !is_listening(ports[1]));
    CHECK_INT(mqc_backend_init(node.backend, NULL, &info), MQC_OK);
    CHECK_INT(mqc_backend_init(node.backend, NULL, &info), MQC_EEXIST);
    CHECK(is_listening(ports[0]) && is_listening(ports[1]));
    test_node_free(&node);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"init_that_cannot_listen_leaves_nothing_open",
         test_init_that_cannot_listen_leaves_nothing_open},
        {"init_that_fails_closes_what_it_opened", test_init_that_fails_closes_what_it_opened},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.listen", tests);
}
