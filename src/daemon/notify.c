#include "daemon/notify.h"

#include <systemd/sd-daemon.h>

void mqc__notify_status(const char *text)
{
    (void)sd_notifyf(0, "STATUS=%s", text);
}

void mqc__notify_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void mqc__notify_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void mqc__notify_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

int mqc__notify_alive_interval_ms(void)
{
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(0, &watchdog_us) <= 0)
        return -1;
    /* A third: one late wake-up does no harm. */
    const uint64_t interval_ms = watchdog_us / 3000;
    if (interval_ms == 0)
        return 1;
    return interval_ms < 60000 ? (int)interval_ms : 60000;
}
