#include "support/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs in the folder. `openssl ca` is the one command that sets both ends of the validity. */
static const char script[] =
    "set -eu\n"
    "umask 077\n"
    "cat > config <<'END'\n"
    "[ca]\n"
    "default_ca = here\n"
    "[here]\n"
    "dir = $ENV::CA\n"
    "database = $dir.index\n"
    "new_certs_dir = .\n"
    "certificate = $dir.pem\n"
    "private_key = $dir.key\n"
    "rand_serial = yes\n"
    "default_md = sha256\n"
    "default_days = 3650\n"
    "default_crl_days = 3650\n"
    "policy = any\n"
    "copy_extensions = copy\n"
    "unique_subject = no\n"
    "[any]\n"
    "commonName = supplied\n"
    "[req]\n"
    "distinguished_name = name\n"
    "[name]\n"
    "[leaf]\n"
    "basicConstraints = critical, CA:false\n"
    "keyUsage = critical, digitalSignature\n"
    "[authority]\n"
    "basicConstraints = critical, CA:true\n"
    "keyUsage = critical, keyCertSign, cRLSign\n"
    "subjectKeyIdentifier = hash\n"
    "END\n"
    "ec_key() {\n"
    "    openssl ecparam -name prime256v1 -genkey -noout -out \"$1.key\"\n"
    "}\n"
    "root() {\n"
    "    ec_key \"$1\"\n"
    "    : > \"$1.index\"\n"
    "    CA=$1 openssl req -x509 -new -key \"$1.key\" -out \"$1.pem\" -days 3650 -subj \"/CN=$2\""
    " -config config -extensions authority\n"
    "}\n"
    /* sign CA NAME CN EXTENSIONS [FROM UNTIL]: NAME.key exists */
    "sign() {\n"
    "    CA=$1 openssl req -new -key \"$2.key\" -out \"$2.csr\" -subj \"/CN=$3\" -config config "
    "${san:+-addext \"subjectAltName=$san\"} ${use:+-addext \"extendedKeyUsage=$use\"}\n"
    "    CA=$1 openssl ca -batch -notext -config config -extensions \"$4\" -in \"$2.csr\""
    " -out \"$2.pem\" -startdate \"${5:-20200101000000Z}\" -enddate \"${6:-20471231235959Z}\"\n"
    "}\n"
    "names='DNS:localhost, DNS:broker.test, IP:127.0.0.1, IP:::1'\n"
    /* server NAME SAN [FROM UNTIL] */
    "server() {\n"
    "    [ -e \"$1.key\" ] || ec_key \"$1\"\n"
    "    san=$2 use=serverAuth sign \"${by:-ca}\" \"$1\" \"${cn:-$1}\" leaf ${3:+\"$3\" \"$4\"}\n"
    "}\n"
    /* client CA NAME [FROM UNTIL] */
    "client() {\n"
    "    ec_key \"$2\"\n"
    "    san= use=clientAuth sign \"$1\" \"$2\" worker-1 leaf ${3:+\"$3\" \"$4\"}\n"
    "}\n"
    "root ca 'Test CA'\n"
    "root stranger 'Stranger CA'\n"
    "cn=broker.test server server \"$names\"\n"
    "openssl genrsa -out rsa.key 2048\n"
    "cn=broker.test server rsa \"$names\"\n"
    "openssl genrsa -out weak.key 1024\n"
    "server weak \"$names\"\n"
    "client ca client\n"
    "client ca expired-client 20200101000000Z 20210101000000Z\n"
    "server expired \"$names\" 20200101000000Z 20210101000000Z\n"
    "server future \"$names\" 20480101000000Z 20490101000000Z\n"
    "server other-name DNS:other.test\n"
    "cn=127.0.0.1 server other-address 'IP:192.0.2.7, DNS:127.0.0.1'\n"
    "cn=broker.test server common-name ''\n"
    "server revoked \"$names\"\n"
    "ec_key middle\n"
    ": > middle.index\n"
    "san= use= sign ca middle 'Middle CA' authority\n"
    "by=middle server below \"$names\"\n"
    "cat below.pem middle.pem > chain.pem\n"
    "by=stranger server stranger-server \"$names\"\n"
    "client stranger stranger-client\n"
    "CA=ca openssl ca -config config -gencrl -out crl-expired.pem"
    " -crl_lastupdate 20200101000000Z -crl_nextupdate 20210101000000Z\n"
    "CA=ca openssl ca -config config -revoke revoked.pem\n"
    "CA=ca openssl ca -config config -gencrl -out crl.pem\n"
    "printf 'a secret\\n' > password\n"
    "openssl ec -aes256 -in client.key -out client-encrypted.key -passout file:password\n"
    "openssl pkcs8 -topk8 -in client.key -out client-pkcs8.key -passout file:password\n"
    "openssl rand -hex 32 > psk\n"
    "mkdir folder\n"
    "cp ca.pem folder/\n"
    "echo 'no certificate' > folder/README\n";

/* Runs a shell in a folder, with its output in the folder's log; says whether it succeeded. */
static bool run_shell(const char *folder, const char *text)
{
    const pid_t process = fork();
    if (process == 0) {
        if (chdir(folder) != 0)
            _exit(127);
        const int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
        (void)dup2(log, STDOUT_FILENO);
        (void)dup2(log, STDERR_FILENO);
        (void)execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

bool test_certs_make(struct test_certs *certs)
{
    (void)snprintf(certs->folder, sizeof certs->folder, "/tmp/mqc-test-certs-XXXXXX");
    return mkdtemp(certs->folder) != NULL && run_shell(certs->folder, script);
}

const char *test_certs_file(const struct test_certs *certs, const char *name)
{
    static char paths[32][128];
    static unsigned next;
    char *path = paths[next++ % 32];
    (void)snprintf(path, sizeof paths[0], "%s/%s", certs->folder, name);
    return path;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void test_certs_remove(struct test_certs *certs)
{
    if (certs->folder[0] != '\0')
        (void)nftw(certs->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    certs->folder[0] = '\0';
}
