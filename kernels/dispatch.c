#include <string.h>

#include "cpu.h"
#include "tiers.h"

#define MEMBER(type, member, tier) .member = tp_##member##_##tier,
#define TP_TIER(tier, runs_here)                                                                                       \
    static const struct tp_tier tier = {.name = #tier, .blocks = &tp_blocks_##tier, TP_VERBS(MEMBER, tier)};
#define TP_VECTOR_TIER(tier, runs_here)                                                                                \
    static const struct tp_tier tier = {                                                                               \
        .name = #tier, .blocks = &tp_blocks_##tier, TP_VERBS(MEMBER, tier) TP_PROBES(MEMBER, tier)};
#include "tiers.def"

const struct tp_tier *const tp_tiers[] = {
#define TP_TIER(tier, runs_here) &tier,
#include "tiers.def"
    NULL};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/*
 * A row of a panel is a line of 64 bytes.
 * steps: a panel of B fits in a sixteenth of L2, so that 4 of them leave room for a block of A, in half of it.
 * steps_many: a panel of B fits in half of L1, beside lines of A and C; an L1 of 32 KiB also holds 384 steps.
 * d_floats: a group of D fits in 3/8 of L2, beside a panel of A, weights and state.
 * prefetch: A if its block is not in L2 anyway, B if it does not all fit in L2.
 * nontemporal: from 11/16 of L3, beside samples and activations; at most 32 MiB of an L3 count, since many cores may
 * share it with other work.
 */
#define LINE          64
#define STEPS_MIN     384
#define L3_SHARED_MAX ((size_t)32 << 20)

void tp_blocks_fit(struct tp_caches caches)
{
    const size_t many = max_size(STEPS_MIN, caches.l1 / 2 / LINE), floats = caches.l2 / sizeof(float);
    for (size_t i = 0; tp_tiers[i]; i++) {
        struct tp_blocks *b = tp_tiers[i]->blocks;
        b->steps = max_size(many, caches.l2 / 16 / LINE);
        b->steps_many = many;
        b->a_floats = floats / 2;
        b->d_floats = floats / 8 * 3;
        b->prefetch_a_floats = floats / 4;
        b->prefetch_b_floats = floats;
        b->nontemporal_bytes = (caches.l3 < L3_SHARED_MAX ? caches.l3 : L3_SHARED_MAX) / 16 * 11;
    }
}

/* 101: before constructors of programs that link this library statically and already compute in them. */
__attribute__((constructor(101))) static void fit_to_this_cpu(void)
{
    tp_blocks_fit(tp_cpu_caches());
}

bool tp_tier_runs_here(const struct tp_tier *tier)
{
#define TP_TIER(listed, runs_here)                                                                                     \
    if (tier == &listed)                                                                                               \
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
