/*
 * The profile: where the time of steps goes, by verb and layer. A member keeps its own; without one nothing
 * is timed.
 */
#ifndef TP_PROFILE_H
#define TP_PROFILE_H

#include <stdbool.h>

#include "network/network.h"
#include "tileprop/run.h"

struct tp_profile {
    double last; /* until when it is accounted for */
    struct {
        double seconds; /* of work */
        double waited;  /* at the barriers behind it */
    } cells[TILEPROP_VERBS][TP_LAYERS_MAX];
};

/* A step begins. NULL: nothing happens, here and below. */
void tp_profile_begin(struct tp_profile *profile);

/* What happened since counts as the verb's work on the layer, or as waiting behind it. */
void tp_profile_add(struct tp_profile *profile, tileprop_verb verb, size_t layer, bool waited);

/* times[verb * layers + layer] of all members: means, and the longest work of one of them. */
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers,
                       tileprop_time *times);

#endif
