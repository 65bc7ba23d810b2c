#include "tiles.h"

#define TP_KERNEL(verb) tp_##verb##_avx512

#include "../simd/tier.h"
