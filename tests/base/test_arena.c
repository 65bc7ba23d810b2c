/* The arena: sizes that overflow, alignment, zeroed and untouched memory, huge pages, and its limits. */
#include "base/arena.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

/* What an arena would need that hands out these pieces. */
static size_t bytes_of(size_t count, size_t size, size_t other_count, size_t other_size)
{
    struct tp_arena arena = tp_arena_measure();
    assert_null(tp_arena_take(&arena, count, size));
    assert_null(tp_arena_take(&arena, other_count, other_size));
    return arena.used;
}

static void test_measure(void **state)
{
    (void)state;
    assert_int_equal(bytes_of(0, 4, 0, 1), 0);
    assert_int_equal(bytes_of(1, 1, 0, 1), 64);
    assert_int_equal(bytes_of(64, 1, 0, 1), 64);
    assert_int_equal(bytes_of(65, 1, 0, 1), 128);
    assert_int_equal(bytes_of(2, 64, 17, 4), 128 + 128);
    assert_true(bytes_of(SIZE_MAX - 63, 1, 0, 1) == SIZE_MAX - 63);
    assert_true(bytes_of(SIZE_MAX - 62, 1, 0, 1) == SIZE_MAX);
    assert_true(bytes_of(SIZE_MAX / 4 + 1, 4, 0, 1) == SIZE_MAX);
    assert_true(bytes_of(SIZE_MAX / 4, 4, 0, 1) == SIZE_MAX);
    assert_true(bytes_of(SIZE_MAX - 63, 1, 1, 64) == SIZE_MAX);
    assert_true(bytes_of(SIZE_MAX, 1, 0, 4) == SIZE_MAX);
    assert_true(bytes_of(SIZE_MAX, 1, 1, 4) == SIZE_MAX);
}

static void test_take(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 0, 64, 65, 4096, 100000, 3};
    struct tp_arena arena, measured = tp_arena_measure();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        tp_arena_take(&measured, sizes[i], 1);
    assert_int_equal(tp_arena_create(&arena, measured.used, NULL), TILEPROP_OK);
    unsigned char *end = arena.base;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *piece = tp_arena_take(&arena, sizes[i], 1);
        assert_int_equal((uintptr_t)piece % TP_ARENA_ALIGNMENT, 0);
        assert_ptr_equal(piece, end);
        for (size_t byte = 0; byte < sizes[i]; byte++)
            assert_int_equal(piece[byte], 0);
        memset(piece, 0xAB, sizes[i]);
        end = piece + bytes_of(sizes[i], 1, 0, 1);
    }
    assert_int_equal(arena.used, measured.used);
    tp_arena_destroy(&arena);
    assert_null(arena.base);
    tp_arena_destroy(&arena);
}

static void test_unaligned_size_can_be_taken(void **state)
{
    (void)state;
    struct tp_arena arena;
    assert_int_equal(tp_arena_create(&arena, 100, NULL), TILEPROP_OK);
    assert_non_null(tp_arena_take(&arena, 100, 1));
    tp_arena_destroy(&arena);
    assert_int_equal(tp_arena_create(&arena, 0, NULL), TILEPROP_OK);
    assert_non_null(tp_arena_take(&arena, 0, 1));
    tp_arena_destroy(&arena);
}

