/*
 * Emulated intrinsics against native instructions, if the CPU has them: bit for bit, over ties, zeros of both signs,
 * subnormals, infinities, NaN and integers that a float cannot hold. Subnormals are flushed, as in kernels.
 */
#include <stdbool.h>
#include <stdio.h>

#include "tests/check.h"

#if defined(__x86_64__)
#include "kernels/flush.h"

enum result { MOVES_BITS, COMPUTES_FLOATS /* which NaN comes out does not matter */ };

struct instruction {
    const char *name;
    void (*run)(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *out);
    size_t words; /* of out that it fills */
    enum result result;
};

#define WORDS_LIMIT 96
#define ROUNDS      20000

#include <immintrin.h>

#define TARGET     __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define SIDE(name) native_##name
#include "tests/kernels/emulation/instructions.h"
#undef SIDE
#undef TARGET

#include "tests/kernels/emulation/immintrin.h"

#define TARGET
#define SIDE(name) emulated_##name
#include "tests/kernels/emulation/instructions.h"
#undef SIDE
#undef TARGET

/* Deterministic words (xorshift64*); every second one from a list of floats where instructions differ. */
static uint32_t draw(uint64_t *state)
{
    static const uint32_t special[] = {
        0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, /* zeros, inf, quiet NaN */
        0x00000001, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff, /* subnormal, least, largest */
        0x3f800000, 0x3f800001, 0xbf7fffff, 0x33800000, 0x33800001, 0xb3000000, /* 1 and half an ulp of it */
        0x01000001, 0x01000003, 0x7fffffbf, 0x7fffffc0, 0xfeffffff, 0x80000001, /* integers between two floats */
    };
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint64_t x = *state * UINT64_C(0x2545F4914F6CDD1D) >> 16;
    return x & 1 ? special[(x >> 1) % (sizeof special / sizeof *special)] : (uint32_t)(x >> 8);
}

static bool is_nan(uint32_t bits)
{
    return (bits & 0x7fffffff) > 0x7f800000;
}

/* Whether an emulated maximum flushes a subnormal operand depends on how the compiler writes it. */
static uint32_t flushed(uint32_t bits)
{
    return bits & 0x7f800000 ? bits : bits & 0x80000000;
}

static void test_instructions(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
        print_message("# SKIP this CPU lacks avx512: nothing to compare the emulation with\n");
        skip();
    }
    uint64_t saved = tp_flush_enter();
    uint64_t random = 1;
    size_t differences = 0;
    for (size_t i = 0; i < sizeof native_instructions / sizeof *native_instructions; i++) {
        const struct instruction *native = &native_instructions[i], *emulated = &emulated_instructions[i];
        for (size_t round = 0; round < ROUNDS; round++) {
            uint32_t in[3][16], want[WORDS_LIMIT] = {0}, got[WORDS_LIMIT] = {0};
            for (size_t j = 0; j < 48; j++)
                in[j / 16][j % 16] = draw(&random);
            native->run(in[0], in[1], in[2], want);
            emulated->run(in[0], in[1], in[2], got);
            for (size_t j = 0; j < native->words; j++) {
                bool same = got[j] == want[j];
                if (native->result == COMPUTES_FLOATS)
                    same = flushed(got[j]) == flushed(want[j]) || (is_nan(got[j]) && is_nan(want[j]));
                if (!same && differences++ < 10)
                    print_message("# %s: word %zu is %08x, natively %08x, of %08x %08x %08x\n", native->name, j,
                                  (unsigned)got[j], (unsigned)want[j], (unsigned)in[0][j % 16], (unsigned)in[1][j % 16],
                                  (unsigned)in[2][j % 16]);
            }
        }
    }
    tp_flush_leave(saved);
    assert_int_equal(differences, 0);
}

#else

static void test_instructions(void **state)
{
    (void)state;
    print_message("# SKIP this CPU is not an x86-64\n");
    skip();
}

#endif

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_instructions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
