/* Random numbers: published test vectors, recorded exact values, and distributions. Everything is seeded. */
#include "base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/check.h"

#define SAMPLES 100000

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int compare_words(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* From Random123's file kat_vectors; the third has the digits of pi, so that no two words are alike. */
static void test_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        uint32_t purpose, stream;
        uint64_t index;
        uint32_t words[4];
    } known[] = {
        {0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x03707344,
         0x13198a2e,
         0x85a308d3243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t words[4];
        tp_random_block(known[i].seed, (enum tp_purpose)known[i].purpose, known[i].stream, known[i].index, words);
        assert_memory_equal(words, known[i].words, sizeof words);
    }
}

/* Which bits become which number: the trained weights of every seed depend on it. */
static void test_exact_values(void **state)
{
    (void)state;
    uint64_t first = 0xe169c58d6627e8d5; /* the first known answer */
    assert_true(tp_random_uniform(0, TP_RANDOM_WEIGHTS, 0, 0) == (double)(first >> 11) / 0x1p53);
    assert_true(tp_random_normal(0, TP_RANDOM_WEIGHTS, 0, 0) ==
                tp_random_quantile(((double)(first >> 12) + 0.5) / 0x1p52));

    static const double normals[4] = {0x1.407827c9b8c2dp+0, 0x1.256344ddbc08ap+0, 0x1.23064f5e93ea2p-3,
                                      -0x1.cad311a68b0b5p+0};
    for (size_t i = 0; i < 4; i++)
        assert_true(tp_random_normal(1, TP_RANDOM_WEIGHTS, 0, i) == normals[i]);

    uint64_t hash = 0; /* one bit wrong in any of them changes it: a fused operation, another constant */
    for (size_t i = 0; i < SAMPLES; i++) {
        double normal = tp_random_normal(1, TP_RANDOM_WEIGHTS, 0, i);
        uint64_t bits;
        memcpy(&bits, &normal, sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x100000001b3);
    }
    assert_true(hash == UINT64_C(0xb12f876c2075dc8d));
}

static double uniform_at(size_t i)
{
    return tp_random_uniform(7, TP_RANDOM_WEIGHTS, 3, i);
}

static double normal_at(size_t i)
{
    return tp_random_normal(7, TP_RANDOM_WEIGHTS, 3, i);
}

static double uniform_distribution(double x)
{
    return x;
}

static double normal_distribution(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

/* Kolmogorov and Smirnov's sqrt(n) D of SAMPLES values; above 1.95 with probability 0.001. */
static double kolmogorov_smirnov(double (*value)(size_t), double (*distribution)(double))
{
    double *values = malloc(SAMPLES * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < SAMPLES; i++)
        values[i] = value(i);
    qsort(values, SAMPLES, sizeof *values, compare_doubles);
    double worst = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        double expected = distribution(values[i]);
        worst = fmax(worst, fmax(expected - (double)i / SAMPLES, (double)(i + 1) / SAMPLES - expected));
    }
    free(values);
    return worst * sqrt(SAMPLES);
}

/* The mean of (value - centre)^power over SAMPLES values. */
static double moment(double (*value)(size_t), double centre, int power)
{
    double sum = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        sum += pow(value(i) - centre, power);
    return sum / SAMPLES;
}

/* Bounds: four standard deviations of each estimate. */
static void test_uniform(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        double value = uniform_at(i);
        assert_true(value >= 0 && value < 1);
        assert_true(value * 0x1p53 == floor(value * 0x1p53));
    }
    assert_true(fabs(moment(uniform_at, 0.5, 1)) < 4 * sqrt(1.0 / 12 / SAMPLES));
    assert_true(fabs(moment(uniform_at, 0.5, 2) - 1.0 / 12) < 4 * sqrt(1.0 / 180 / SAMPLES));
    assert_true(kolmogorov_smirnov(uniform_at, uniform_distribution) < 1.95);
}

