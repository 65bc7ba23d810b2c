/*
 * Where a run's memory lies on a machine with several memory nodes. What a member owns (weights, optimizer
 * state, buffers) lies on the node that it is on when the run begins; the data sets lie on all nodes in turn,
 * or each node has a copy, which its members read. It changes how long a read takes and never a bit.
 *
 * Threads that nothing binds may be moved to another node later; their memory stays.
 */
#ifndef TP_PLACEMENT_H
#define TP_PLACEMENT_H

#include "base/arena.h"
#include "data/dataset.h"
#include "system/numa.h"

#define TP_PLACEMENT_SETS 3 /* training, validation, test */

/* A node with members of the team on it. */
struct tp_node_copy {
    size_t leader;         /* its first member, which makes the copies */
    struct tp_arena arena; /* of the copies; empty: its members read the data sets themselves */
    struct tp_dataset copies[TP_PLACEMENT_SETS];
};

/* Samples or labels of a data set. */
struct tp_block {
    void *start;
    size_t bytes;
};

/* Where a member is. */
struct tp_thread_node {
    int node;
    size_t home;
};

struct tp_placement {
    tileprop_numa mode; /* what was asked for; once settled, what is done, which is never auto */
    size_t members;
    const struct tp_dataset *sets[TP_PLACEMENT_SETS]; /* NULL: there is none */
    struct tp_block blocks[2 * TP_PLACEMENT_SETS];    /* of each set that there is, samples and labels */
    size_t block_count;
    struct tp_thread_node *whereabouts; /* [members] */
    size_t node_count;                  /* at most members */
    int *nodes;                         /* [node_count] */
    struct tp_node_copy *homes;         /* [node_count]; the first keeps the data sets themselves */
};

/*
 * Of `members` threads that read these data sets (NULL: none), which outlive the placement.
 * Errors: TILEPROP_FAILURE without memory; the placement may be ended either way.
 */
tileprop_status tp_placement_create(struct tp_placement *placement, tileprop_numa mode, size_t members,
                                    const struct tp_dataset *const sets[TP_PLACEMENT_SETS],
                                    struct tp_error *error);

/*
 * Called by every member, before it touches its arena, with the node that it is on. Where members are on one
 * node or nowhere, and where the system refuses, the mode becomes off and everything stays as it is. Ends
 * with a barrier.
 */
void tp_placement_enter(struct tp_placement *placement, size_t member, int node,
                        const struct tp_arena *arena);

/* A data set as the member is to read it: its node's copy where there is one. */
const struct tp_dataset *tp_placement_local(const struct tp_placement *placement, size_t member,
                                            const struct tp_dataset *set);

/* Frees the copies and asks nothing more of the data sets' pages. */
void tp_placement_end(struct tp_placement *placement);

#endif
