#include "schedule/placement.h"

#include <stdlib.h>
#include <string.h>

#include "system/team.h"

/* Copies may take one part in so many of a node's free memory; the rest is left for later allocations. */
#define FREE_SHARE 2

/* Bytes of a copy of all sets. */
static size_t copy_bytes(const struct tp_placement *p)
{
    struct tp_arena size = tp_arena_measure();
    for (size_t b = 0; b < p->block_count; b++)
        tp_arena_take(&size, p->blocks[b].bytes, 1);
    return size.used;
}

tileprop_status tp_placement_create(struct tp_placement *p, tileprop_numa mode, size_t members,
                                    const struct tp_dataset *const sets[TP_PLACEMENT_SETS], struct tp_error *error)
{
    *p = (struct tp_placement){.mode = mode, .members = members};
    memcpy(p->sets, sets, sizeof p->sets);
    for (size_t s = 0; s < TP_PLACEMENT_SETS; s++) {
        const struct tp_dataset *set = sets[s];
        if (!set)
            continue;
        p->blocks[p->block_count++] = (struct tp_block){set->samples, tp_dataset_bytes(set)};
        p->blocks[p->block_count++] = (struct tp_block){set->labels, set->count * sizeof *set->labels};
        if (set->type != TILEPROP_CSR)
            continue;
        p->blocks[p->block_count++] = (struct tp_block){set->indptr, (set->count + 1) * sizeof *set->indptr};
        p->blocks[p->block_count++] = (struct tp_block){set->indices, tp_dataset_entries(set) * sizeof *set->indices};
    }
    p->thread_nodes = calloc(members, sizeof *p->thread_nodes);
    p->nodes = calloc(members, sizeof *p->nodes);
    p->homes = calloc(members, sizeof *p->homes);
    if (!p->thread_nodes || !p->nodes || !p->homes)
        return tp_fail_memory(error, NULL, "where threads are");
    return TILEPROP_OK;
}

/* The node's index among the homes; adds it if it is new. */
static size_t find_home(struct tp_placement *p, int node, size_t member)
{
    size_t h = 0;
    while (h < p->node_count && p->nodes[h] != node)
        h++;
    if (h == p->node_count) {
        p->nodes[h] = node;
        p->homes[h].leader = member;
        p->node_count++;
    }
    return h;
}

static bool copies_fit(const struct tp_placement *p)
{
    size_t bytes = copy_bytes(p);
    for (size_t h = 0; h < p->node_count; h++) {
        if (bytes > tp_numa_free(p->nodes[h]) / FREE_SHARE)
            return false;
    }
    return true;
}

/* Interleaves the original sets; returns whether the system allowed it. */
static bool place_sets(const struct tp_placement *p)
{
    bool placed = true;
    for (const struct tp_block *b = p->blocks; placed && b < p->blocks + p->block_count; b++)
        placed = p->mode == TILEPROP_NUMA_REPLICATE ? tp_numa_prefer(b->start, b->bytes, p->nodes[0])
                                                    : tp_numa_interleave(b->start, b->bytes, p->nodes, p->node_count);
    return placed;
}

static void release_sets(const struct tp_placement *p)
{
    for (size_t b = 0; b < p->block_count; b++)
        tp_numa_release(p->blocks[b].start, p->blocks[b].bytes);
}

/* Done by one member, once all have reported their nodes. */
static void decide(struct tp_placement *p)
{
    bool everywhere = true;
    for (size_t m = 0; m < p->members; m++) {
        everywhere &= p->thread_nodes[m].node != TP_NUMA_NOWHERE;
        p->thread_nodes[m].home = find_home(p, p->thread_nodes[m].node, m);
    }
    if (!everywhere || p->node_count == 1)
        p->mode = TILEPROP_NUMA_OFF;
    else if (p->mode == TILEPROP_NUMA_AUTO)
        p->mode = copies_fit(p) ? TILEPROP_NUMA_REPLICATE : TILEPROP_NUMA_INTERLEAVE;
    if (p->mode != TILEPROP_NUMA_OFF && !place_sets(p)) {
        release_sets(p);
        p->mode = TILEPROP_NUMA_OFF;
    }
    if (p->mode == TILEPROP_NUMA_OFF)
        p->node_count = 1;
}

static void *copy(struct tp_arena *arena, const struct tp_block *block)
{
    return memcpy(tp_arena_take(arena, block->bytes, 1), block->start, block->bytes);
}

/* Done by a home's leader. A home without memory for copies uses the original sets. */
static void replicate(const struct tp_placement *p, size_t h)
{
    struct tp_node_copy *home = &p->homes[h];
    struct tp_error ignored;
    if (tp_arena_create(&home->arena, copy_bytes(p), &ignored))
        return;
    tp_numa_prefer(home->arena.base, home->arena.mapped, p->nodes[h]);
    const struct tp_block *next = p->blocks;
    for (size_t s = 0; s < TP_PLACEMENT_SETS; s++) {
        if (!p->sets[s])
            continue;
        home->copies[s] = *p->sets[s];
        home->copies[s].samples = copy(&home->arena, next++);
        home->copies[s].labels = copy(&home->arena, next++);
        if (p->sets[s]->type != TILEPROP_CSR)
            continue;
        home->copies[s].indptr = copy(&home->arena, next++);
        home->copies[s].indices = copy(&home->arena, next++);
    }
}

void tp_placement_enter(struct tp_placement *p, size_t member, int node, const struct tp_arena *arena)
{
    struct tp_thread_node *self = &p->thread_nodes[member];
    self->node = node;
    tp_team_barrier();
    if (member == 0)
        decide(p);
    tp_team_barrier();
    if (p->mode == TILEPROP_NUMA_OFF)
        return;
    /* Pages are placed by first touch, but one huge page may hold the arenas of two members. */
    tp_numa_prefer(arena->base, arena->mapped, node);
    if (p->mode == TILEPROP_NUMA_REPLICATE && self->home != 0 && p->homes[self->home].leader == member)
        replicate(p, self->home);
    tp_team_barrier();
}

const struct tp_dataset *tp_placement_local(const struct tp_placement *p, size_t member, const struct tp_dataset *set)
{
    const struct tp_node_copy *home = &p->homes[p->thread_nodes[member].home];
    for (size_t s = 0; home->arena.base && s < TP_PLACEMENT_SETS; s++) {
        if (p->sets[s] == set)
            return &home->copies[s];
    }
    return set;
}

void tp_placement_end(struct tp_placement *p)
{
    if (p->node_count > 1)
        release_sets(p);
    for (size_t h = 0; h < p->node_count; h++)
        tp_arena_destroy(&p->homes[h].arena);
    free(p->thread_nodes);
    free(p->nodes);
    free(p->homes);
    *p = (struct tp_placement){0};
}
