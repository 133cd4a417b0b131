#include "api/mqcluster.h"

#include "api/require.h"
#include "api/services.h"

enum mqc_error mqc_listen_websocket(struct mqc_backend *backend,
                                    const struct mqc_websocket_options *options,
                                    struct mqc_error_info *info)
{
    REQUIRE_ARGUMENT(backend != NULL, info);
    REQUIRE_ARGUMENT(options != NULL, info);
    return mqc__services_listen(mqc__services_of(backend), options, info);
}
