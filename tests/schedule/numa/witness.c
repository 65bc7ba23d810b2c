/*
 * Linked into the program, where it wraps some functions, it prints where pages really are: the team's members when the
 * run begins, and after the last step the node of each page of the memory they own and the samples they read.
 */
#include <numaif.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "network/network.h"
#include "schedule/placement.h"

#define MEMBERS_MAX 16
#define NODES       2

void __real_tp_placement_enter(struct tp_placement *placement, size_t member, int node, const struct tp_arena *arena);
void __wrap_tp_placement_enter(struct tp_placement *placement, size_t member, int node, const struct tp_arena *arena);
tileprop_status __real_tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error);
tileprop_status __wrap_tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error);

static struct {
    unsigned cpu, node;
    const struct tp_dataset *train;
} seen[MEMBERS_MAX];
static size_t members;

void __wrap_tp_placement_enter(struct tp_placement *placement, size_t member, int node, const struct tp_arena *arena)
{
    __real_tp_placement_enter(placement, member, node, arena);
    if (member >= MEMBERS_MAX)
        return;
    getcpu(&seen[member].cpu, &seen[member].node);
    seen[member].train = tp_placement_local(placement, member, placement->sets[0]);
    members = placement->members;
}

/* Adds the pages of the block to those of their nodes. */
static void count_pages(const void *start, size_t bytes, size_t pages[NODES])
{
    const uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (uintptr_t at = (uintptr_t)start & ~(size - 1); at < (uintptr_t)start + bytes; at += size) {
        void *page = (void *)at;
        int node = -1;
        if (move_pages(0, 1, &page, NULL, &node, 0) == 0 && node >= 0 && node < NODES)
            pages[node]++;
    }
}

static size_t matrix_bytes(const struct tp_matrix *m)
{
    return tp_panel_count(m->columns) * m->stride * sizeof(float);
}

static void count_owned(const struct tp_network *network, size_t member, size_t pages[NODES])
{
    for (size_t l = 0; l < network->layer_count; l++) {
        const struct tp_layer *layer = &network->layers[l];
        if (member >= layer->slice_count)
            continue;
        const struct tp_slice *slice = &layer->slices[member];
        count_pages(slice->w.data, matrix_bytes(&slice->w), pages);
        for (int i = 0; i < network->states; i++)
            count_pages(slice->state[i], matrix_bytes(&slice->w), pages);
        if (slice->wt.data)
            count_pages(slice->wt.data, matrix_bytes(&slice->wt), pages);
    }
}

/* The kernel's line for every anonymous mapping that has pages on node 1 or a policy. */
static void write_maps(void)
{
    char *line = NULL;
    size_t capacity = 0;
    FILE *maps = fopen("/proc/self/numa_maps", "re");
    while (maps && getline(&line, &capacity, maps) >= 0) {
        if (strstr(line, "anon=") && !strstr(line, "file=") && (strstr(line, " N1=") || !strstr(line, " default ")))
            printf("numa_maps %s", line);
    }
    free(line);
    if (maps)
        fclose(maps);
}

tileprop_status __wrap_tp_network_hash(const struct tp_network *network, uint64_t *hash, struct tp_error *error)
{
    for (size_t m = 0; m < members && m < MEMBERS_MAX; m++) {
        const struct tp_dataset *train = seen[m].train;
        size_t owned[NODES] = {0}, read[NODES] = {0};
        count_owned(network, m, owned);
        count_pages(train->samples, train->count * tp_dataset_sample_size(train), read);
        printf("thread %zu cpu %u node %u owns %zu+%zu reads %zu+%zu\n", m, seen[m].cpu, seen[m].node, owned[0],
               owned[1], read[0], read[1]);
    }
    write_maps();
    return __real_tp_network_hash(network, hash, error);
}
