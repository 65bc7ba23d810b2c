#include "stream.h"

#include <string.h>

static inline __attribute__((always_inline)) void scale(size_t count, const float *restrict x,
                                                        float *restrict y)
{
    for (size_t i = 0; i < count; i += BENCH_STREAM_BLOCK)
        for (size_t j = 0; j < BENCH_STREAM_BLOCK; j++)
            y[i + j] = 3 * x[i + j];
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void scale_avx2(size_t count, const float *x, float *y)
{
    scale(count, x, y);
}

__attribute__((target("avx512f"))) static void scale_avx512(size_t count, const float *x, float *y)
{
    scale(count, x, y);
}
#endif

void bench_stream(const struct tp_tier *tier, size_t count, const float *x, float *y)
{
#ifdef __x86_64__
    if (strcmp(tier->name, "avx512") == 0)
        scale_avx512(count, x, y);
    else if (strcmp(tier->name, "avx2") == 0)
        scale_avx2(count, x, y);
    else
#endif
        scale(count, x, y);
}
