/* Available memory: simulated cgroup trees in both versions, physical memory, resource limits. */
#include "system/memory.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/scratch.h"

#define MIB ((size_t)1 << 20)

/* Needs so much of what a tree of the files, ended by one without path, leaves. NULL: it is enough. */
static void check(const struct scratch_entry *entries, size_t more, size_t pending, const char *message)
{
    void *root = NULL;
    struct tp_error error = {""};
    scratch_make_tree(&root, entries);
    const tileprop_status status = tp_memory_check(root, root, more, pending, &error);
    assert_int_equal(scratch_remove(&root), 0);
    if (message)
        check_failure(status, TILEPROP_FAILURE, &error, message);
    else
        assert_int_equal(status, TILEPROP_OK);
}

static void test_unreadable_limits_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(tp_memory_check("/nonexistent", "/nonexistent", SIZE_MAX, 1, NULL), TILEPROP_OK);
    check((struct scratch_entry[]){{"self/cgroup", "0::/a\n"}, {"a/memory.max", "max\n"}, {0}}, SIZE_MAX, 0, NULL);
    check((struct scratch_entry[]){{"self/cgroup", "0::/a\n"}, {"a/memory.max", "1\n"}, {0}}, SIZE_MAX, 0, NULL);
}

static void test_version_2(void **state)
{
    (void)state;
    const struct scratch_entry tree[] = {{"self/cgroup", "0::/a/b\n"},
                                         {"a/memory.max", "209715200\n"}, /* 200 MiB, of which 100 are used */
                                         {"a/memory.current", "157286400\n"},
                                         {"a/memory.stat", "anon 104857600\nfile 52428800\ninactive_file 31457280\n"
                                                           "active_file 20971520\n"},
                                         {"a/b/memory.max", "max\n"},
                                         {"a/b/memory.current", "1\n"},
                                         {0}};
    check(tree, 100 * MIB, 0, NULL);
    check(tree, 60 * MIB, 40 * MIB, NULL);
    check(tree, 60 * MIB, 41 * MIB, "101.0 MiB ... control group ... 100.0 MiB");
    check(tree, SIZE_MAX, 1, "control group ... 100.0 MiB");
}

static void test_version_1(void **state)
{
    (void)state;
    const struct scratch_entry tree[] = {{"self/cgroup", "4:memory:/a\n0::/\n"},
                                         {"memory/memory.limit_in_bytes", "9223372036854771712\n"},
                                         {"memory/memory.usage_in_bytes", "1048576\n"},
                                         {"memory/a/memory.limit_in_bytes", "209715200\n"},
                                         {"memory/a/memory.usage_in_bytes", "20971520\n"},
                                         {"memory/a/memory.stat", "cache 10485760\ntotal_inactive_file 10485760\n"},
                                         {0}};
    check(tree, 190 * MIB, 0, NULL);
    check(tree, 191 * MIB, 0, "191.0 MiB ... control group ... 190.0 MiB");
}

static void test_physical_memory(void **state)
{
    (void)state;
    const struct scratch_entry tree[] = {{"meminfo", "MemTotal:  4096 kB\nMemFree:  1024 kB\nMemAvailable:  2048 kB\n"},
                                         {0}};
    check(tree, MIB, MIB, NULL);
    check(tree, MIB, MIB + 1, "2.0 MiB ... physical memory ... 2.0 MiB");
}

/* A page is 4 KiB at least: 1000 of them are mapped. */
static void test_resource_limits(void **state)
{
    (void)state;
    const char *sanitizer = getenv("TP_SANITIZE");
    if (sanitizer && *sanitizer) {
        print_message("# SKIP a sanitizer has mapped more than a limit allows\n");
        skip();
    }
    static const struct {
        unsigned resource;
        const char *statm, *message;
    } known[] = {{RLIMIT_AS, "1000 1 1 1 0 1 0\n", "MiB ... RLIMIT_AS ... MiB"},
                 {RLIMIT_DATA, "1 1 1 1 0 1000 0\n", "MiB ... RLIMIT_DATA ... MiB"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct scratch_entry tree[] = {{"self/statm", known[i].statm}, {0}};
        struct rlimit old, limit;
        const size_t some = 4096 * MIB, used = 1000 * (size_t)sysconf(_SC_PAGESIZE);
        assert_int_equal(getrlimit(known[i].resource, &old), 0);
        limit = (struct rlimit){.rlim_cur = some, .rlim_max = old.rlim_max};
        assert_int_equal(setrlimit(known[i].resource, &limit), 0);
        check(tree, some - used, SIZE_MAX - some, NULL); /* pending memory is mapped already */
        check(tree, some - used + 1, 0, known[i].message);
        assert_int_equal(setrlimit(known[i].resource, &old), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unreadable_limits_are_ignored),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_physical_memory),
        cmocka_unit_test(test_resource_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
