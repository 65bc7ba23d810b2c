#include "vector.h"

#include "../simd/probe.h"
#include "../tiers.h"

float tp_peak_avx2(size_t iterations)
{
    return probe_peak(iterations);
}

float tp_chain_avx2(size_t iterations)
{
    return probe_chain(iterations);
}
