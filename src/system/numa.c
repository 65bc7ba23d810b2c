#include "system/numa.h"

#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#define NODES_MAX 1024              /* most nodes of any kernel: CONFIG_NODES_SHIFT is at most 10 */
#define PIECE     ((size_t)2 << 20) /* bytes that move together: at least a huge page */
#define WORD_BITS (8 * sizeof(unsigned long))

int tp_numa_node(void)
{
    unsigned cpu, node;
    if (numa_available() < 0 || numa_max_node() == 0 || getcpu(&cpu, &node) != 0)
        return TP_NUMA_NOWHERE;
    return (int)node;
}

size_t tp_numa_free(int node)
{
    long long unused = 0;
    return numa_node_size64(node, &unused) > 0 && unused > 0 ? (size_t)unused : 0;
}

/*
 * Calls mbind directly: libnuma's wrappers write to standard error when it fails, and end the program if they cannot
 * allocate a mask.
 */
static bool set_policy(void *start, size_t bytes, int policy, unsigned flags, const int *nodes, size_t count)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)start + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)start + bytes) & ~(page - 1);
    if (begin >= end)
        return true;
    unsigned long mask[NODES_MAX / WORD_BITS] = {0};
    for (size_t i = 0; i < count; i++)
        mask[(size_t)nodes[i] / WORD_BITS] |= 1UL << (size_t)nodes[i] % WORD_BITS;
    /* The kernel looks at one bit fewer than it is told. */
    return mbind((void *)begin, end - begin, policy, mask, NODES_MAX + 1, flags) == 0;
}

bool tp_numa_prefer(void *start, size_t bytes, int node)
{
    return set_policy(start, bytes, MPOL_PREFERRED, MPOL_MF_MOVE, &node, 1);
}

/*
 * The kernel leaves a page where it is if that is one of the nodes, so each piece is moved to its node first. The last
 * call merges the pieces into one mapping again.
 */
bool tp_numa_interleave(void *start, size_t bytes, const int *nodes, size_t count)
{
    for (size_t done = 0; done < bytes;) {
        uintptr_t at = (uintptr_t)start + done;
        size_t piece = PIECE - at % PIECE;
        if (piece > bytes - done)
            piece = bytes - done;
        if (!tp_numa_prefer((void *)at, piece, nodes[at / PIECE % count]))
            return false;
        done += piece;
    }
    return set_policy(start, bytes, MPOL_INTERLEAVE, 0, nodes, count);
}

void tp_numa_release(void *start, size_t bytes)
{
    set_policy(start, bytes, MPOL_DEFAULT, 0, NULL, 0);
}
