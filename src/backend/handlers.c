#include "backend/handlers.h"

#include "base/log.h"
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

/* A function with its context. */
struct handler {
    struct handler *next;
    mqc_message_fn function;
    void *context;
    bool is_removed;
    uint64_t chosen_for; /* the number of the call that it was chosen for last */
};

/* One registration. */
struct registration {
    struct registration *next;
    struct handler *handler;
    size_t prefix_size;
    char prefix[];
};

/* The registrations for one event name. */
struct name_entry {
    struct registration *registrations;
};

struct mqc__handlers {
    pthread_mutex_t mutex; /* guards everything below */
    pthread_cond_t returned;
    struct handler *handlers;
    struct mqc__map names; /* struct name_entry by event name */
    struct registration *prefixes;
    const struct handler *running;
    pthread_t caller;
    bool is_calling;
    uint64_t call_number;
    struct handler **chosen; /* for the call under way */
    size_t chosen_count;
    size_t chosen_capacity;
};

struct mqc__handlers *mqc__handlers_new(void)
{
    struct mqc__handlers *handlers = calloc(1, sizeof *handlers);
    if (handlers == NULL)
        return NULL;
    pthread_mutex_init(&handlers->mutex, NULL);
    pthread_cond_init(&handlers->returned, NULL);
    return handlers;
}

static void free_registrations(struct registration *registration)
{
    while (registration != NULL) {
        struct registration *next = registration->next;
        free(registration);
        registration = next;
    }
}

static void free_name(void *value)
{
    struct name_entry *entry = value;
    free_registrations(entry->registrations);
    free(entry);
}

void mqc__handlers_free(struct mqc__handlers **handlers)
{
    if (*handlers == NULL)
        return;
    mqc__map_fini(&(*handlers)->names, free_name);
    free_registrations((*handlers)->prefixes);
    struct handler *handler = (*handlers)->handlers;
    while (handler != NULL) {
        struct handler *next = handler->next;
        free(handler);
        handler = next;
    }
    free((*handlers)->chosen);
    pthread_cond_destroy(&(*handlers)->returned);
    pthread_mutex_destroy(&(*handlers)->mutex);
    free(*handlers);
    *handlers = NULL;
}

static struct handler *find_handler(const struct mqc__handlers *handlers, mqc_message_fn function,
                                    const void *context)
{
    for (struct handler *handler = handlers->handlers; handler != NULL; handler = handler->next)
        if (handler->function == function && handler->context == context && !handler->is_removed)
            return handler;
    return NULL;
}

static struct handler *obtain_handler(struct mqc__handlers *handlers, mqc_message_fn function,
                                      void *context)
{
    struct handler *handler = find_handler(handlers, function, context);
    if (handler != NULL)
        return handler;
    handler = calloc(1, sizeof *handler);
    if (handler == NULL)
        return NULL;
    handler->function = function;
    handler->context = context;
    handler->next = handlers->handlers;
    handlers->handlers = handler;
    return handler;
}

/* Appends, so that handlers are called in the order in which they were registered. */
static enum mqc_error append_registration(struct registration **list, struct handler *handler,
                                          struct mqc_view prefix)
{
    struct registration *registration = malloc(sizeof *registration + prefix.size);
    if (registration == NULL)
        return MQC_ENOMEM;
    registration->next = NULL;
    registration->handler = handler;
    registration->prefix_size = prefix.size;
    if (prefix.size != 0)
        memcpy(registration->prefix, prefix.data, prefix.size);
    while (*list != NULL)
        list = &(*list)->next;
    *list = registration;
    return MQC_OK;
}

static struct name_entry *obtain_name(struct mqc__handlers *handlers, struct mqc_view name)
{
    struct name_entry *entry = mqc__map_find(&handlers->names, name);
    if (entry != NULL)
        return entry;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL || mqc__map_add(&handlers->names, name, entry) == MQC_OK)
        return entry;
    free(entry);
    return NULL;
}

enum mqc_error mqc__handlers_add_event(struct mqc__handlers *handlers, struct mqc_view name,
                                       mqc_message_fn function, void *context)
{
    enum mqc_error error = MQC_ENOMEM;
    pthread_mutex_lock(&handlers->mutex);
    struct handler *handler = obtain_handler(handlers, function, context);
    struct name_entry *entry = handler != NULL ? obtain_name(handlers, name) : NULL;
    if (entry != NULL)
        error = append_registration(&entry->registrations, handler, mqc_view_text(NULL));
    pthread_mutex_unlock(&handlers->mutex);
    return error;
}

