/*
 * Flush-to-zero and denormals-are-zero for the calling thread. Without them, momentum of inactive inputs decays into
 * subnormals and stays there, which slows updates, and tiers that flush would differ from those that do not. Leaving
 * restores the caller's state.
 */
#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

static inline uint64_t tp_flush_enter(void)
{
    unsigned saved = _mm_getcsr();
    _mm_setcsr(0x9fc0u); /* round to nearest, FTZ, DAZ, no exception traps */
    return saved;
}

static inline void tp_flush_leave(uint64_t saved)
{
    _mm_setcsr((unsigned)saved);
}

#elif defined(__aarch64__)

static inline uint64_t tp_flush_enter(void)
{
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    uint64_t flush = (saved & ~UINT64_C(0xC00000)) | UINT64_C(0x1000000); /* round to nearest, FZ */
    __asm__ volatile("msr fpcr, %0" : : "r"(flush));
    return saved;
}

static inline void tp_flush_leave(uint64_t saved)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(saved));
}

#else

static inline uint64_t tp_flush_enter(void)
{
    return 0;
}

static inline void tp_flush_leave(uint64_t saved)
{
    (void)saved;
}

#endif
