/*
 * The profile: where the time of steps goes, by verb and layer. A member keeps its own; without one nothing
 * is timed.
 */
#ifndef TP_PROFILE_H
#define TP_PROFILE_H

#include "network/network.h"

const char *tp_verb_name(tileprop_verb verb);

struct tp_profile_cell {
    double seconds; /* of work */
    double waited;  /* at the barrier behind it */
};

struct tp_profile {
    double last; /* until when it is accounted for */
    struct tp_profile_cell cells[TILEPROP_VERBS][TP_LAYERS_MAX];
};

/* A step begins; what the verb took on the layer; what the barrier behind it took. NULL: nothing happens. */
void tp_profile_begin(struct tp_profile *profile);
void tp_profile_work(struct tp_profile *profile, tileprop_verb verb, size_t layer);
void tp_profile_wait(struct tp_profile *profile, tileprop_verb verb, size_t layer);

/* Of all members: means, and the longest work of one of them. */
struct tp_profile_sum {
    struct tp_profile_cell mean[TILEPROP_VERBS][TP_LAYERS_MAX];
    double longest[TILEPROP_VERBS][TP_LAYERS_MAX];
};
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, struct tp_profile_sum *sum);

#endif
