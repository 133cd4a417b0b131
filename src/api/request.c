#include "api/mqcluster.h"

#include "backend/backend.h"
#include "base/fail.h"
#include "codec/json.h"

#include <stdint.h>
#include <stdlib.h>

/* What one line of JSON may take when it is read. */
#define REQUEST_MEMORY_BYTES ((size_t)64 << 20)

static const struct mqc__signature *find_signature(void *context, struct mqc_view event)
{
    return context != NULL ? mqc__backend_signature(context, event) : NULL;
}

/* A request and the memory that it lives in. */
struct owned_request {
    struct mqc_request request;
    struct mqc__arena arena;
};

static bool take_target(const struct mqc__json_request *from, struct mqc_request *request)
{
    if (from->has_topic)
        *request = (struct mqc_request){.target = MQC_TARGET_TOPIC, .topic = from->topic};
    else if (from->has_hrw)
        *request = (struct mqc_request){
            .target = MQC_TARGET_HRW, .pool = from->hrw_pool, .key = {.value = from->hrw_key}};
    else if (from->has_rr)
        *request = (struct mqc_request){
            .target = MQC_TARGET_RR, .pool = from->rr_pool, .key = {.value = from->rr_key}};
    return from->has_topic || from->has_hrw || from->has_rr;
}

static enum mqc_error read_request(const struct mqc_backend *backend, struct mqc_view json,
                                   struct owned_request *owned, struct mqc_error_info *info)
{
    /* The context is only read. */
    const struct mqc__json_signatures signatures = {find_signature, (void *)(uintptr_t)backend};
    struct mqc__json_request request;
    const enum mqc_error error =
        mqc__json_read_any(&owned->arena, json, &signatures, &request, info);
    if (error != MQC_OK)
        return error;
    if (!take_target(&request, &owned->request))
        return mqc__fail(info, MQC_EMALFORMED,
                         "the member \"topic\" is missing, or \"hrw\" or \"rr\" in its place");
    owned->request.event = request.event;
    return mqc__backend_check_event(backend, &owned->request.event, info);
}

enum mqc_error mqc_request_from_json(const struct mqc_backend *backend, struct mqc_view json,
                                     struct mqc_request **request_out, struct mqc_error_info *info)
{
    *request_out = NULL;
    if (backend == NULL || (json.data == NULL && json.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_request_from_json: an argument is NULL");
    struct owned_request *owned = calloc(1, sizeof *owned);
    if (owned == NULL)
        return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    mqc__arena_init(&owned->arena, REQUEST_MEMORY_BYTES);
    struct mqc_request *request = &owned->request;
    const enum mqc_error error = read_request(backend, json, owned, info);
    if (error != MQC_OK)
        mqc_request_free(&request);
    *request_out = request;
    return error;
}

void mqc_request_free(struct mqc_request **request)
{
    if (request == NULL || *request == NULL)
        return;
    /* The request is the first member of what mqc_request_from_json() allocated. */
    struct owned_request *owned = (struct owned_request *)*request;
    mqc__arena_fini(&owned->arena);
    free(owned);
    *request = NULL;
}
