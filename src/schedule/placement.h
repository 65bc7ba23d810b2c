/*
 * Memory placement on a machine with several NUMA nodes. What a member owns (weights, optimizer state,
 * buffers) is placed on the node it runs on when the run begins; data sets are interleaved across the nodes,
 * or replicated to each node for its members to read. Placement changes how long a read takes, never a bit.
 *
 * Threads that are not bound may migrate to another node later; their memory does not follow.
 */
#pragma once

#include "base/arena.h"
#include "data/dataset.h"
#include "system/numa.h"

#define TP_PLACEMENT_SETS 3 /* training, validation, test */

/* A node on which members of the team run. */
struct tp_node_copy {
    size_t leader;         /* its first member, which makes the copies */
    struct tp_arena arena; /* holds the copies; empty: members read the original data sets */
    struct tp_dataset copies[TP_PLACEMENT_SETS];
};

/* An array of a data set. */
struct tp_block {
    void *start;
    size_t bytes;
};

/* Where a member runs. */
struct tp_thread_node {
    int node;
    size_t home;
};

struct tp_placement {
    tileprop_numa mode; /* the requested mode; once settled, the actual one, never auto */
    size_t members;
    const struct tp_dataset *sets[TP_PLACEMENT_SETS]; /* NULL: absent */
    struct tp_block blocks[4 * TP_PLACEMENT_SETS];    /* samples, labels, indptr, indices of each set present */
    size_t block_count;
    struct tp_thread_node *thread_nodes; /* [members] */
    size_t node_count;                   /* at most members */
    int *nodes;                          /* [node_count] */
    struct tp_node_copy *homes;          /* [node_count]; the first uses the original data sets */
};

/*
 * For `members` threads that read these data sets (NULL: absent), which must outlive the placement.
 * Errors: TILEPROP_FAILURE if out of memory; the placement may be ended either way.
 */
tileprop_status tp_placement_create(struct tp_placement *placement, tileprop_numa mode, size_t members,
                                    const struct tp_dataset *const sets[TP_PLACEMENT_SETS], struct tp_error *error);

/*
 * Called by every member, before it touches its arena, with the node it runs on. If all members are on one
 * node or on none, or if the system refuses, the mode becomes off and everything stays where it is. Ends with
 * a barrier.
 */
void tp_placement_enter(struct tp_placement *placement, size_t member, int node, const struct tp_arena *arena);

/* The data set for this member to read: its node's copy if there is one. */
const struct tp_dataset *tp_placement_local(const struct tp_placement *placement, size_t member,
                                            const struct tp_dataset *set);

/* Frees the copies and drops the memory policy of the data sets' pages. */
void tp_placement_end(struct tp_placement *placement);
