/* What a configuration takes, and what it says about what it does not take. */
#include "test_tls_pair.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes a configuration that must be refused, with a text that names what is wrong. */
static void check_refused(const struct mqc__tls_options *options, enum mqc_error expected,
                          const char *text, const char *place)
{
    struct mqc__tls_config *config = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    CHECK_INT(mqc__tls_config_new(options, &config, &info), expected);
    CHECK_INT(info.code, expected);
    CHECK_CONTAINS(info.text, text);
    CHECK_TEXT(info.place, place);
    CHECK(config == NULL);
    mqc__tls_config_unref(&config);
}

static void test_config_contradictions_named(void)
{
    const char *ca = tls_file("ca.pem");
    const char *pem = tls_file("client.pem");
    const char *key = tls_file("client.key");
    const char *psk = tls_file("psk");
    const struct {
        struct mqc__tls_options options;
        const char *text;
    } wrong[] = {
        {{.ca_file = NULL}, "set ca_file"},
        {{.ca_file = ""}, "set ca_file"},
        {{.ca_file = ca, .certificate_file = pem}, "certificate_file is given without key_file"},
        {{.ca_file = ca, .key_file = key}, "key_file is given without certificate_file"},
        {{.psk_identity = "a"}, "psk_identity is given without psk_file"},
        {{.psk_file = psk}, "psk_file is given without psk_identity"},
        {{.psk_file = psk, .psk_identity = "a", .ca_file = ca}, "contradicts ca_file"},
        {{.psk_file = psk, .psk_identity = "a", .certificate_file = pem, .key_file = key},
         "contradicts ca_file"},
        {{.is_insecure = true, .crl_file = tls_file("crl.pem")}, "crl_file does nothing without"},
        {{.is_server = true}, "a server needs certificate_file"},
        {{.is_server = true,
          .certificate_file = pem,
          .key_file = key,
          .client_certificate = MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL},
         "no ca_file tells which to trust"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_refused(&wrong[i].options, MQC_ECONFIG, wrong[i].text, "");
}

static void test_config_files_not_usable_named(void)
{
    const char *missing = tls_file("missing");
    const char *readme = tls_file("folder/README");
    const char *folder = tls_file("folder");
    const char *empty = tls_file("empty");
    (void)mkdir(empty, 0700);
    struct mqc__tls_options options = tls_client_options("client");
    options.ca_file = missing;
    check_refused(&options, MQC_ECONFIG, "missing cannot be read: No such file", missing);
    options.ca_file = folder;
    check_refused(&options, MQC_ECONFIG, "folder is no regular file", folder);
    options.ca_file = readme;
    check_refused(&options, MQC_ECONFIG, "holds no certificate that can be read", readme);
    options.ca_file = tls_file("ca.pem");
    options.ca_path = missing;
    check_refused(&options, MQC_ECONFIG, "the folder", missing);
    options.ca_file = NULL;
    options.ca_path = empty;
    check_refused(&options, MQC_ECONFIG, "holds no CA certificate", empty);
    options = tls_client_options("client");
    options.crl_file = options.ca_file;
    check_refused(&options, MQC_ECONFIG, "holds no revocation list", options.ca_file);
    options = tls_client_options("client");
    options.key_file = options.certificate_file;
    check_refused(&options, MQC_ECONFIG, "holds no key", options.key_file);
    options = tls_client_options("client");
    options.certificate_file = missing;
    check_refused(&options, MQC_ECONFIG, "cannot be read", missing);
}

static void test_config_key_of_other_certificate_named(void)
{
    struct mqc__tls_options options = tls_client_options("client");
    options.key_file = tls_file("server.key");
    check_refused(&options, MQC_ECONFIG, "does not belong to the certificate", options.key_file);
    options.key_file = tls_file("rsa.key");
    check_refused(&options, MQC_ECONFIG, "does not belong to the certificate", options.key_file);
}

static void test_config_key_open_to_others_refused(void)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0602};
    const struct mqc__tls_options options = tls_client_options("client");
    struct mqc__tls_options lenient = options;
    lenient.allow_readable_key = true;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        REQUIRE(chmod(options.key_file, modes[i]) == 0);
        check_refused(&options, MQC_ECONFIG, "mend it with: chmod 600 ", options.key_file);
        struct mqc__tls_config *config = tls_config(&lenient);
        mqc__tls_config_unref(&config);
    }
    REQUIRE(chmod(options.key_file, 0400) == 0);
    struct mqc__tls_config *config = tls_config(&options);
    mqc__tls_config_unref(&config);
    REQUIRE(chmod(options.key_file, 0600) == 0);
}

