/*
 * The profile: where the time of steps goes, by verb and layer. Each member has its own; without one nothing
 * is timed.
 */
#ifndef TP_PROFILE_H
#define TP_PROFILE_H

#include <stdbool.h>

#include "network/network.h"
#include "tileprop/run.h"

struct tp_profile {
    double last; /* time up to here is accounted for */
    struct {
        double seconds; /* working */
        double waited;  /* at the barriers that follow */
    } cells[TILEPROP_VERBS][TP_LAYERS_MAX];
};

/* Begins a step. A NULL profile makes this and tp_profile_add no-ops. */
void tp_profile_begin(struct tp_profile *profile);

/* Charges the time since the last call to the verb and layer, as work or as waiting afterwards. */
void tp_profile_add(struct tp_profile *profile, tileprop_verb verb, size_t layer, bool waited);

/* Writes times[verb * layers + layer] over all members: means, and the longest work of any member. */
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers,
                       tileprop_time *times);

#endif
