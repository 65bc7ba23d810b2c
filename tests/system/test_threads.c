/* Threads that cannot be created are detected before OpenMP creates them, and reported. */
#include "system/threads.h"

#include <pthread.h>
#include <stdlib.h>

#include "system/team.h"
#include "tests/check.h"

static void test_sizes_of_stacks(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } all[] = {{"64", 64 << 10},
               {"64B", 64},
               {" 2 m ", 2 << 20},
               {"100G", (size_t)100 << 30},
               {"16k", 16 << 10},
               {"", 0},
               {"-1", 0},
               {"m", 0},
               {"4x", 0},
               {"4mm", 0},
               {"99999999999G", 0},
               {"18446744073709551616", 0},
               {"18446744073709551615B", SIZE_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(tp_threads_stack_size(all[i].text), all[i].size);
}

static void test_usual_teams_can_start(void **state)
{
    (void)state;
    for (size_t members = 2; members <= 16; members *= 2)
        assert_int_equal(tp_threads_prove(members, members - 2, NULL), TILEPROP_OK);
}

static void test_stacks_of_the_wrong_size(void **state)
{
    struct tp_error error;
    (void)state;
    setenv("OMP_STACKSIZE", "16k", 1);
    check_failure(tp_threads_prove(2, 0, &error), TILEPROP_FAILURE, &error,
                  "threads: ... 65536 bytes ... OMP_STACKSIZE ... found 16384");
    setenv("OMP_STACKSIZE", "1000000G", 1);
    check_failure(tp_threads_prove(3, 1, &error), TILEPROP_FAILURE, &error,
                  "threads: ... 2 of 3 ... 1073741824000000 bytes");
    unsetenv("OMP_STACKSIZE");
    setenv("GOMP_STACKSIZE", "17k", 1);
    check_failure(tp_threads_prove(2, 0, &error), TILEPROP_FAILURE, &error, "threads: ... 65536 bytes ... found 17408");
    unsetenv("GOMP_STACKSIZE");
}

/* OpenMP keeps its threads' data on the caller's stack. */
static void *call_for_many(void *error)
{
    static tileprop_status status;
    status = tp_threads_prove(TP_TEAM_MAX, 0, error);
    return &status;
}

static void test_the_callers_stack(void **state)
{
    struct tp_error error;
    pthread_attr_t small;
    pthread_t thread;
    void *status;
    (void)state;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 512 << 10);
    assert_int_equal(pthread_create(&thread, &small, call_for_many, &error), 0);
    pthread_join(thread, &status);
    pthread_attr_destroy(&small);
    check_failure(*(tileprop_status *)status, TILEPROP_FAILURE, &error,
                  "threads: expected 1114112 bytes ... stack for 4096 threads");
}

static void never(void *context, size_t member, size_t members)
{
    (void)context;
    fail_msg("member %zu of %zu works", member, members);
}

static void test_members_out_of_range(void **state)
{
    struct tp_error error;
    (void)state;
    check_failure(tp_team_run(100000, never, NULL, &error), TILEPROP_USAGE, &error,
                  "threads: ... 4096 ... found 100000");
    check_failure(tp_team_run(SIZE_MAX, never, NULL, &error), TILEPROP_USAGE, &error, "threads: ... 4096");
    check_failure(tp_team_run(0, never, NULL, &error), TILEPROP_USAGE, &error, "threads: ... 1 ... 4096 ... found 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_of_stacks),          cmocka_unit_test(test_usual_teams_can_start),
        cmocka_unit_test(test_stacks_of_the_wrong_size), cmocka_unit_test(test_the_callers_stack),
        cmocka_unit_test(test_members_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