enum mqc_error mqc__handlers_add_prefix(struct mqc__handlers *handlers, struct mqc_view prefix,
                                        mqc_message_fn function, void *context)
{
    enum mqc_error error = MQC_ENOMEM;
    pthread_mutex_lock(&handlers->mutex);
    struct handler *handler = obtain_handler(handlers, function, context);
    if (handler != NULL)
        error = append_registration(&handlers->prefixes, handler, prefix);
    pthread_mutex_unlock(&handlers->mutex);
    return error;
}

static void remove_registrations(struct registration **list, const struct handler *handler)
{
    while (*list != NULL) {
        struct registration *registration = *list;
        if (registration->handler != handler) {
            list = &registration->next;
            continue;
        }
        *list = registration->next;
        free(registration);
    }
}

/* With the mutex held, between calls. */
static void free_removed(struct mqc__handlers *handlers)
{
    struct handler **link = &handlers->handlers;
    while (*link != NULL) {
        struct handler *handler = *link;
        if (!handler->is_removed) {
            link = &handler->next;
            continue;
        }
        *link = handler->next;
        free(handler);
    }
}

static bool keep_name_without(void *context, void *value)
{
    struct name_entry *entry = value;
    remove_registrations(&entry->registrations, context);
    if (entry->registrations != NULL)
        return true;
    free(entry);
    return false;
}

void mqc__handlers_remove(struct mqc__handlers *handlers, mqc_message_fn function, void *context)
{
    pthread_mutex_lock(&handlers->mutex);
    struct handler *handler = find_handler(handlers, function, context);
    if (handler != NULL) {
        /* It stays allocated while a call is under way, which may have chosen it. */
        handler->is_removed = true;
        remove_registrations(&handlers->prefixes, handler);
        mqc__map_filter(&handlers->names, keep_name_without, handler);
        while (handlers->running == handler && !pthread_equal(handlers->caller, pthread_self()))
            pthread_cond_wait(&handlers->returned, &handlers->mutex);
        if (!handlers->is_calling)
            free_removed(handlers);
    }
    pthread_mutex_unlock(&handlers->mutex);
}

static void choose(struct mqc__handlers *handlers, struct handler *handler)
{
    if (handler->chosen_for == handlers->call_number)
        return;
    if (handlers->chosen_count == handlers->chosen_capacity) {
        const size_t capacity = handlers->chosen_capacity != 0 ? handlers->chosen_capacity * 2 : 8;
        struct handler **chosen = realloc(handlers->chosen, capacity * sizeof(struct handler *));
        if (chosen == NULL) {
            mqc__log(MQC_LOG_ERROR, "no memory to call a handler: it misses an event");
            return;
        }
        handlers->chosen = chosen;
        handlers->chosen_capacity = capacity;
    }
    handler->chosen_for = handlers->call_number;
    handlers->chosen[handlers->chosen_count++] = handler;
}

static void choose_all(struct mqc__handlers *handlers, const struct mqc_message *message)
{
    handlers->call_number++;
    handlers->chosen_count = 0;
    const struct name_entry *entry = mqc__map_find(&handlers->names, message->event->name);
    const struct registration *r = entry != NULL ? entry->registrations : NULL;
    for (; r != NULL; r = r->next)
        choose(handlers, r->handler);
    /* Prefixes say what to take from the network; what the node raises itself has no topic. */
    for (r = message->is_remote ? handlers->prefixes : NULL; r != NULL; r = r->next)
        if (mqc_view_starts_with(message->topic, mqc_view_bytes(r->prefix, r->prefix_size)))
            choose(handlers, r->handler);
}

static void call_chosen(struct mqc__handlers *handlers, struct handler *handler,
                        const struct mqc_message *message)
{
    if (handler->is_removed)
        return;
    handlers->running = handler;
    pthread_mutex_unlock(&handlers->mutex);
    handler->function(handler->context, message);
    pthread_mutex_lock(&handlers->mutex);
    handlers->running = NULL;
    pthread_cond_broadcast(&handlers->returned);
}

size_t mqc__handlers_call(struct mqc__handlers *handlers, const struct mqc_message *message)
{
    pthread_mutex_lock(&handlers->mutex);
    choose_all(handlers, message);
    handlers->caller = pthread_self();
    handlers->is_calling = true;
    const size_t count = handlers->chosen_count;
    for (size_t i = 0; i < count; i++)
        call_chosen(handlers, handlers->chosen[i], message);
    handlers->is_calling = false;
    free_removed(handlers);
    pthread_mutex_unlock(&handlers->mutex);
    return count;
}
