/* One program for each subject: describes it, or runs one bench on it. */
#include "bench/bench.h"
#include "bench/report.h"
#include "bench/roles.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

static int describe(void)
{
    struct report report;
    report_begin(&report);
    report_text(&report, "subject", subject.name);
    report_text(&report, "server", subject.server);
    report_text(&report, "variants", subject.variants);
    report_count(&report, "qos_most", (uint64_t)subject.qos_most);
    report_bool(&report, "plain", subject.is_plain);
    report_bool(&report, "tls", subject.is_tls);
    report_end(&report);
    return EXIT_MEASURED;
}

int main(int argc, char **argv)
{
    struct plan plan;
    if (argc == 2 && strcmp(argv[1], "describe") == 0)
        return describe();
    /* Whoever has started it and is gone needs no figures. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc < 2 || !plan_read(&plan, argc, argv)) {
        plan_print_usage();
        return EXIT_USAGE;
    }
    struct pair *pairs = pair_new(plan.pair_count);
    if (pairs == NULL) {
        subject_complain("no memory to share");
        return EXIT_FAILED;
    }
    const enum exit_status status = roles_run(&plan, pairs);
    if (status == EXIT_MEASURED)
        plan.bench->report(&plan, pairs);
    return (int)status;
}
