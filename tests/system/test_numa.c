/* Memory nodes of this machine, however many it has: nothing fails, and no page loses its contents. */
#include "system/numa.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

#define PAGES_MAX 1024 /* of 4 KiB: interleaved memory has more than one piece */
#define BYTES     ((size_t)PAGES_MAX * 4096)

static void test_a_thread_has_a_node_only_if_there_are_several(void **state)
{
    (void)state;
    FILE *list = fopen("/sys/devices/system/node/online", "re");
    int first = 0, last = 0;
    char dash;
    if (list && fscanf(list, "%d%c%d", &first, &dash, &last) < 3)
        last = first;
    if (list)
        fclose(list);
    if (last == 0)
        assert_int_equal(tp_numa_node(), TP_NUMA_NOWHERE);
    else
        assert_in_range(tp_numa_node() + 1, 0, last + 1);
}

static void test_a_missing_node_has_no_free_memory(void **state)
{
    (void)state;
    assert_int_equal(tp_numa_free(1000), 0);
}

static bool prefer_node_0(void *start, size_t bytes)
{
    return tp_numa_prefer(start, bytes, 0);
}

static bool interleave(void *start, size_t bytes)
{
    static const int nodes[] = {0, 0};
    return tp_numa_interleave(start, bytes, nodes, 2);
}

/* Blocks that begin and end within a page, as those of malloc do; blocks without a whole page are nothing. */
static void test_pages_keep_their_contents(void **state)
{
    bool (*const policies[])(void *start, size_t bytes) = {prefer_node_0, interleave};
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        for (size_t begin = 0; begin < 3; begin++) {
            unsigned char *block = malloc(BYTES);
            assert_non_null(block);
            for (size_t i = 0; i < BYTES; i++)
                block[i] = (unsigned char)(i * 13 >> 4);
            policies[p](block + begin, BYTES - 2 * begin);
            for (size_t i = 0; i < BYTES; i++)
                if (block[i] != (unsigned char)(i * 13 >> 4))
                    fail_msg("byte %zu changed", i);
            tp_numa_release(block + begin, BYTES - 2 * begin);
            assert_true(policies[p](block, 0));
            assert_true(policies[p](block + 1, 100));
            free(block);
        }
    }
}

static void test_a_missing_node_is_refused(void **state)
{
    (void)state;
    unsigned char *block = malloc(BYTES);
    assert_non_null(block);
    assert_false(tp_numa_prefer(block, BYTES, 1000));
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_has_a_node_only_if_there_are_several),
        cmocka_unit_test(test_a_missing_node_has_no_free_memory),
        cmocka_unit_test(test_pages_keep_their_contents),
        cmocka_unit_test(test_a_missing_node_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
