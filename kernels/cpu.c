#include "cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdint.h>

/* Register states that the operating system saves: XCR0 bits of the Intel SDM, volume 1, 13.3. */
#define XCR0_AVX    0x06u /* SSE and the upper halves of ymm */
#define XCR0_AVX512 0xe6u /* those, masks, upper halves of zmm0-15, zmm16-31 */

static uint64_t saved_states(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return 0;
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* AVX2, FMA and BMI1. */
bool tp_cpu_has_avx2(void)
{
    unsigned a, b, c, d;
    if ((saved_states() & XCR0_AVX) != XCR0_AVX || !__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_FMA))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) && (b & bit_BMI);
}

/* AVX-512 F, BW, DQ and VL in addition. */
bool tp_cpu_has_avx512(void)
{
    unsigned a, b, c, d, wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((saved_states() & XCR0_AVX512) != XCR0_AVX512 || !tp_cpu_has_avx2())
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & wanted) == wanted;
}

/* Intel describes caches in leaf 4, AMD in leaf 0x8000001d, in the same format; the other leaf is missing or empty. */
struct tp_caches tp_cpu_caches(void)
{
    static const unsigned leaves[] = {4, 0x8000001d};
    struct tp_caches caches = TP_CACHES_ASSUMED;
    size_t *const levels[] = {&caches.l1, &caches.l2, &caches.l3};
    for (size_t l = 0; l < sizeof leaves / sizeof leaves[0]; l++) {
        unsigned a, b, c, d;
        for (unsigned i = 0; i < 16 && __get_cpuid_count(leaves[l], i, &a, &b, &c, &d); i++) {
            const unsigned kind = a & 31, level = a >> 5 & 7;
            if (kind == 0)
                break;
            if (kind != 2 && level >= 1 && level <= 3) /* 2: instructions */
                *levels[level - 1] = ((size_t)(b >> 22) + 1) * ((b >> 12 & 1023) + 1) * ((b & 4095) + 1) *
                                     ((size_t)c + 1); /* ways, partitions, line, sets */
        }
    }
    return caches;
}

#else

struct tp_caches tp_cpu_caches(void)
{
    return TP_CACHES_ASSUMED;
}

#endif