static void test_normal(void **state)
{
    (void)state;
    assert_true(fabs(moment(normal_at, 0, 1)) < 4 * sqrt(1.0 / SAMPLES));
    assert_true(fabs(moment(normal_at, 0, 2) - 1) < 4 * sqrt(2.0 / SAMPLES));
    assert_true(fabs(moment(normal_at, 0, 3)) < 4 * sqrt(15.0 / SAMPLES));
    assert_true(fabs(moment(normal_at, 0, 4) - 3) < 4 * sqrt(96.0 / SAMPLES));
    assert_true(kolmogorov_smirnov(normal_at, normal_distribution) < 1.95);
}

/* Neighbouring addresses must not look alike: products of neighbours have mean 0 and deviation 1. */
static void test_neighbours_are_independent(void **state)
{
    (void)state;
    double by_index = 0, by_stream = 0, by_seed = 0, by_purpose = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        double here = tp_random_normal(i, TP_RANDOM_WEIGHTS, i, i);
        by_index += here * tp_random_normal(i, TP_RANDOM_WEIGHTS, i, i + 1);
        by_stream += here * tp_random_normal(i, TP_RANDOM_WEIGHTS, i + 1, i);
        by_seed += here * tp_random_normal(i + 1, TP_RANDOM_WEIGHTS, i, i);
        by_purpose += here * tp_random_normal(i, TP_RANDOM_SHUFFLE, i, i);
    }
    double bound = 4 * sqrt(SAMPLES);
    assert_true(fabs(by_index) < bound);
    assert_true(fabs(by_stream) < bound);
    assert_true(fabs(by_seed) < bound);
    assert_true(fabs(by_purpose) < bound);
}

/* 64-bit values at different addresses, low and high halves alike: two equal ones have probability 1e-12. */
static void test_addresses_do_not_collide(void **state)
{
    (void)state;
    enum { PARTS = 8, COUNT = 2 * PARTS * PARTS * PARTS };
    static uint64_t values[COUNT];
    size_t count = 0;
    for (uint32_t purpose = TP_RANDOM_WEIGHTS; purpose <= TP_RANDOM_SHUFFLE; purpose++) {
        for (uint32_t a = 0; a < PARTS; a++) {
            for (uint64_t b = 0; b < PARTS; b++) {
                for (uint64_t c = 0; c < PARTS; c++) {
                    uint64_t seed = c < PARTS / 2 ? c : c << 32;
                    uint64_t index = b < PARTS / 2 ? b : b << 32;
                    uint32_t words[4];
                    tp_random_block(seed, (enum tp_purpose)purpose, a, index, words);
                    memcpy(&values[count++], words, sizeof *values);
                }
            }
        }
    }
    assert_int_equal(count, COUNT);
    qsort(values, COUNT, sizeof *values, compare_words);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(values[i - 1] != values[i]);
}

static bool is_close(double found, double expected, double relative)
{
    return fabs(found - expected) <= relative * fabs(expected);
}

/*
 * The first three are the paper's own check values. The others were computed with 60 digits, on both sides of
 * each border between its approximations (p = 0.075 and p = exp(-25)) and at the ends of what normal deviates
 * use.
 */
