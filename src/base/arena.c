#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* size rounded up to a multiple of unit, a power of two; SIZE_MAX if that overflows. */
static size_t round_up(size_t size, size_t unit)
{
    return size <= SIZE_MAX - (unit - 1) ? (size + unit - 1) & ~(unit - 1) : SIZE_MAX;
}

/* What a piece takes up; SIZE_MAX if that overflows. */
static size_t piece_bytes(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : round_up(bytes, TP_ARENA_ALIGNMENT);
}

struct tp_arena tp_arena_measure(void)
{
    return (struct tp_arena){.measuring = true};
}

/* Maps `bytes` of zeroed memory on a huge page's boundary: more than is needed, then both ends cut off. */
static unsigned char *map_huge(size_t bytes)
{
    size_t reserved;
    if (__builtin_add_overflow(bytes, TP_ARENA_HUGE_PAGE, &reserved))
        return MAP_FAILED;
    unsigned char *start = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return MAP_FAILED;

    size_t before = round_up((uintptr_t)start, TP_ARENA_HUGE_PAGE) - (uintptr_t)start;
    size_t after = TP_ARENA_HUGE_PAGE - before;
    if (before > 0)
        munmap(start, before);
    munmap(start + before + bytes, after);
    madvise(start + before, bytes, MADV_HUGEPAGE); /* a kernel without huge pages refuses; no harm */
    return start + before;
}

tileprop_status tp_arena_create(struct tp_arena *arena, size_t bytes, struct tp_error *error)
{
    *arena = (struct tp_arena){0};
    bool huge = bytes >= TP_ARENA_HUGE;
    size_t page = huge ? TP_ARENA_HUGE_PAGE : (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = round_up(bytes > 0 ? bytes : 1, page);
    unsigned char *base =
        huge ? map_huge(mapped) : mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: %zu bytes for an arena", bytes);

    *arena = (struct tp_arena){.base = base, .bytes = piece_bytes(bytes, 1), .mapped = mapped};
    return TILEPROP_OK;
}

void *tp_arena_take(struct tp_arena *arena, size_t count, size_t size)
{
    const size_t piece = piece_bytes(count, size);
    if (arena->measuring) {
        if (__builtin_add_overflow(arena->used, piece, &arena->used))
            arena->used = SIZE_MAX;
        return NULL;
    }
    assert(piece <= arena->bytes - arena->used);
    void *taken = arena->base + arena->used;
    arena->used += piece;
    return taken;
}

void tp_arena_destroy(struct tp_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->mapped);
    *arena = (struct tp_arena){0};
}
