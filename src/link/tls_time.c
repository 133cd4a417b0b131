#include "link/tls_time.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

int64_t mqc__tls_time_s(const mbedtls_x509_time *time)
{
    struct tm parts = {
        .tm_year = time->year - 1900,
        .tm_mon = time->mon - 1,
        .tm_mday = time->day,
        .tm_hour = time->hour,
        .tm_min = time->min,
        .tm_sec = time->sec,
    };
    return (int64_t)timegm(&parts);
}

const char *mqc__tls_time_text(int64_t time_s, char text_out[MQC__TLS_TIME_BYTES])
{
    const time_t time = (time_t)time_s;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL ||
        strftime(text_out, MQC__TLS_TIME_BYTES, "%Y-%m-%d %H:%M UTC", &parts) == 0)
        (void)snprintf(text_out, MQC__TLS_TIME_BYTES, "%lld", (long long)time_s);
    return text_out;
}

int64_t mqc__tls_time_built_s(void)
{
    return MQC_LINK_BUILT_S;
}

int64_t mqc__tls_time_now_s(void)
{
    return mqc__clock_wall_ns() / NS_PER_S;
}
