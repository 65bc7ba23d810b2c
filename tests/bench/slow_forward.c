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

tp_forward_fn __real_tp_forward_6x16_avx2, __wrap_tp_forward_6x16_avx2;
tp_forward_fn __real_tp_forward_6x64_avx512, __wrap_tp_forward_6x64_avx512;

void __wrap_tp_forward_6x16_avx2(const struct tp_forward *f)
{
    run_and_repeat(__real_tp_forward_6x16_avx2, f);
}

void __wrap_tp_forward_6x64_avx512(const struct tp_forward *f)
{
    run_and_repeat(__real_tp_forward_6x64_avx512, f);
}