static void test_config_encrypted_key_needs_its_password(void)
{
    static const char *const keys[] = {"client-encrypted.key", "client-pkcs8.key"};
    const char *other = tls_file("psk");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct mqc__tls_options options = tls_client_options("client");
        options.key_file = tls_file(keys[i]);
        check_refused(&options, MQC_ECONFIG, "give the file with its password as key_password_file",
                      options.key_file);
        options.key_password_file = other;
        check_refused(&options, MQC_ECONFIG, "the password in key_password_file is another one",
                      options.key_file);
        options.key_password_file = tls_file("password");
        struct mqc__tls_config *config = tls_config(&options);
        mqc__tls_config_unref(&config);
        REQUIRE(chmod(options.key_password_file, 0644) == 0);
        check_refused(&options, MQC_ECONFIG, "chmod 600 ", options.key_password_file);
        REQUIRE(chmod(options.key_password_file, 0600) == 0);
    }
}

static void write_file(const char *path, const char *text, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    CHECK(write(fd, text, size) == (ssize_t)size);
    (void)close(fd);
}

/* Every PKCS #8 key that lacks its end, or whose base64 is harmed, is refused without more ado. */
static void test_config_harmed_pkcs8_key_refused(void)
{
    char *text = NULL;
    size_t size = 0;
    REQUIRE(test_read_file(tls_file("client-pkcs8.key"), &text, &size));
    struct mqc__tls_options options = tls_client_options("client");
    options.key_file = tls_file("harmed.key");
    options.key_password_file = tls_file("password");
    /* The outermost lengths, the object identifiers, salt and vector come first. */
    for (size_t at = 38; at < 230 && at < size; at += 4) {
        const char kept = text[at];
        text[at] = kept == 'A' ? 'B' : 'A';
        write_file(options.key_file, text, size);
        text[at] = kept;
        struct mqc__tls_config *config = NULL;
        struct mqc_error_info info;
        const enum mqc_error error = mqc__tls_config_new(&options, &config, &info);
        CHECK(error == MQC_ECONFIG || error == MQC_OK);
        mqc__tls_config_unref(&config);
    }
    write_file(options.key_file, text, size / 2);
    check_refused(&options, MQC_ECONFIG, "holds no key", options.key_file);
    free(text);
}

static void test_config_psk_file_checked(void)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "0011",
        "00112233445566778899aabbccddee",
        "00112233445566778899aabbccddeefg",
        "00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff 00",
    };
    struct mqc__tls_options options = {.psk_identity = "worker-1", .psk_file = tls_file("psk-2")};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_file(options.psk_file, wrong[i], strlen(wrong[i]));
        check_refused(&options, MQC_ECONFIG, "openssl rand -hex 32", options.psk_file);
    }
    char too_long[2 * 64 + 1];
    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    write_file(options.psk_file, too_long, sizeof too_long - 1);
    check_refused(&options, MQC_ECONFIG, "openssl rand -hex 32", options.psk_file);
    write_file(options.psk_file, "00112233445566778899AABBccddeeff\r\n", 34);
    struct mqc__tls_config *config = tls_config(&options);
    mqc__tls_config_unref(&config);
    REQUIRE(chmod(options.psk_file, 0644) == 0);
    check_refused(&options, MQC_ECONFIG, "chmod 600 ", options.psk_file);
    CHECK(unlink(options.psk_file) == 0);
}

static void test_config_ciphers_checked(void)
{
    const struct {
        const char *name;
        const char *text;
    } wrong[] = {
        {"ECDHE-RSA-AES128-GCM-SHA256", "knows no cipher suite"},
        {"", "knows no cipher suite"},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256_AND_SO_ON_AND_ON_AND_ON_AND_ON_AND_ON_AND_ON_AND_"
         "ON",
         "knows no cipher suite"},
        {"TLS-RSA-WITH-NULL-SHA256", "too weak"},
    };
    struct mqc__tls_options options = tls_client_options(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        options.ciphers = &wrong[i].name;
        options.cipher_count = 1;
        check_refused(&options, MQC_ECONFIG, wrong[i].text, "");
    }
    static const char *many[40];
    options.ciphers = many;
    options.cipher_count = 40;
    check_refused(&options, MQC_ECONFIG, "more than 32", "");
    options.cipher_count = 1;
    check_refused(&options, MQC_ECONFIG, "knows no cipher suite", "");
}

