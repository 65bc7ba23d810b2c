/*
 * NUMA nodes: which one a thread runs on, and which ones pages lie on. The only module that uses libnuma. If
 * the machine has a single node, or the system lacks or forbids these calls, as containers do, there are no
 * nodes; nothing here reports that and nothing fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TP_NUMA_NOWHERE (-1)

/* The calling thread's node; TP_NUMA_NOWHERE unless there are several. */
int tp_numa_node(void);

/* Bytes of free memory on a node; 0 if that cannot be read. */
size_t tp_numa_free(int node);

/*
 * Place the pages that lie wholly inside [start, start + bytes): on one node while it has room, or
 * interleaved across `count` nodes. Pages already touched migrate. False: the system refused.
 */
bool tp_numa_prefer(void *start, size_t bytes, int node);
bool tp_numa_interleave(void *start, size_t bytes, const int *nodes, size_t count);

/* Drops the policy of those pages; they stay where they are. */
void tp_numa_release(void *start, size_t bytes);
