#include "backend/declarations.h"

#include "base/fail.h"
#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* A signature and the memory that it lives in. */
struct declaration {
    struct mqc__arena arena;
    struct mqc__signature signature;
};

struct mqc__declarations {
    pthread_rwlock_t lock; /* guards the table, not what is in it */
    struct mqc__map table; /* by event name */
    /* What was found last; most of the time the next event is of the same kind. */
    const struct declaration *_Atomic recent;
    bool is_strict;
};

struct mqc__declarations *mqc__declarations_new(bool is_strict)
{
    struct mqc__declarations *declarations = calloc(1, sizeof *declarations);
    if (declarations == NULL)
        return NULL;
    pthread_rwlock_init(&declarations->lock, NULL);
    declarations->is_strict = is_strict;
    return declarations;
}

static void free_declaration(void *value)
{
    struct declaration *declaration = value;
    if (declaration == NULL)
        return;
    mqc__arena_fini(&declaration->arena);
    free(declaration);
}

void mqc__declarations_free(struct mqc__declarations **declarations)
{
    if (*declarations == NULL)
        return;
    mqc__map_fini(&(*declarations)->table, free_declaration);
    pthread_rwlock_destroy(&(*declarations)->lock);
    free(*declarations);
    *declarations = NULL;
}

/* Takes the declaration on success only. */
static enum mqc_error insert(struct mqc__declarations *declarations,
                             struct declaration *declaration, bool *is_taken_out,
                             struct mqc_error_info *info)
{
    const struct mqc_view name = declaration->signature.event;
    pthread_rwlock_wrlock(&declarations->lock);
    const struct declaration *known = mqc__map_find(&declarations->table, name);
    enum mqc_error error = MQC_OK;
    if (known == NULL)
        error = mqc__map_add(&declarations->table, name, declaration);
    pthread_rwlock_unlock(&declarations->lock);
    *is_taken_out = known == NULL && error == MQC_OK;
    if (error != MQC_OK)
        return mqc__fail(info, error, "out of memory");
    if (known == NULL || mqc__signature_equal(&known->signature, &declaration->signature))
        return MQC_OK;
    return mqc__fail(info, MQC_EEXIST, "event %.*s is declared already, with other parameters",
                     (int)(name.size < 200 ? name.size : 200), name.data);
}

static struct declaration *new_declaration(void)
{
    struct declaration *declaration = calloc(1, sizeof *declaration);
    if (declaration != NULL)
        mqc__arena_init(&declaration->arena, SIZE_MAX / 2);
    return declaration;
}

static enum mqc_error finish(struct mqc__declarations *declarations,
                             struct declaration *declaration, enum mqc_error error,
                             struct mqc_error_info *info)
{
    bool is_taken = false;
    if (error == MQC_OK)
        error = insert(declarations, declaration, &is_taken, info);
    if (!is_taken)
        free_declaration(declaration);
    return error;
}

enum mqc_error mqc__declarations_add(struct mqc__declarations *declarations, struct mqc_view name,
                                     struct mqc_view params, struct mqc_error_info *info)
{
    struct declaration *declaration = new_declaration();
    if (declaration == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    const enum mqc_error error =
        mqc__signature_parse(&declaration->arena, name, params, &declaration->signature, info);
    return finish(declarations, declaration, error, info);
}

enum mqc_error mqc__declarations_copy(struct mqc__declarations *declarations,
                                      const struct mqc__signature *signature,
                                      struct mqc_error_info *info)
{
    struct declaration *declaration = new_declaration();
    if (declaration == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    const enum mqc_error error =
        mqc__signature_copy(&declaration->arena, signature, &declaration->signature);
    return finish(declarations, declaration, error, info);
}

static const struct declaration *look_up(struct mqc__declarations *declarations,
                                         struct mqc_view event)
{
    pthread_rwlock_rdlock(&declarations->lock);
    const struct declaration *declaration = mqc__map_find(&declarations->table, event);
    pthread_rwlock_unlock(&declarations->lock);
    return declaration;
}

const struct mqc__signature *mqc__declarations_find(struct mqc__declarations *declarations,
                                                    struct mqc_view event)
{
    const struct declaration *recent =
        atomic_load_explicit(&declarations->recent, memory_order_acquire);
    if (recent != NULL && mqc_view_equal(recent->signature.event, event))
        return &recent->signature;
    const struct declaration *declaration = look_up(declarations, event);
    if (declaration == NULL)
        return NULL;
    atomic_store_explicit(&declarations->recent, declaration, memory_order_release);
    return &declaration->signature;
}

enum mqc_error mqc__declarations_check(struct mqc__declarations *declarations,
                                       const struct mqc_event *event, struct mqc_error_info *info)
{
    const struct mqc__signature *signature = mqc__declarations_find(declarations, event->name);
    if (signature != NULL)
        return mqc__signature_check(signature, event, info);
    if (!declarations->is_strict)
        return MQC_OK;
    return mqc__fail(info, MQC_EUNDECLARED,
                     "event %.*s is not declared, and strict_events refuses such events",
                     (int)(event->name.size < 200 ? event->name.size : 200), event->name.data);
}