static void test_config_version_as_this_mbedtls_can(void)
{
    struct mqc__tls_options options = tls_client_options(NULL);
    options.minimum_version = MQC__TLS_VERSION_1_3;
    if (!tls_has_1_3()) {
        check_refused(&options, MQC_EUNSUPPORTED, "set the minimum version to 1.2", "");
        return;
    }
    struct mqc__tls_config *config = tls_config(&options);
    mqc__tls_config_unref(&config);
}

static void test_config_alpn_checked(void)
{
    static const char *const empty[] = {""};
    struct mqc__tls_options options = tls_client_options(NULL);
    options.alpn = empty;
    options.alpn_count = 1;
    check_refused(&options, MQC_ECONFIG, "a name in alpn", "");
}

static size_t left_out;

static void count_left_out(void *context, enum mqc_log_level level, const char *text)
{
    (void)context;
    if (level == MQC_LOG_WARNING && strstr(text, "left out") != NULL)
        left_out++;
}

static void test_config_ca_folder_used_and_odd_files_left_out(void)
{
    struct mqc__tls_options client = tls_client_options(NULL);
    const struct mqc__tls_options server = tls_server_options("server");
    client.ca_file = NULL;
    client.ca_path = tls_file("folder");
    left_out = 0;
    mqc_log_set(count_left_out, NULL, MQC_LOG_WARNING);
    struct tls_pair pair;
    tls_pair_init(&pair, &client, &server, "broker.test");
    mqc_log_set(NULL, NULL, MQC_LOG_ERROR);
    CHECK_UNSIGNED(left_out, 1);
    CHECK(tls_pair_run(&pair, SIZE_MAX));
    tls_pair_fini(&pair);
}

static void test_config_expiry_told(void)
{
    struct mqc__tls_expiry expiry;
    struct mqc__tls_options options = tls_client_options(NULL);
    struct mqc__tls_config *config = tls_config(&options);
    CHECK(!mqc__tls_config_expiry(config, &expiry));
    mqc__tls_config_unref(&config);
    options = tls_server_options("below");
    options.certificate_file = tls_file("chain.pem");
    config = tls_config(&options);
    REQUIRE(mqc__tls_config_expiry(config, &expiry));
    CHECK_INT(expiry.certificate_s, 2461449599); /* 2047-12-31 23:59:59 */
    CHECK_INT(expiry.chain_s, 2461449599);
    mqc__tls_config_unref(&config);
    options = tls_server_options("expired");
    config = tls_config(&options);
    REQUIRE(mqc__tls_config_expiry(config, &expiry));
    CHECK_INT(expiry.certificate_s, 1609459200); /* 2021-01-01 */
    mqc__tls_config_unref(&config);
}

static void test_config_referenced_outlives_first_owner(void)
{
    const struct mqc__tls_options options = tls_client_options("client");
    struct mqc__tls_config *first = tls_config(&options);
    struct mqc__tls_config *second = mqc__tls_config_ref(first);
    struct mqc__tls_expiry expiry;
    mqc__tls_config_unref(&first);
    CHECK(first == NULL);
    CHECK(mqc__tls_config_expiry(second, &expiry));
    mqc__tls_config_unref(&second);
    mqc__tls_config_unref(&second);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"contradictions", test_config_contradictions_named},
        {"files that cannot be used", test_config_files_not_usable_named},
        {"key of another certificate", test_config_key_of_other_certificate_named},
        {"key open to others", test_config_key_open_to_others_refused},
        {"encrypted key", test_config_encrypted_key_needs_its_password},
        {"harmed PKCS #8 key", test_config_harmed_pkcs8_key_refused},
        {"pre-shared key file", test_config_psk_file_checked},
        {"cipher suites", test_config_ciphers_checked},
        {"minimum version", test_config_version_as_this_mbedtls_can},
        {"ALPN names", test_config_alpn_checked},
        {"folder of CAs", test_config_ca_folder_used_and_odd_files_left_out},
        {"expiry", test_config_expiry_told},
        {"references", test_config_referenced_outlives_first_owner},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_config", tests);
}
