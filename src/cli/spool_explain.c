#include "cli/spool_explain.h"

#include "cli/cli.h"
#include "cli/report.h"

int mqc__spool_explain(const struct mqc__options *options, const struct mqc_error_info *info)
{
    if (info->code != MQC_ENOTFOUND) {
        mqc__report_error(options->who, info);
        return info->code == MQC_ECONFIG ? MQC__EXIT_USAGE : MQC__EXIT_FAILED;
    }
    if (!options->is_quiet)
        mqc__report(options->who,
                    "nothing waits: %s; a node with delivery.durability: disk makes one when it "
                    "starts",
                    info->text);
    return MQC__EXIT_DONE;
}
