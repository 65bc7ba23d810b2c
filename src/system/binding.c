#include "system/binding.h"

#include <stdlib.h>

#include "system/cpus.h"

tileprop_status tp_binding_find(struct tp_binding *binding, tileprop_bind wish, size_t threads,
                                struct tp_error *error)
{
    *binding = (struct tp_binding){0};
    if (wish == TILEPROP_BIND_NONE || (wish == TILEPROP_BIND_AUTO && tp_cpus_restricted()))
        return TILEPROP_OK;
    binding->cpus = calloc(threads + 1, sizeof *binding->cpus); /* one more tells whether all get a thread */
    if (!binding->cpus)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: the CPUs of %zu threads", threads);
    size_t cores = tp_cpus_cores("/sys/devices/system/cpu", binding->cpus, threads + 1);
    if (wish == TILEPROP_BIND_CORES || cores == threads)
        binding->bound = cores < threads ? cores : threads;
    return TILEPROP_OK;
}

void tp_binding_free(struct tp_binding *binding)
{
    free(binding->cpus);
    *binding = (struct tp_binding){0};
}

void *tp_binding_enter(const struct tp_binding *binding, size_t member)
{
    return member < binding->bound ? tp_cpus_pin(binding->cpus[member]) : NULL;
}

void tp_binding_leave(void *saved)
{
    tp_cpus_restore(saved);
}
