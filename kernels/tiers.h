/*
 * Prototypes of every verb of every tier, generated from the lists. Kernels are called through struct tp_tier; this
 * header is for the files that define them, for dispatch and for tests.
 */
#pragma once

#include "kernels.h"
#include "verbs.h"

#define TP_DECLARE(type, member, tier) type tp_##member##_##tier;
#define TP_TIER(tier, runs_here)                                                                                       \
    extern struct tp_blocks tp_blocks_##tier;                                                                          \
    TP_VERBS(TP_DECLARE, tier)
#define TP_VECTOR_TIER(tier, runs_here)                                                                                \
    extern struct tp_blocks tp_blocks_##tier;                                                                          \
    TP_VERBS(TP_DECLARE, tier)                                                                                         \
    TP_PROBES(TP_DECLARE, tier)
#include "tiers.def"
#undef TP_DECLARE
