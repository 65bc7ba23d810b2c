#include "network/profile.h"

#include "base/clock.h"

void tp_profile_begin(struct tp_profile *profile)
{
    if (profile)
        profile->last = tp_clock_seconds();
}

void tp_profile_add(struct tp_profile *profile, tileprop_verb verb, size_t layer, bool waited)
{
    if (!profile)
        return;
    const double now = tp_clock_seconds();
    double *sum = waited ? &profile->cells[verb][layer].waited : &profile->cells[verb][layer].seconds;
    *sum += now - profile->last;
    profile->last = now;
}

void tp_profile_add_up(const struct tp_profile *profiles, size_t members, size_t layers, tileprop_time *times)
{
    for (size_t v = 0; v < TILEPROP_VERBS; v++) {
        for (size_t l = 0; l < layers; l++) {
            tileprop_time sum = {0};
            for (size_t m = 0; m < members; m++) {
                const double seconds = profiles[m].cells[v][l].seconds;
                sum.seconds += seconds / (double)members;
                sum.waited += profiles[m].cells[v][l].waited / (double)members;
                sum.longest = seconds > sum.longest ? seconds : sum.longest;
            }
            times[v * layers + l] = sum;
        }
    }
}
