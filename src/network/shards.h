/*
 * Shards: a batch is divided into S parts, each with a gradient of its own, and one fixed tree adds up the gradients. S
 * is part of the numerics; which rank computes a shard is not. Shard s of n rows has rows floor(s n / S) to floor((s +
 * 1) n / S); a shard without rows is left out. The tree adds shard i + 1 to each even i, then the sum at i + 2 to each
 * i that is a multiple of 4, and so on. The sum of shards [begin, begin + span), where span is a power of two that
 * divides begin, is the sum of its two halves, or one half if the other has no rows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct tp_range {
    size_t begin, end;
};

/* All shards of a batch, and the ranks that divide them among themselves. */
struct tp_shards {
    size_t count;       /* 0 or 1: a gradient is one chain */
    size_t rank, ranks; /* this process and their number; 0 or 1: alone */
};

/* The sum of shards [begin, begin + span), some of which may be beyond the last one. */
struct tp_node {
    size_t begin, span;
};

#define TP_SHARDS_MAX 1024
#define TP_NODES_MAX  20 /* of a rank: two for each level of the tree */

/* The shards that a rank computes, at least one. */
struct tp_range tp_shards_of_rank(const struct tp_shards *shards, size_t rank);

/* Rows [begin, end) of a batch of `rows` that belong to these shards. */
struct tp_range tp_shards_rows(const struct tp_shards *shards, struct tp_range of, size_t rows);

/* The rows that a rank computes; without shards, all. */
struct tp_range tp_shards_rows_of_rank(const struct tp_shards *shards, size_t rank, size_t rows);

/* The largest number of rows that a rank can have of a batch of at most `rows`. */
size_t tp_shards_rows_max(const struct tp_shards *shards, size_t rows);

/*
 * The largest sums that a rank can form from its shards of a batch of `rows`, in ascending order, without those that
 * have no rows. Returns their number, at most TP_NODES_MAX.
 */
size_t tp_shards_nodes(const struct tp_shards *shards, size_t rank, size_t rows, struct tp_node *nodes);

/* The whole tree. */
struct tp_node tp_shards_root(const struct tp_shards *shards);

/* sum[i] += more[i]; they do not overlap. */
void tp_shards_add(float *sum, const float *more, size_t count);

/* Whether any shard of a node has rows. */
bool tp_shards_has_rows(const struct tp_shards *shards, struct tp_node node, size_t rows);