static void test_quantile(void **state)
{
    (void)state;
    static const struct {
        double p, quantile;
    } known[] = {
        {0.25, -0.6744897501960817},
        {0.001, -3.090232306167814},
        {1e-20, -9.262340089798408},
        {0x1.f5c28f5c28f5cp-2, -0.025068908258711058},
        {0x1.333333385a9d3p-4, -1.4395314704086281},
        {0x1.3333332e0bc94p-4, -1.4395314714682837},
        {0x1.47ae147ae147bp-6, -2.053748910631823},
        {0x1.e8a39a4bfaf04p-37, -6.6579044964852478},
        {0x1.e8a35a3ffd757p-37, -6.6579047905171033},
        {0x1.0000000000000p-52, -8.1258906647019069},
        {0x1.0000000000000p-53, -8.2095361516013869},
        {0x1.8000000000000p-1, 0.67448975019608174},
        {0x1.ff7ced916872bp-1, 3.0902323061678133},
        {0x1.fffffffffffffp-1, 8.2095361516013869},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(is_close(tp_random_quantile(known[i].p), known[i].quantile, 1e-15));
    assert_true(tp_random_quantile(0.5) == 0);
    for (int i = 2; i <= 53; i++)
        assert_true(tp_random_quantile(1 - ldexp(1, -i)) == -tp_random_quantile(ldexp(1, -i)));
}

/* In ulp of the result, against a logarithm of more digits. */
static double log_error(double x)
{
    long double exact = logl((long double)x);
    double rounded = fabs((double)exact);
    double ulp = nextafter(rounded, INFINITY) - rounded;
    return (double)(fabsl((long double)tp_random_log(x) - exact) / (long double)ulp);
}

static void test_log(void **state)
{
    (void)state;
    assert_true(tp_random_log(1) == 0);
    assert_true(log_error(0x1p-1022) <= 1);
    assert_true(log_error(0x1.fffffffffffffp1023) <= 1);
    double root = sqrt(0.5); /* where the reduced argument jumps */
    assert_true(log_error(root) <= 1 && log_error(nextafter(root, 0)) <= 1 && log_error(nextafter(root, 1)) <= 1);
    for (int i = 1; i < 53; i++) {
        assert_true(log_error(1 - ldexp(1, -i)) <= 1);
        assert_true(log_error(1 + ldexp(1, -i)) <= 1);
    }
    for (uint64_t i = 0; i < SAMPLES; i++) {
        double x = tp_random_uniform(11, TP_RANDOM_WEIGHTS, 0, i);
        assert_true(log_error(0.5 + x) <= 1);
        assert_true(log_error(ldexp(1 + x, (int)(i % 2000) - 1000)) <= 1);
    }
}

static void assert_permutation(const uint32_t *order, size_t n)
{
    bool *seen = calloc(n + 1, sizeof *seen);
    assert_non_null(seen);
    for (size_t i = 0; i < n; i++) {
        assert_true(order[i] < n);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
    }
    free(seen);
}

static void test_permutation(void **state)
{
    (void)state;
    enum { LARGE = 60000 };
    static uint32_t order[LARGE + 1], other[LARGE + 1];
    static const size_t sizes[] = {0, 1, 2, 3, 100, LARGE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        order[sizes[i]] = 0xABABABAB;
        tp_random_permutation(1, TP_RANDOM_SHUFFLE, 0, sizes[i], order);
        assert_permutation(order, sizes[i]);
        assert_int_equal(order[sizes[i]], 0xABABABAB);
    }

    static const uint32_t begins[8] = {42722, 33024, 7061, 56015, 4440, 54370, 20270, 1098};
    assert_memory_equal(order, begins, sizeof begins);
    static const uint32_t ten[10] = {9, 7, 2, 4, 8, 3, 6, 5, 0, 1};
    tp_random_permutation(1, TP_RANDOM_SHUFFLE, 0, 10, other);
    assert_memory_equal(other, ten, sizeof ten);

    size_t same_by_stream = 0, same_by_seed = 0;
    tp_random_permutation(1, TP_RANDOM_SHUFFLE, 1, LARGE, other);
    for (size_t i = 0; i < LARGE; i++)
        same_by_stream += order[i] == other[i];
    tp_random_permutation(2, TP_RANDOM_SHUFFLE, 0, LARGE, other);
    for (size_t i = 0; i < LARGE; i++)
        same_by_seed += order[i] == other[i];
    assert_true(same_by_stream < 10 && same_by_seed < 10); /* Poisson with mean 1 */
}

/* All 24 orders of four are equally likely; a loop that ends one early or picks one too
 * few would not do it. */
static void test_permutations_are_uniform(void **state)
{
    (void)state;
    double counts[256] = {0};
    for (uint32_t stream = 0; stream < SAMPLES; stream++) {
        uint32_t order[4];
        tp_random_permutation(3, TP_RANDOM_SHUFFLE, stream, 4, order);
        counts[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    size_t orders = 0;
    double chi_square = 0;
    for (size_t i = 0; i < 256; i++) {
        if (counts[i] > 0) {
            orders++;
            chi_square += (counts[i] - SAMPLES / 24.0) * (counts[i] - SAMPLES / 24.0) / (SAMPLES / 24.0);
        }
    }
    assert_int_equal(orders, 24);
    assert_true(chi_square < 49.7); /* 23 degrees of freedom, probability 0.001 */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_exact_values),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_neighbours_are_independent),
        cmocka_unit_test(test_addresses_do_not_collide),
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_permutations_are_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
