#include "vector.h"

#include "../simd/samples.h"
#include "../tiers.h"

void tp_pack_u8_avx512(const struct tp_pack *p)
{
    pack(*p, true);
}

void tp_pack_f32_avx512(const struct tp_pack *p)
{
    pack(*p, false);
}

void tp_loss_avx512(const struct tp_loss *l)
{
    loss(l);
}
