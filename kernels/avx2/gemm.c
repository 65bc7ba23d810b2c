#include "tiles.h"

#include "../simd/gemm.h"
#include "../tiers.h"

void tp_forward_6x16_avx2(const struct tp_forward *f)
{
    forward(f);
}

void tp_backward_6x16_avx2(const struct tp_backward *b)
{
    backward(b);
}

void tp_update_6x16_avx2(const struct tp_update *u)
{
    update(u);
}
