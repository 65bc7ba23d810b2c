#include <cblas.h>

#include "plain.h"

void openblas_gemm(int transpose, size_t m, size_t n, size_t k, const float *a, const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1,
                a, (int)(transpose ? m : k), b, (int)n, 0, c, (int)n);
}
