#include "support/failing_malloc.h"

#include <stdlib.h>

static size_t allocation;
static size_t failing_allocation;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool must_fail(void)
{
    return ++allocation == failing_allocation;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

void fail_allocation(size_t number)
{
    allocation = 0;
    failing_allocation = number;
}

size_t allocation_count(void)
{
    return allocation;
}

bool allocation_has_failed(void)
{
    return failing_allocation != 0 && allocation >= failing_allocation;
}
