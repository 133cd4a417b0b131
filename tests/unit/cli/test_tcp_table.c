#include "examples/tcp_table.h"

#include "support/suite.h"

#include <arpa/inet.h>
#include <stdio.h>

static const char heading[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode                                                     \n";
static const char tail[] = " 00000000:00000000 00:00000000 00000000     0        0 18563 1 "
                           "0000000000000000 100 0 0 10 0                     \n";

/* The kernel writes 32-bit words of network order as numbers of the host's order. */
static void kernel_v4(const char *address, char text_out[9])
{
    struct in_addr bytes;
    REQUIRE(inet_pton(AF_INET, address, &bytes) == 1);
    (void)snprintf(text_out, 9, "%08X", bytes.s_addr);
}

static void kernel_v6(const char *address, char text_out[33])
{
    uint32_t words[4];
    REQUIRE(inet_pton(AF_INET6, address, words) == 1);
    for (size_t i = 0; i < 4; i++)
        (void)snprintf(text_out + 8 * i, 9, "%08X", words[i]);
}

static void v4_line(char *line_out, size_t size)
{
    char local[9];
    char remote[9];
    kernel_v4("192.168.7.2", local);
    kernel_v4("10.0.0.1", remote);
    (void)snprintf(line_out, size, "   4: %s:A1B2 %s:01BB 01%s", local, remote, tail);
}

static bool is_address(const struct tcp_end *end, const char *expected)
{
    uint8_t bytes[16];
    REQUIRE(inet_pton(AF_INET6, expected, bytes) == 1);
    return memcmp(bytes, end->address, sizeof bytes) == 0;
}

static void test_parse_v4_line(void)
{
    char line[256];
    struct tcp_entry entry;
    v4_line(line, sizeof line);
    REQUIRE(tcp_table_parse(line, strlen(line), &entry));
    CHECK(is_address(&entry.local, "::ffff:192.168.7.2"));
    CHECK(is_address(&entry.remote, "::ffff:10.0.0.1"));
    CHECK_UNSIGNED(entry.local.port, 0xa1b2);
    CHECK_UNSIGNED(entry.remote.port, 443);
    CHECK_TEXT(tcp_state_name(entry.state), "ESTABLISHED");
}

static void test_parse_v6_line(void)
{
    char line[300];
    char local[33];
    char remote[33];
    struct tcp_entry entry;
    kernel_v6("2001:db8::1:2", local);
    kernel_v6("fe80::1", remote);
    (void)snprintf(line, sizeof line, "  12: %s:0016 %s:FFFF 06%s", local, remote, tail);
    REQUIRE(tcp_table_parse(line, strlen(line), &entry));
    CHECK(is_address(&entry.local, "2001:db8::1:2"));
    CHECK(is_address(&entry.remote, "fe80::1"));
    CHECK_UNSIGNED(entry.local.port, 22);
    CHECK_UNSIGNED(entry.remote.port, 65535);
    CHECK_TEXT(tcp_state_name(entry.state), "TIME_WAIT");
}

static void test_parse_cut_line_is_refused_until_the_state_is_whole(void)
{
    char line[256];
    v4_line(line, sizeof line);
    const size_t needed = (size_t)(strstr(line, " 01 ") - line) + 4;
    for (size_t size = 0; size <= strlen(line); size++) {
        struct tcp_entry entry = {.state = TCP_STATE_LISTEN};
        CHECK(tcp_table_parse(line, size, &entry) == (size >= needed));
        CHECK(size >= needed || entry.state == TCP_STATE_LISTEN);
    }
}

static void test_parse_garbage_is_refused(void)
{
    static const char *const lines[] = {
        heading,
        "",
        "\n",
        "    ",
        "   0:",
        "   0: ",
        "   x: 0100007F:1F90 00000000:0000 0A x",
        "   0: 0100007F1F90 00000000:0000 0A x",
        "   0: 0100007G:1F90 00000000:0000 0A x",
        "   0: 0100007F:1F9 00000000:0000 0A x",
        "   0: 0100007F:1F900 00000000:0000 0A x",
        "   0: 0100007F0100007F:1F90 00000000:0000 0A x",
        "   0: 0100007F:1F90 0000000000000000:0000 0A x",
        "   0: 0100007F:1F90 00000000:0000 0G x",
        "   0: 0100007F:1F90 00000000:0000 00 x",
        "   0: 0100007F:1F90 00000000:0000 0D x",
        "   0: 0100007F:1F90 00000000:0000 FF x",
        "   0: 0100007F:1F90 00000000:0000 0A1 x",
        "   0: 0100007F:1F90  -0000000:0000 0A x",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct tcp_entry entry;
        CHECK(!tcp_table_parse(lines[i], strlen(lines[i]), &entry));
    }
}

static void test_parse_random_bytes_does_no_harm(void)
{
    struct test_random random = {7};
    char line[128];
    v4_line(line, sizeof line);
    for (int round = 0; round < 20000; round++) {
        char changed[128];
        struct tcp_entry entry;
        memcpy(changed, line, sizeof changed);
        for (uint64_t i = 0; i <= test_random_below(&random, 3); i++)
            changed[test_random_below(&random, sizeof changed)] = (char)test_random_next(&random);
        if (tcp_table_parse(changed, sizeof changed, &entry))
            CHECK(entry.state >= TCP_STATE_ESTABLISHED && entry.state <= TCP_STATE_NEW_SYN_RECV);
    }
}

static void test_state_names_are_distinct(void)
{
    for (int a = TCP_STATE_ESTABLISHED; a <= TCP_STATE_NEW_SYN_RECV; a++)
        for (int b = TCP_STATE_ESTABLISHED; b < a; b++)
            CHECK(strcmp(tcp_state_name((enum tcp_state)a), tcp_state_name((enum tcp_state)b)) !=
                  0);
    CHECK_TEXT(tcp_state_name(TCP_STATE_SYN_SENT), "SYN_SENT");
    CHECK_TEXT(tcp_state_name(TCP_STATE_CLOSE_WAIT), "CLOSE_WAIT");
    CHECK_TEXT(tcp_state_name(TCP_STATE_LISTEN), "LISTEN");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"IPv4", test_parse_v4_line},
        {"IPv6", test_parse_v6_line},
        {"cut", test_parse_cut_line_is_refused_until_the_state_is_whole},
        {"garbage", test_parse_garbage_is_refused},
        {"random", test_parse_random_bytes_does_no_harm},
        {"names", test_state_names_are_distinct},
        CU_TEST_INFO_NULL,
    };
    return suite_run("examples.tcp_table", tests);
}
