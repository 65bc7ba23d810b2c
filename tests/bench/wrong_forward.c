/*
 * A wrong kernel to try bench with, linked in front of forward by --wrap: the first result is off by one.
 */
#include "kernels/kernels.h"

tp_forward_fn __real_tp_forward_6x16_avx2, __wrap_tp_forward_6x16_avx2;
tp_forward_fn __real_tp_forward_6x64_avx512, __wrap_tp_forward_6x64_avx512;

static void run_and_spoil(tp_forward_fn *forward, const struct tp_forward *f)
{
    forward(f);
    if (f->row_begin == 0)
        f->z.data[0] += 1;
}

void __wrap_tp_forward_6x16_avx2(const struct tp_forward *f)
{
    run_and_spoil(__real_tp_forward_6x16_avx2, f);
}

void __wrap_tp_forward_6x64_avx512(const struct tp_forward *f)
{
    run_and_spoil(__real_tp_forward_6x64_avx512, f);
}
