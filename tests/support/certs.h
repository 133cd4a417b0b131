#ifndef TESTS_SUPPORT_CERTS_H
#define TESTS_SUPPORT_CERTS_H

#include <stdbool.h>

/*
 * A throw-away CA with good and bad certificates in a folder under /tmp, made by openssl. NAME.pem
 * is a certificate, NAME.key its key, readable by the owner alone. Of the CA `ca`: server
 * DNS:localhost, DNS:broker.test, IP:127.0.0.1, IP:::1 rsa           the same names, with an RSA
 * key client        of a node, CN=worker-1, for clients only expired       a server's, was valid
 * until 2021 future        a server's, valid from 2048 other-name    a server's, DNS:other.test
 *   other-address a server's, IP:192.0.2.7, and both CN and DNS name 127.0.0.1
 *   common-name   a server's without any subjectAltName, CN=broker.test
 *   revoked       a server's, in crl.pem
 *   weak          a server's with an RSA key of 1024 bits
 *   below         a server's of the intermediate CA `middle`; chain.pem holds both
 * Of the CA `stranger`: stranger-server, stranger-client. Beside them crl.pem, crl-expired.pem;
 * client-encrypted.key (AES-256, traditional PEM) and client-pkcs8.key (AES-256, PKCS #8), whose
 * password is in password; psk, a pre-shared key in hexadecimal; folder/, which holds ca.pem.
 */
struct test_certs {
    char folder[64];
};

/* Makes the folder and all in it; false when openssl failed, whose words are in <folder>/log. */
bool test_certs_make(struct test_certs *certs);

/* The path of a file in the folder; valid for the next thirty-two calls. */
const char *test_certs_file(const struct test_certs *certs, const char *name);

/* Removes the folder. */
void test_certs_remove(struct test_certs *certs);

#endif
