/* What the CPU and its operating system can run. */
#pragma once

#include <stdbool.h>

#include "kernels.h"

/* Assumed if the CPU does not report them: those of an AMD family 26 core, with 32 MiB of L3 per complex. */
#define TP_CACHES_ASSUMED ((struct tp_caches){48 << 10, 1 << 20, 32 << 20})

/* This CPU's caches, as CPUID reports them; sizes of levels that it leaves out are assumed. */
struct tp_caches tp_cpu_caches(void);

/* For each vector tier: whether the CPU has its instructions and the operating system saves its registers. */
#define TP_TIER(tier, runs_here)
#define TP_VECTOR_TIER(tier, runs_here) bool tp_cpu_has_##tier(void);
#include "tiers.def"
