#include "test_tls_pair.h"

#include <stdlib.h>

struct test_certs tls_certs;

int tls_suite_run(const char *name, CU_TestInfo tests[])
{
    const bool is_made = test_certs_make(&tls_certs);
    int status = EXIT_FAILURE;
    if (is_made)
        status = suite_run(name, tests);
    else
        (void)fprintf(stderr, "%s: openssl failed, see %s/log\n", name, tls_certs.folder);
    if (is_made)
        test_certs_remove(&tls_certs);
    return status;
}

const char *tls_file(const char *name)
{
    return test_certs_file(&tls_certs, name);
}

static const char *file_with(const char *identity, const char *ending)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s%s", identity, ending);
    return tls_file(name);
}

struct mqc__tls_options tls_client_options(const char *identity)
{
    return (struct mqc__tls_options){
        .ca_file = tls_file("ca.pem"),
        .certificate_file = identity != NULL ? file_with(identity, ".pem") : NULL,
        .key_file = identity != NULL ? file_with(identity, ".key") : NULL,
    };
}

struct mqc__tls_options tls_server_options(const char *identity)
{
    struct mqc__tls_options options = tls_client_options(identity);
    options.is_server = true;
    return options;
}

struct mqc__tls_config *tls_config(const struct mqc__tls_options *options)
{
    struct mqc__tls_config *config = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error = mqc__tls_config_new(options, &config, &info);
    CHECK_TEXT(info.text, "");
    REQUIRE(error == MQC_OK);
    return config;
}

bool tls_has_1_3(void)
{
    const struct mqc__tls_options options = {.is_insecure = true,
                                             .minimum_version = MQC__TLS_VERSION_1_3};
    struct mqc__tls_config *config = NULL;
    const bool has = mqc__tls_config_new(&options, &config, NULL) == MQC_OK;
    mqc__tls_config_unref(&config);
    return has;
}

void tls_pair_init(struct tls_pair *pair, const struct mqc__tls_options *client,
                   const struct mqc__tls_options *server, const char *server_name)
{
    struct mqc__tls_config *client_config = tls_config(client);
    struct mqc__tls_config *server_config = tls_config(server);
    REQUIRE(mqc__tls_new(client_config, server_name, NULL, &pair->client, NULL) == MQC_OK);
    REQUIRE(mqc__tls_new(server_config, NULL, NULL, &pair->server, NULL) == MQC_OK);
    mqc__tls_config_unref(&client_config);
    mqc__tls_config_unref(&server_config);
}

void tls_pair_fini(struct tls_pair *pair)
{
    mqc__tls_free(&pair->client);
    mqc__tls_free(&pair->server);
}

size_t tls_carry(struct mqc__tls *from, struct mqc__tls *to, size_t chunk)
{
    struct mqc_view output = mqc__tls_output(from);
    if (output.size > chunk)
        output.size = chunk;
    const size_t taken = mqc__tls_input(to, output);
    mqc__tls_output_taken(from, taken);
    return taken;
}

bool tls_pair_run(struct tls_pair *pair, size_t chunk)
{
    enum mqc__tls_status client = MQC__TLS_WANTS_INPUT;
    enum mqc__tls_status server = MQC__TLS_WANTS_INPUT;
    size_t moved = 0;
    do {
        client = mqc__tls_step(pair->client);
        server = mqc__tls_step(pair->server);
        moved = tls_carry(pair->client, pair->server, chunk);
        moved += tls_carry(pair->server, pair->client, chunk);
    } while (moved > 0);
    return client == MQC__TLS_ESTABLISHED && server == MQC__TLS_ESTABLISHED;
}

const char *tls_state(struct mqc__tls *tls)
{
    char byte = 0;
    size_t size = 0;
    switch (mqc__tls_read(tls, &byte, 0, &size)) {
    case MQC__TLS_ESTABLISHED: return "established";
    case MQC__TLS_CLOSED: return "closed";
    case MQC__TLS_FAILED: return mqc__tls_failure(tls)->tag;
    case MQC__TLS_WANTS_INPUT:
    case MQC__TLS_WANTS_OUTPUT: break;
    }
    return "waiting";
}

/* Reads what has arrived behind what was read before; returns how much that is. */
static size_t read_on(struct mqc__tls *tls, char *bytes, size_t room)
{
    size_t total = 0;
    size_t size = 0;
    while (total < room &&
           mqc__tls_read(tls, bytes + total, room - total, &size) == MQC__TLS_ESTABLISHED)
        total += size;
    return total;
}

void tls_check_transfer(struct mqc__tls *from, struct mqc__tls *to, struct mqc_view data)
{
    char *arrived = malloc(data.size + 1);
    REQUIRE(arrived != NULL);
    size_t sent = 0;
    size_t received = 0;
    size_t moved = 0;
    do {
        size_t taken = 0;
        (void)mqc__tls_write(from, mqc_view_bytes(data.data + sent, data.size - sent), &taken);
        sent += taken;
        moved = tls_carry(from, to, SIZE_MAX);
        received += read_on(to, arrived + received, data.size - received);
    } while (moved > 0);
    CHECK_UNSIGNED(sent, data.size);
    CHECK(received == data.size && memcmp(arrived, data.data, data.size) == 0);
    free(arrived);
}
