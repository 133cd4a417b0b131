#include "link/tls_random.h"

#include <errno.h>
#include <mbedtls/entropy.h>
#include <sys/random.h>

int mqc__tls_random(void *unused, unsigned char *output, size_t size)
{
    (void)unused;
    while (size > 0) {
        const ssize_t count = getrandom(output, size, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
        output += count;
        size -= (size_t)count;
    }
    return 0;
}