/* Pages of the arena that are in memory. */
static size_t resident_pages(const struct tp_arena *arena)
{
    size_t pages = arena->mapped / (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *resident = malloc(pages);
    assert_non_null(resident);
    assert_int_equal(mincore(arena->base, arena->mapped, resident), 0);
    size_t count = 0;
    for (size_t page = 0; page < pages; page++)
        count += resident[page] & 1;
    free(resident);
    return count;
}

static void test_untouched(void **state)
{
    (void)state;
    static const size_t sizes[] = {1 << 20, 64 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tp_arena arena;
        assert_int_equal(tp_arena_create(&arena, sizes[i], NULL), TILEPROP_OK);
        unsigned char *piece = tp_arena_take(&arena, sizes[i], 1);
        assert_int_equal(resident_pages(&arena), 0);
        piece[sizes[i] - 1] = 1;
        assert_true(resident_pages(&arena) > 0);
        tp_arena_destroy(&arena);
    }
}

/* Whether the mapping that starts at base has asked for huge pages: "hg" among its VmFlags. */
static bool wants_huge_pages(const void *base)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    assert_non_null(file);
    char line[512], start[32];
    snprintf(start, sizeof start, "%lx-", (unsigned long)(uintptr_t)base);
    bool inside = false, wants = false;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, start, strlen(start)) == 0)
            inside = true;
        if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            wants = strstr(line, " hg") != NULL;
            break;
        }
    }
    fclose(file);
    assert_true(inside);
    return wants;
}

static void test_huge_pages(void **state)
{
    (void)state;
    bool supported = access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0;
    struct tp_arena arena;
    assert_int_equal(tp_arena_create(&arena, TP_ARENA_HUGE, NULL), TILEPROP_OK);
    assert_int_equal((uintptr_t)arena.base % TP_ARENA_HUGE_PAGE, 0);
    assert_int_equal(arena.mapped, TP_ARENA_HUGE);
    if (supported)
        assert_true(wants_huge_pages(arena.base));
    memset(tp_arena_take(&arena, TP_ARENA_HUGE, 1), 1, TP_ARENA_HUGE);
    tp_arena_destroy(&arena);

    assert_int_equal(tp_arena_create(&arena, TP_ARENA_HUGE - 1, NULL), TILEPROP_OK);
    memset(tp_arena_take(&arena, TP_ARENA_HUGE - 1, 1), 1, TP_ARENA_HUGE - 1);
    if (supported)
        assert_false(wants_huge_pages(arena.base));
    tp_arena_destroy(&arena);
}

/* kB of address space that this process has mapped. */
static size_t mapped_kilobytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    size_t pages = 0;
    assert_int_equal(fscanf(file, "%zu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void test_gives_back(void **state)
{
    (void)state;
    size_t before = mapped_kilobytes();
    for (size_t i = 0; i < 20; i++) {
        struct tp_arena arena;
        assert_int_equal(tp_arena_create(&arena, 33 << 20, NULL), TILEPROP_OK);
        assert_true(mapped_kilobytes() < before + (35 << 10));
        tp_arena_destroy(&arena);
    }
    assert_true(mapped_kilobytes() < before + (4 << 10));
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - TP_ARENA_HUGE_PAGE, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tp_arena arena;
        struct tp_error error;
        char expected[64];
        snprintf(expected, sizeof expected, "out of memory: %zu bytes", sizes[i]);
        assert_int_equal(tp_arena_create(&arena, sizes[i], &error), TILEPROP_FAILURE);
        assert_non_null(strstr(error.text, expected));
        assert_null(arena.base);
        tp_arena_destroy(&arena);
    }
}

static void take_too_much(size_t first, size_t second)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (!freopen("/dev/null", "w", stderr))
        _exit(2);
    struct tp_arena arena;
    if (tp_arena_create(&arena, 128, NULL) != TILEPROP_OK)
        _exit(2);
    tp_arena_take(&arena, first, 1);
    tp_arena_take(&arena, second, 1);
    _exit(0);
}

/* How a child that takes `first` and `second` bytes of 128 ends: 0, or the signal that ended it. */
static int end_of_taking(size_t first, size_t second)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        take_too_much(first, second);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_taking_too_much_fails_an_assertion(void **state)
{
    (void)state;
    assert_int_equal(end_of_taking(64, 64), 0);
    assert_int_equal(end_of_taking(64, 65), SIGABRT);
    assert_int_equal(end_of_taking(65, 1), SIGABRT);
    assert_int_equal(end_of_taking(64, SIZE_MAX), SIGABRT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_unaligned_size_can_be_taken),
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_huge_pages),
        cmocka_unit_test(test_gives_back),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_taking_too_much_fails_an_assertion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
