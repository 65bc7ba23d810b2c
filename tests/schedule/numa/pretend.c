/*
 * Preloaded library that simulates a machine with two memory nodes, with threads on them in turn. Environment:
 * PRETEND_FREE, free bytes of each node; PRETEND_GRANTED, the number of policies set before one is refused;
 * PRETEND_LOG, a file to which each call of mbind adds a line.
 */
#include <errno.h>
#include <numaif.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

int numa_available(void);
int numa_max_node(void);
long long numa_node_size64(int node, long long *unused);
int getcpu(unsigned *cpu, unsigned *node);

int numa_available(void)
{
    return 0;
}

int numa_max_node(void)
{
    return 1;
}

long long numa_node_size64(int node, long long *unused)
{
    const char *told = getenv("PRETEND_FREE");
    *unused = told ? atoll(told) : 0;
    return node < 2 ? 1LL << 40 : -1;
}

int getcpu(unsigned *cpu, unsigned *node)
{
    static atomic_uint threads;
    static _Thread_local unsigned own;
    if (own == 0)
        own = atomic_fetch_add(&threads, 1) + 1;
    *cpu = own - 1;
    *node = *cpu % 2;
    return 0;
}

long mbind(void *start, unsigned long bytes, int policy, const unsigned long *nodes, unsigned long most, unsigned flags)
{
    static atomic_int calls;
    static const char *const names[] = {[MPOL_DEFAULT] = "default",
                                        [MPOL_PREFERRED] = "prefer",
                                        [MPOL_BIND] = "bind",
                                        [MPOL_INTERLEAVE] = "interleave"};
    static const char *const masks[] = {"none", "0", "1", "0,1"};
    const char *log = getenv("PRETEND_LOG"), *granted = getenv("PRETEND_GRANTED");
    const bool refused = granted && policy != MPOL_DEFAULT && atomic_fetch_add(&calls, 1) >= atoi(granted);
    FILE *file = log ? fopen(log, "ae") : NULL;
    (void)start, (void)most, (void)flags;
    if (file) {
        fprintf(file, "%s %s %lu bytes%s\n", names[policy], masks[nodes[0] & 3], bytes, refused ? " refused" : "");
        fclose(file);
    }
    errno = EPERM;
    return refused ? -1 : 0;
}
