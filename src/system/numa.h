/*
 * Memory nodes: on which one a thread is, and on which one pages lie. The only module that knows libnuma.
 * Where a machine has one node, or the system has no such calls or forbids them, as containers do, there are
 * no nodes: nothing here says so, and nothing fails.
 */
#ifndef TP_NUMA_H
#define TP_NUMA_H

#include <stdbool.h>
#include <stddef.h>

#define TP_NUMA_NOWHERE (-1)

/* The node that the calling thread is on; TP_NUMA_NOWHERE where there are not several. */
int tp_numa_node(void);

/* Bytes of a node's memory that nobody uses; 0 where that cannot be read. */
size_t tp_numa_free(int node);

/*
 * Where the pages lie that are wholly inside [start, start + bytes): on one node as long as it has room, or
 * on `count` nodes in turn. Pages that have been touched move there. False: the system refused.
 */
bool tp_numa_prefer(void *start, size_t bytes, int node);
bool tp_numa_interleave(void *start, size_t bytes, const int *nodes, size_t count);

/* From now on nothing is asked of those pages; they stay where they are. */
void tp_numa_release(void *start, size_t bytes);

#endif
