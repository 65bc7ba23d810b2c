/* IEEE 754 binary16, as found in files. */
#pragma once

#include <math.h>
#include <stdint.h>

/* The exact value. */
static inline double tp_half_value(uint16_t bits)
{
    const unsigned exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double size = exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                        : exponent     ? (double)((uint64_t)(1024 + mantissa) << exponent) * 0x1p-25
                                       : mantissa * 0x1p-24;
    return bits >> 15 ? -size : size;
}
