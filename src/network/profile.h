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
    double last; /* the time accounted for ends here */
    struct {
        double seconds; /* of work */
        double waited;  /* at the barriers after it */
    } cells[TILEPROP_VERBS][TP_LAYERS_MAX];
};

/* A step begins. Without a profile (NULL) nothing happens, here and in tp_profile_add. */
void tp_profile_begin(struct tp_profile *profile);

/* The time since the last call counts as the verb's work on the layer, or as waiting after it. */
void tp_profile_add(struct tp_profile *profile, tileprop_verb verb, size_t layer, bool waited);

/* Writes times[verb * layers + layer] of all members: means, and the longest work of one member. */
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers,
                       tileprop_time *times);

#endif
