/*
 * What test_emulation.c compares. Included twice: SIDE(name) and TARGET make the functions native ones, then
 * emulated ones. Each takes three vectors of 16 words and fills as many words of out as the table below says.
 */

TARGET static void SIDE(cvtss_f32)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)b, (void)c;
    float first = _mm512_cvtss_f32(_mm512_loadu_ps(a));
    memcpy(out, &first, sizeof first);
}

TARGET static void SIDE(cvtepu8_epi32)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)b, (void)c;
    _mm512_storeu_si512(out, _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)a)));
}

TARGET static void SIDE(cvtepi32_ps)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)b, (void)c;
    _mm512_storeu_ps(out, _mm512_cvtepi32_ps(_mm512_loadu_si512(a)));
}

/* The constants that the kernels use. */
TARGET static void SIDE(shuffle_f32x4)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)c;
    _mm512_storeu_ps(out, _mm512_shuffle_f32x4(_mm512_loadu_ps(a), _mm512_loadu_ps(b), 0x44));
    _mm512_storeu_ps(out + 16, _mm512_shuffle_f32x4(_mm512_loadu_ps(a), _mm512_loadu_ps(b), 0xee));
    _mm512_storeu_ps(out + 32, _mm512_shuffle_f32x4(_mm512_loadu_ps(a), _mm512_loadu_ps(b), 0x88));
    _mm512_storeu_ps(out + 48, _mm512_shuffle_f32x4(_mm512_loadu_ps(a), _mm512_loadu_ps(b), 0xdd));
    _mm512_storeu_ps(out + 64, _mm512_shuffle_f32x4(_mm512_loadu_ps(a), _mm512_loadu_ps(b), 0x4e));
    _mm512_storeu_ps(out + 80, _mm512_shuffle_f32x4(_mm512_loadu_ps(a), _mm512_loadu_ps(b), 0xb1));
}

TARGET static void SIDE(fmadd)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    _mm512_storeu_ps(out, _mm512_fmadd_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _mm512_loadu_ps(c)));
    _mm512_storeu_ps(out + 16, _mm512_fnmadd_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _mm512_loadu_ps(c)));
}

TARGET static void SIDE(fmadd_256)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    __m256 x = _mm256_loadu_ps((const float *)a), y = _mm256_loadu_ps((const float *)b),
           z = _mm256_loadu_ps((const float *)c);
    _mm256_storeu_ps((float *)out, _mm256_fmadd_ps(x, y, z));
    _mm256_storeu_ps((float *)out + 8, _mm256_fnmadd_ps(x, y, z));
}

TARGET static void SIDE(max_min)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)c;
    _mm512_storeu_ps(out, _mm512_max_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b)));
    _mm512_storeu_ps(out + 16, _mm512_min_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b)));
}

TARGET static void SIDE(cmp_mask)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)c;
    out[0] = _mm512_cmp_ps_mask(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _CMP_GT_OQ);
    out[1] = _mm512_cmp_ps_mask(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _CMP_LE_OQ);
    out[2] = _mm512_cmp_ps_mask(_mm512_loadu_ps(a), _mm512_loadu_ps(b), _CMP_EQ_OQ);
    __m512 blend = _mm512_mask_blend_ps((__mmask16)out[0], _mm512_loadu_ps(a), _mm512_loadu_ps(b));
    _mm512_storeu_ps(out + 3, blend);
}

TARGET static void SIDE(div_sqrt)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    (void)c;
    _mm512_storeu_ps(out, _mm512_div_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b)));
    _mm512_storeu_ps(out + 16, _mm512_sqrt_ps(_mm512_loadu_ps(a)));
}

static const struct instruction SIDE(instructions)[] = {
    {"cvtss_f32", SIDE(cvtss_f32), 1, MOVES_BITS},
    {"cvtepu8_epi32", SIDE(cvtepu8_epi32), 16, MOVES_BITS},
    {"cvtepi32_ps", SIDE(cvtepi32_ps), 16, COMPUTES_FLOATS},
    {"shuffle_f32x4", SIDE(shuffle_f32x4), 96, MOVES_BITS},
    {"fmadd_ps, fnmadd_ps", SIDE(fmadd), 32, COMPUTES_FLOATS},
    {"256-bit fmadd_ps, fnmadd_ps", SIDE(fmadd_256), 16, COMPUTES_FLOATS},
    {"max_ps, min_ps", SIDE(max_min), 32, COMPUTES_FLOATS},
    {"cmp_ps_mask, mask_blend_ps", SIDE(cmp_mask), 19, MOVES_BITS},
    {"div_ps, sqrt_ps", SIDE(div_sqrt), 32, COMPUTES_FLOATS},
};
