/*
 * A wrong kernel for testing bench, linked by --wrap: the first result of forward is off by one.
 */
#include "kernels/kernels.h"

static void run_and_spoil(tp_forward_fn *forward, const struct tp_forward *f)
{
    forward(f);
    if (f->row_begin == 0)
        f->z.data[0] += 1;
}

#define TP_TIER(tier, runs_here)
#define TP_VECTOR_TIER(tier, runs_here)                                                                                \
    tp_forward_fn __real_tp_forward_##tier, __wrap_tp_forward_##tier;                                                  \
    void __wrap_tp_forward_##tier(const struct tp_forward *f)                                                          \
    {                                                                                                                  \
        run_and_spoil(__real_tp_forward_##tier, f);                                                                    \
    }
#include "kernels/tiers.def"
