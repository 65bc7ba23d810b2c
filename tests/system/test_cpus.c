/* Available CPUs: the affinity mask, and quotas of simulated cgroup trees in both versions. */
#include "system/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdint.h>

#include "tests/scratch.h"

/* The quota of a tree of the given files; an entry without a path ends the list. */
static size_t quota_of(const struct scratch_entry *entries)
{
    void *root = NULL;
    scratch_make_tree(&root, entries);
    size_t quota = tp_cpus_quota(root, root);
    assert_int_equal(scratch_remove(&root), 0);
    return quota;
}

static void test_no_limit(void **state)
{
    (void)state;
    assert_true(tp_cpus_quota("/nonexistent", "/nonexistent") == SIZE_MAX);
    assert_true(quota_of((struct scratch_entry[]){{0}}) == SIZE_MAX);
    assert_true(quota_of((struct scratch_entry[]){{"self/cgroup", "0::/a/b\n"}, {0}}) == SIZE_MAX);
    assert_true(quota_of((struct scratch_entry[]){{"self/cgroup", "0::/a\n"}, {"a/cpu.max", "max 100000\n"}, {0}}) ==
                SIZE_MAX);
    assert_true(quota_of((struct scratch_entry[]){{"self/cgroup", "3:cpu,cpuacct:/a\n"},
                                                  {"cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n"},
                                                  {"cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"},
                                                  {0}}) == SIZE_MAX);
}

static void test_version_2(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t quota;
    } known[] = {{"200000 100000\n", 2},
                 {"150000 100000\n", 2},
                 {"100001 100000\n", 2},
                 {"100000 100000\n", 1},
                 {"1000 100000\n", 1},
                 {"30000 10000\n", 3},
                 {"0 100000\n", SIZE_MAX},
                 {"100000 0\n", SIZE_MAX},
                 {"100000\n", SIZE_MAX},
                 {"nonsense\n", SIZE_MAX},
                 {"", SIZE_MAX}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(quota_of((struct scratch_entry[]){{"self/cgroup", "0::/a\n"}, {"a/cpu.max", known[i].text}, {0}}) ==
                    known[i].quota);
}

static void test_least_of_all_ancestors(void **state)
{
    (void)state;
    static const char *const texts[4] = {"800000 100000", "500000 100000", "300000 100000", "700000 100000"};
    for (size_t turn = 0; turn < 4; turn++) {
        assert_int_equal(quota_of((struct scratch_entry[]){{"self/cgroup", "0::/a/b.slice/c\n"},
                                                           {"cpu.max", texts[turn]},
                                                           {"a/cpu.max", texts[(turn + 1) % 4]},
                                                           {"a/b.slice/cpu.max", texts[(turn + 2) % 4]},
                                                           {"a/b.slice/c/cpu.max", texts[(turn + 3) % 4]},
                                                           {"a/b.slice/c/child/cpu.max", "100000 100000"},
                                                           {"a/other/cpu.max", "100000 100000"},
                                                           {0}}),
                         3);
    }
}

static void test_container_sees_its_group_as_the_root(void **state)
{
    (void)state;
    assert_int_equal(quota_of((struct scratch_entry[]){
                         {"self/cgroup", "0::/docker/0123abcd\n"}, {"cpu.max", "250000 100000\n"}, {0}}),
                     3);
    assert_int_equal(quota_of((struct scratch_entry[]){{"self/cgroup", "0::/\n"}, {"cpu.max", "250000 100000\n"}, {0}}),
                     3);
}

