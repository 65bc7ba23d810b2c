/*
 * Block sizes derived from the caches: the sizes that CPUs report, and the blocks chosen for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/cpu.h"
#include "kernels/kernels.h"

/* The size of the cache of this level according to Linux, in bytes; 0: none. */
static size_t told_by_system(unsigned level)
{
    size_t bytes = 0;
    for (int i = 0; i < 8; i++) {
        const char *const files[] = {"level", "type", "size"};
        char text[3][32] = {"", "", ""};
        for (size_t f = 0; f < 3; f++) {
            char path[96];
            snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i, files[f]);
            FILE *file = fopen(path, "r");
            if (!file || fscanf(file, "%31s", text[f]) != 1)
                text[f][0] = '\0';
            if (file)
                fclose(file);
        }
        unsigned found, kib;
        if (sscanf(text[0], "%u", &found) == 1 && found == level && strcmp(text[1], "Instruction") != 0 &&
            sscanf(text[2], "%uK", &kib) == 1)
            bytes = (size_t)kib << 10;
    }
    return bytes;
}

static void test_caches_are_the_cpus(void **state)
{
    (void)state;
    const struct tp_caches caches = tp_cpu_caches(), assumed = TP_CACHES_ASSUMED;
    const size_t found[] = {caches.l1, caches.l2, caches.l3};
    const size_t without[] = {assumed.l1, assumed.l2, assumed.l3};
    for (unsigned level = 1; level <= 3; level++) {
        const size_t told = told_by_system(level);
        if (found[level - 1] != told && found[level - 1] != without[level - 1])
            fail_msg("L%u: %zu bytes, the system says %zu", level, found[level - 1], told);
    }
}

static void test_blocks_follow_caches(void **state)
{
    (void)state;
    for (size_t i = 0; tp_tiers[i]; i++) {
        const struct tp_blocks *b = tp_tiers[i]->blocks;
        tp_blocks_fit((struct tp_caches){48 << 10, 1 << 20, 32 << 20});
        assert_int_equal(b->steps, 1024);
        assert_int_equal(b->steps_many, 384);
        assert_int_equal(b->a_floats, 512 << 10 >> 2);
        assert_int_equal(b->d_floats, 384 << 10 >> 2);
        assert_int_equal(b->prefetch_a_floats, 256 << 10 >> 2);
        assert_int_equal(b->prefetch_b_floats, 1 << 20 >> 2);
        assert_int_equal(b->nontemporal_bytes, 22 << 20);
        tp_blocks_fit((struct tp_caches){128 << 10, 2 << 20, 8 << 20});
        assert_int_equal(b->steps, 2048);
        assert_int_equal(b->steps_many, 1024);
        assert_int_equal(b->nontemporal_bytes, 11 << 19);
        tp_blocks_fit((struct tp_caches){0, 0, SIZE_MAX}); /* even where a CPU talks nonsense */
        assert_int_equal(b->steps, 384);
        assert_int_equal(b->steps_many, 384);
        assert_int_equal(b->nontemporal_bytes, 22 << 20);
    }
    tp_blocks_fit(tp_cpu_caches());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_caches_are_the_cpus),
                                       cmocka_unit_test(test_blocks_follow_caches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
