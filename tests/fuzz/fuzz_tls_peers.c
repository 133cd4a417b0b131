#include "fuzz_tls_peers.h"

#include "fuzz.h"
#include "support/certs.h"

#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#define REPLACES_LIBRARY __attribute__((visibility("default")))
#define NOW_S INT64_C(1893456000)

static uint64_t random_state;

REPLACES_LIBRARY ssize_t getrandom(void *buffer, size_t size, unsigned flags);

/* Numbers that look random and are not (xorshift64*). */
REPLACES_LIBRARY ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    unsigned char *bytes = buffer;
    (void)flags;
    for (size_t i = 0; i < size; i++) {
        random_state ^= random_state >> 12;
        random_state ^= random_state << 25;
        random_state ^= random_state >> 27;
        bytes[i] = (unsigned char)((random_state * UINT64_C(2685821657736338717)) >> 56);
    }
    return (ssize_t)size;
}

REPLACES_LIBRARY time_t time(time_t *time_out)
{
    if (time_out != NULL)
        *time_out = (time_t)NOW_S;
    return (time_t)NOW_S;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
REPLACES_LIBRARY int mbedtls_psa_get_random(void *state, unsigned char *buffer, size_t size);
REPLACES_LIBRARY int64_t mbedtls_ms_time(void);

/* TLS 1.3 draws its keys from a generator of mbedTLS, which remembers all that came before. */
REPLACES_LIBRARY int mbedtls_psa_get_random(void *state, unsigned char *buffer, size_t size)
{
    (void)state;
    (void)getrandom(buffer, size, 0);
    return 0;
}

/* It also tells how old a ticket is. */
REPLACES_LIBRARY int64_t mbedtls_ms_time(void)
{
    return NOW_S * 1000;
}
#endif

static int64_t fixed_clock(void)
{
    return NOW_S;
}

static struct test_certs certs;
static struct peer peers[PEER_COUNT];

static void clean_up(void)
{
    for (size_t i = 0; i < PEER_COUNT; i++) {
        mqc__tls_session_free(&peers[i].session);
        mqc__tls_config_unref(&peers[i].config);
    }
    test_certs_remove(&certs);
}

static struct mqc__tls_config *make_config(const struct mqc__tls_options *options)
{
    struct mqc__tls_config *config = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error = mqc__tls_config_new(options, &config, &info);
    fuzz_require(error == MQC_OK, info.text);
    return config;
}

/* Both ends show a certificate; the client's name for the server may be wrong. */
static void make_certificates(struct peer *client, struct peer *server, const char *server_name)
{
    static const char *const protocols[] = {"mqtt", "x"};
    struct mqc__tls_options options = {
        .ca_file = test_certs_file(&certs, "ca.pem"),
        .certificate_file = test_certs_file(&certs, "client.pem"),
        .key_file = test_certs_file(&certs, "client.key"),
        .crl_file = test_certs_file(&certs, "crl.pem"),
        .alpn = protocols,
        .alpn_count = 2,
        .clock = fixed_clock,
    };
    client->config = make_config(&options);
    client->server_name = server_name;
    options.is_server = true;
    options.certificate_file = test_certs_file(&certs, "server.pem");
    options.key_file = test_certs_file(&certs, "server.key");
    options.client_certificate = MQC__TLS_CLIENT_CERTIFICATE_REQUIRED;
    server->config = make_config(&options);
}

static void make_pre_shared_key(struct peer *client, struct peer *server)
{
    struct mqc__tls_options options = {
        .psk_identity = "sensor",
        .psk_file = test_certs_file(&certs, "psk"),
        .clock = fixed_clock,
    };
    client->config = make_config(&options);
    client->server_name = "broker.test";
    options.is_server = true;
    server->config = make_config(&options);
}

struct mqc__tls *peer_start(const struct peer *peer)
{
    struct mqc__tls *tls = NULL;
    random_state = peer->random_state;
    fuzz_require(mqc__tls_new(peer->config, peer->server_name, peer->session, &tls, NULL) == MQC_OK,
                 "a connection can be made");
    return tls;
}

/* Each end has random numbers of its own, as it will have when the other is played back. */
static void work(struct mqc__tls *tls, struct peer *peer)
{
    char byte = 0;
    size_t size = 0;
    random_state = peer->random_state;
    (void)mqc__tls_read(tls, &byte, 1, &size);
    peer->random_state = random_state;
    fuzz_require(size == 0, "nobody has sent data yet");
}

/* Carries the output of one end to the other and writes it down; returns how much that was. */
static size_t carry(struct mqc__tls *from, struct mqc__tls *to, struct peer *receiver)
{
    const struct mqc_view output = mqc__tls_output(from);
    const size_t size = output.size;
    fuzz_require(size <= STREAM_BYTES_MAX - receiver->stream_size, "the honest stream is short");
    if (size > 0)
        memcpy(receiver->stream + receiver->stream_size, output.data, size);
    receiver->stream_size += size;
    fuzz_require(mqc__tls_input(to, output) == size, "honest input is taken");
    mqc__tls_output_taken(from, size);
    return size;
}

/* Says a few words and good-bye, which is written down too. */
static void say(struct mqc__tls *from, struct mqc__tls *to, struct peer *receiver)
{
    size_t taken = 0;
    (void)mqc__tls_write(from, mqc_view_text(receiver->words), &taken);
    mqc__tls_close(from);
    (void)carry(from, to, receiver);
}

/* Lets a client and a server meet; the client's session is for the next time. */
static void record(struct peer *client, struct peer *server, struct mqc__tls_session **session_out)
{
    const uint64_t client_start = client->random_state;
    const uint64_t server_start = server->random_state;
    struct mqc__tls *client_tls = peer_start(client);
    struct mqc__tls *server_tls = peer_start(server);
    size_t moved = 0;
    do {
        work(client_tls, client);
        work(server_tls, server);
        moved = carry(client_tls, server_tls, server);
        moved += carry(server_tls, client_tls, client);
    } while (moved > 0);
    if (session_out != NULL)
        fuzz_require(mqc__tls_session_save(client_tls, session_out) == MQC_OK, "it can be resumed");
    fuzz_require(mqc__tls_is_resumed(client_tls) == (client->session != NULL), "it is resumed");
    say(client_tls, server_tls, server);
    say(server_tls, client_tls, client);
    mqc__tls_free(&client_tls);
    mqc__tls_free(&server_tls);
    client->random_state = client_start;
    server->random_state = server_start;
}

static void seed_peers(void)
{
    for (size_t i = 0; i < PEER_COUNT; i++) {
        peers[i].random_state = UINT64_C(88172645463325252) + i;
        peers[i].words = i % 2 == 0 ? "from the server" : "from the client";
    }
}

void peers_record(void)
{
    random_state = 1;
    fuzz_require(test_certs_make(&certs), "openssl made the certificates");
    (void)atexit(clean_up);
    seed_peers();
    make_certificates(&peers[0], &peers[1], "broker.test");
    peers[2].config = mqc__tls_config_ref(peers[0].config);
    peers[2].server_name = peers[0].server_name;
    peers[3].config = mqc__tls_config_ref(peers[1].config);
    make_pre_shared_key(&peers[4], &peers[5]);
    make_certificates(&peers[6], &peers[7], "other.test");
    peers[6].is_refused = true;
    peers[7].is_refused = true;
    record(&peers[0], &peers[1], &peers[2].session);
    record(&peers[2], &peers[3], NULL);
    record(&peers[4], &peers[5], NULL);
    record(&peers[6], &peers[7], NULL);
}

const struct peer *peers_get(size_t i)
{
    return &peers[i];
}
