#include <string.h>

#include "cpu.h"
#include "tiers.h"

#define TP_MEMBER(type, member, symbol) .member = symbol,

static const struct tp_tier reference = {.name = "reference", .tile = "1x1", TP_KERNELS_REFERENCE(TP_MEMBER)};

#if defined(TP_X86_TIERS)
/* FLOPs of one probe iteration: 2 per lane and FMA; 12 chains of peak, 8 links of chain (simd/probe.h). */
static const struct tp_tier avx2 = {.name = "avx2",
                                    .tile = "6x16",
                                    TP_KERNELS_AVX2(TP_MEMBER).peak_flops = 2 * 8 * 12,
                                    .chain_flops = 2 * 8 * 8};
static const struct tp_tier avx512 = {.name = "avx512",
                                      .tile = "6x64",
                                      TP_KERNELS_AVX512(TP_MEMBER).peak_flops = 2 * 16 * 12,
                                      .chain_flops = 2 * 16 * 8};

const struct tp_tier *const tp_tiers[] = {&reference, &avx2, &avx512, NULL};

bool tp_tier_runs_here(const struct tp_tier *tier)
{
    return tier == &reference || (tier == &avx2 && tp_cpu_has_avx2()) ||
           (tier == &avx512 && tp_cpu_has_avx512());
}
#else
const struct tp_tier *const tp_tiers[] = {&reference, NULL};

bool tp_tier_runs_here(const struct tp_tier *tier)
{
    return tier == &reference;
}
#endif

const struct tp_tier *tp_tier_find(const char *name)
{
    const struct tp_tier *found = NULL;
    for (size_t i = 0; tp_tiers[i]; i++) {
        if ((!strcmp(name, "auto") || !strcmp(name, tp_tiers[i]->name)) && tp_tier_runs_here(tp_tiers[i]))
            found = tp_tiers[i];
    }
    return found;
}
