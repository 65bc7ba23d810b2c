/*
 * The profile: where the time of steps goes, by verb and layer. A member keeps its own; without one nothing
 * is timed.
 */
#ifndef TP_PROFILE_H
#define TP_PROFILE_H

#include "network/network.h"

enum tp_verb { TP_VERB_PACK, TP_VERB_FORWARD, TP_VERB_LOSS, TP_VERB_BACKWARD, TP_VERB_UPDATE, TP_VERB_COUNT };

const char *tp_verb_name(enum tp_verb verb);

struct tp_profile_cell {
    double seconds; /* of work */
    double waited;  /* at the barrier behind it */
};

struct tp_profile {
    double last; /* until when it is accounted for */
    struct tp_profile_cell cells[TP_VERB_COUNT][TP_LAYERS_MAX];
};

/* A step begins; what the verb took on the layer; what the barrier behind it took. NULL: nothing happens. */
void tp_profile_begin(struct tp_profile *profile);
void tp_profile_work(struct tp_profile *profile, enum tp_verb verb, size_t layer);
void tp_profile_wait(struct tp_profile *profile, enum tp_verb verb, size_t layer);

/* Of all members: means, and the longest work of one of them. */
struct tp_profile_sum {
    struct tp_profile_cell mean[TP_VERB_COUNT][TP_LAYERS_MAX];
    double longest[TP_VERB_COUNT][TP_LAYERS_MAX];
};
void tp_profile_add_up(const struct tp_profile *profiles, size_t members, struct tp_profile_sum *sum);

#endif
