/*
 * An arena: one contiguous block of zeroed memory with one owner, handed out in pieces and given back whole.
 * Nothing is touched before the owner touches it, because the first touch decides on which NUMA node a page
 * lies: create an arena anywhere, but write to it first in the thread that will use it.
 */
#ifndef TP_ARENA_H
#define TP_ARENA_H

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
};

/* What a piece of `bytes` takes up: rounded up to the alignment. SIZE_MAX if that overflows. */
size_t tp_arena_round(size_t bytes);

/*
 * total plus what a piece of `count` elements of `size` bytes takes up. SIZE_MAX if that overflows, or if
 * total is SIZE_MAX already; so a sum needs no check on the way, since creating an arena of SIZE_MAX fails.
 */
size_t tp_arena_add(size_t total, size_t count, size_t size);

/*
 * Reserves `bytes` (0 is allowed) without touching them. From TP_ARENA_HUGE on the arena starts on a huge
 * page and asks for huge pages; small arenas would waste most of one.
 * Errors: TILEPROP_FAILURE; *arena is then empty and may be destroyed.
 */
tileprop_status tp_arena_create(struct tp_arena *arena, size_t bytes, struct tp_error *error);

/*
 * The next `bytes` of the arena, on a 64-byte boundary, zeroed. Lives until the arena is destroyed. To take
 * more than is left is a programming error and fails an assertion.
 */
void *tp_arena_take(struct tp_arena *arena, size_t bytes);

/* Gives the memory back and empties the arena; an empty arena ({0}) is allowed. */
void tp_arena_destroy(struct tp_arena *arena);

#endif
