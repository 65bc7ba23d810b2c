/*
 * Binding: which thread of a team stays on which core. The caller's mask is as before afterwards.
 */
#ifndef TP_BINDING_H
#define TP_BINDING_H

#include "base/status.h"
#include "tileprop/choices.h"

struct tp_binding {
    int *cpus;    /* one of each core */
    size_t bound; /* threads that are bound to them, the first ones of the team */
};

/*
 * For so many threads. Unasked (auto) only where nothing restricts the process and every core gets a thread:
 * two programs that bind fewer threads would bind them to the same cores.
 * Errors: TILEPROP_FAILURE without memory; the binding may be freed either way.
 */
tileprop_status tp_binding_find(struct tp_binding *binding, tileprop_bind wish, size_t threads,
                                struct tp_error *error);
void tp_binding_free(struct tp_binding *binding);

/* Called by a member of the team, before and after its work; what the one gives the other takes. */
void *tp_binding_enter(const struct tp_binding *binding, size_t member);
void tp_binding_leave(void *saved);

#endif
