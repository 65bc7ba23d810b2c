#include "tiles.h"

#define TP_KERNEL(verb) tp_##verb##_avx2

#include "../simd/tier.h"