static void test_version_1(void **state)
{
    (void)state;
    static const struct {
        const char *line, *mount;
    } known[] = {{"11:cpu,cpuacct:/a/b\n", "cpu,cpuacct"},
                 {"11:cpuacct,cpu:/a/b\n", "cpu"},
                 {"11:cpu:/a/b\n", "cpu"},
                 {"1:name=systemd:/x\n4:memory:/m\n3:cpu,cpuacct:/a/b\n0::/x\n", "cpu,cpuacct"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char quota[64], period[64];
        snprintf(quota, sizeof quota, "%s/a/cpu.cfs_quota_us", known[i].mount);
        snprintf(period, sizeof period, "%s/a/cpu.cfs_period_us", known[i].mount);
        struct scratch_entry tree[] = {{"self/cgroup", known[i].line}, {quota, "350000\n"}, {period, "100000\n"}, {0}};
        assert_int_equal(quota_of(tree), 4);
    }
}

static void test_other_controllers_do_not_count(void **state)
{
    (void)state;
    assert_true(
        quota_of((struct scratch_entry[]){{"self/cgroup", "4:cpuset,cpuacct:/a\n5:name=cpu:/a\nno colon\n6:cpu\n"},
                                          {"cpuset,cpuacct/a/cpu.cfs_quota_us", "100000\n"},
                                          {"cpuset,cpuacct/a/cpu.cfs_period_us", "100000\n"},
                                          {"cpu/a/cpu.cfs_quota_us", "100000\n"},
                                          {"cpu/a/cpu.cfs_period_us", "100000\n"},
                                          {0}}) == SIZE_MAX);
}

static void test_path_too_long(void **state)
{
    (void)state;
    char line[2 * PATH_MAX];
    memset(line, 'a', sizeof line);
    memcpy(line, "0::/", 4);
    line[sizeof line - 1] = '\0';
    assert_true(quota_of((struct scratch_entry[]){{"self/cgroup", line}, {"cpu.max", "100000 100000"}, {0}}) ==
                SIZE_MAX);
}

static void test_affinity(void **state)
{
    (void)state;
    enum { SETS = 128 };
    static cpu_set_t saved[SETS];
    assert_int_equal(sched_getaffinity(0, sizeof saved, saved), 0);
    size_t count = (size_t)CPU_COUNT_S(sizeof saved, saved);
    size_t quota = tp_cpus_quota("/proc", "/sys/fs/cgroup");
    assert_int_equal(tp_cpus_available(), count < quota ? count : quota);

    static cpu_set_t one[SETS];
    size_t cpu = 0;
    while (!CPU_ISSET_S(cpu, sizeof saved, saved))
        cpu++;
    CPU_SET_S(cpu, sizeof one, one);
    assert_int_equal(sched_setaffinity(0, sizeof one, one), 0);
    size_t available = tp_cpus_available();
    assert_int_equal(sched_setaffinity(0, sizeof saved, saved), 0);
    assert_int_equal(available, 1);
}

static size_t own_count(void)
{
    enum { SETS = 128 };
    static cpu_set_t own[SETS];
    assert_int_equal(sched_getaffinity(0, sizeof own, own), 0);
    return (size_t)CPU_COUNT_S(sizeof own, own);
}

/* One CPU for each group of siblings, and each CPU for itself where there is nothing to read. */
static void test_cores(void **state)
{
    (void)state;
    enum { MOST = 8 };
    int all[MOST], cores[MOST];
    size_t count = tp_cpus_cores("/nonexistent", all, MOST);
    assert_int_equal(count, own_count() < MOST ? own_count() : MOST);
    for (size_t i = 1; i < count; i++)
        assert_true(all[i] > all[i - 1]);
    assert_int_equal(tp_cpus_cores("/nonexistent", cores, 1), 1);
    assert_int_equal(cores[0], all[0]);

    /* All of them are threads of one core. */
    void *root = NULL;
    char paths[MOST][64], text[64];
    struct scratch_entry entries[MOST + 1] = {{0}};
    snprintf(text, sizeof text, "%d-%d\n", all[0], all[count - 1]);
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "cpu%d/topology/thread_siblings_list", all[i]);
        entries[i] = (struct scratch_entry){paths[i], text};
    }
    scratch_make_tree(&root, entries);
    size_t one = tp_cpus_cores(root, cores, MOST);
    assert_int_equal(scratch_remove(&root), 0);
    if (own_count() > MOST)
        return;
    assert_int_equal(one, 1);
    assert_int_equal(cores[0], all[0]);
}

static void test_pinning_is_taken_back(void **state)
{
    (void)state;
    int cpu;
    const struct tp_cpus chosen = {&cpu, 1};
    size_t before = own_count();
    bool restricted = tp_cpus_restricted();
    assert_int_equal(tp_cpus_cores("/nonexistent", &cpu, 1), 1);
    void *saved = tp_cpus_bind(&chosen, 0);
    size_t pinned = own_count();
    bool meanwhile = tp_cpus_restricted();
    tp_cpus_unbind(saved);
    assert_int_equal(pinned, 1);
    assert_int_equal(own_count(), before);
    assert_int_equal(tp_cpus_restricted(), restricted);
    assert_int_equal(meanwhile, restricted || before > 1);
    assert_null(tp_cpus_bind(&chosen, 1)); /* only one member is bound */
    cpu = 1 << 16;                         /* no such CPU */
    assert_null(tp_cpus_bind(&chosen, 0));
    assert_int_equal(own_count(), before);
    tp_cpus_unbind(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_least_of_all_ancestors),
        cmocka_unit_test(test_container_sees_its_group_as_the_root),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_other_controllers_do_not_count),
        cmocka_unit_test(test_path_too_long),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_cores),
        cmocka_unit_test(test_pinning_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
