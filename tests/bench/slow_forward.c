/*
 * A slowdown to try the guards of speed with, linked in front of forward by --wrap: TP_SLOW_PERCENT of the
 * rows are computed once more. Results stay the same.
 */
#include "kernels/kernels.h"

static void run_and_repeat(tp_forward_fn *forward, const struct tp_forward *f)
{
    struct tp_forward again = *f;
    forward(f);
    again.row_end = f->row_begin + ((f->row_end - f->row_begin) * TP_SLOW_PERCENT + 50) / 100;
    if (again.row_end > again.row_begin)
        forward(&again);
}

#define TP_TIER(tier, runs_here)
#define TP_VECTOR_TIER(tier, runs_here)                                                                      \
    tp_forward_fn __real_tp_forward_##tier, __wrap_tp_forward_##tier;                                        \
    void __wrap_tp_forward_##tier(const struct tp_forward *f)                                                \
    {                                                                                                        \
        run_and_repeat(__real_tp_forward_##tier, f);                                                         \
    }
#include "kernels/tiers.def"
