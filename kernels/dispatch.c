#include <string.h>

#include "cpu.h"
#include "tiers.h"

#define MEMBER(type, member, tier) .member = tp_##member##_##tier,
#define TP_TIER(tier, runs_here)                                                                             \
    static const struct tp_tier tier = {.name = #tier, .blocks = &tp_blocks_##tier, TP_VERBS(MEMBER, tier)};
#define TP_VECTOR_TIER(tier, runs_here)                                                                      \
    static const struct tp_tier tier = {                                                                     \
        .name = #tier, .blocks = &tp_blocks_##tier, TP_VERBS(MEMBER, tier) TP_PROBES(MEMBER, tier)};
#include "tiers.def"

const struct tp_tier *const tp_tiers[] = {
#define TP_TIER(tier, runs_here) &tier,
#include "tiers.def"
    NULL};

bool tp_tier_runs_here(const struct tp_tier *tier)
{
#define TP_TIER(listed, runs_here)                                                                           \
    if (tier == &listed)                                                                                     \
        return runs_here;
#include "tiers.def"
    return false;
}

const struct tp_tier *tp_tier_find(const char *name)
{
    const struct tp_tier *found = NULL;
    for (size_t i = 0; tp_tiers[i]; i++) {
        if ((!strcmp(name, "auto") || !strcmp(name, tp_tiers[i]->name)) && tp_tier_runs_here(tp_tiers[i]))
            found = tp_tiers[i];
    }
    return found;
}
