#include <stddef.h>
#include <string.h>

void naive_gemm(int transpose, size_t m, size_t n, size_t k, const float *restrict a, const float *restrict b,
                float *restrict c)
{
    memset(c, 0, m * n * sizeof *c);
    if (transpose) {
        for (size_t p = 0; p < k; p++)
            for (size_t i = 0; i < m; i++)
                for (size_t j = 0; j < n; j++)
                    c[i * n + j] += a[p * m + i] * b[p * n + j];
        return;
    }
    for (size_t i = 0; i < m; i++)
        for (size_t p = 0; p < k; p++)
            for (size_t j = 0; j < n; j++)
                c[i * n + j] += a[i * k + p] * b[p * n + j];
}
