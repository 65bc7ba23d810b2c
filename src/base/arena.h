/*
 * An arena: one contiguous block of zeroed memory with one owner, handed out in pieces and given back whole.
 * Nothing is touched before the owner touches it, because the first touch decides on which NUMA node a page
 * lies: create an arena anywhere, but write to it first in the thread that will use it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define TP_ARENA_ALIGNMENT 64                /* of every piece: a cache line, and an AVX-512 vector */
#define TP_ARENA_HUGE      ((size_t)4 << 20) /* bytes from which an arena asks for huge pages */
#define TP_ARENA_HUGE_PAGE ((size_t)2 << 20) /* their size, and the alignment of such an arena */

struct tp_arena {
    unsigned char *base;
    size_t bytes;  /* what may be taken: the size asked for, rounded as a piece */
    size_t used;   /* what has been taken */
    size_t mapped; /* rounded up to whole pages */
    bool measuring;
};

/*
 * An arena that hands out no memory, only NULL, and counts in `used` what a real one would need: SIZE_MAX if
 * that overflows. So one function that takes pieces, called with this one and then with an arena of `used`
 * bytes, says both how large they are and where they lie.
 */
struct tp_arena tp_arena_measure(void);

/*
 * Reserves `bytes` (0 is allowed) without touching them. From TP_ARENA_HUGE on the arena starts on a huge
 * page and asks for huge pages; small arenas would waste most of one.
 * Errors: TILEPROP_FAILURE; *arena is then empty and may be destroyed.
 */
tileprop_status tp_arena_create(struct tp_arena *arena, size_t bytes, struct tp_error *error);

/*
 * Room for `count` elements of `size` bytes, on a 64-byte boundary, zeroed. Lives until the arena is
 * destroyed. To take more than is left is a programming error and fails an assertion.
 */
void *tp_arena_take(struct tp_arena *arena, size_t count, size_t size);

/* Gives the memory back and empties the arena; an empty arena ({0}) is allowed. */
void tp_arena_destroy(struct tp_arena *arena);
