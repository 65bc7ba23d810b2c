#include "network/profile.h"

#include "base/clock.h"

const char *tp_verb_name(tileprop_verb verb)
{
    static const char *const names[] = {"pack", "forward", "loss", "backward", "update"};
    return names[verb];
}

static double lap(struct tp_profile *profile)
{
    double before = profile->last;
    profile->last = tp_clock_seconds();
    return profile->last - before;
}

void tp_profile_begin(struct tp_profile *profile)
{
    if (profile)
        profile->last = tp_clock_seconds();
}

void tp_profile_work(struct tp_profile *profile, tileprop_verb verb, size_t layer)
{
    if (profile)
        profile->cells[verb][layer].seconds += lap(profile);
}

void tp_profile_wait(struct tp_profile *profile, tileprop_verb verb, size_t layer)
{
    if (profile)
        profile->cells[verb][layer].waited += lap(profile);
}

void tp_profile_add_up(const struct tp_profile *profiles, size_t members, struct tp_profile_sum *sum)
{
    *sum = (struct tp_profile_sum){0};
    for (size_t m = 0; m < members; m++) {
        for (int v = 0; v < TILEPROP_VERBS; v++) {
            for (size_t l = 0; l < TP_LAYERS_MAX; l++) {
                const struct tp_profile_cell *cell = &profiles[m].cells[v][l];
                sum->mean[v][l].seconds += cell->seconds / (double)members;
                sum->mean[v][l].waited += cell->waited / (double)members;
                if (cell->seconds > sum->longest[v][l])
                    sum->longest[v][l] = cell->seconds;
            }
        }
    }
}
