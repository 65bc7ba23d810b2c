#include "vector.h"

#include "../simd/fma_peak.h"
#include "../tiers.h"

float tp_peak_avx2(size_t iterations)
{
    return fma_peak(iterations);
}

float tp_chain_avx2(size_t iterations)
{
    return fma_chain(iterations);
}
