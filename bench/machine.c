#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kernels/cpu.h"
#include "loops.h"
#include "system/cpus.h"
#include "system/peak.h"
#include "system/team.h"

#define ROUNDS        9
#define ROUND_SECONDS 2e-3
#define THREADS_MAX   256

/* The value after "name  : " in a line of /proc/cpuinfo, cut at 63 bytes. */
static bool read_field(const char *line, const char *name, char value[64])
{
    const size_t length = strlen(name);
    const char *colon = strchr(line, ':');
    if (strncmp(line, name, length) != 0 || !colon ||
        strspn(line + length, " \t") != (size_t)(colon - line) - length)
        return false;
    snprintf(value, 64, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    return true;
}

struct bench_machine bench_machine_here(void)
{
    struct bench_machine machine = {.name = "unknown"};
    char vendor[64] = "unknown", family[64] = "0", model[64] = "0", stepping[64] = "0";
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[1024];
    while (file && fgets(line, sizeof line, file) && *line != '\n') {
        if (!read_field(line, "vendor_id", vendor) && !read_field(line, "cpu family", family) &&
            !read_field(line, "model", model) && !read_field(line, "stepping", stepping))
            read_field(line, "model name", machine.name);
    }
    if (file)
        fclose(file);
    snprintf(machine.key, sizeof machine.key, "%.20s-%.10s-%.10s-%.10s", vendor, family, model, stepping);
    const struct tp_caches caches = tp_cpu_caches();
    machine.cache[0] = caches.l1, machine.cache[1] = caches.l2, machine.cache[2] = caches.l3;
    machine.cpus = tp_cpus_available();
    return machine;
}

void bench_assume_machine(void)
{
    tp_blocks_fit(TP_CACHES_ASSUMED);
}

#define PAGE 4096

/* A CPU compares addresses by their places in a page first: arrays at the same one may seem to overlap. */
#define APART (PAGE / 2)

struct copying {
    const struct tp_tier *tier;
    size_t count; /* floats of one operand */
    size_t times; /* calls of a round */
    double began[THREADS_MAX], ended[THREADS_MAX];
    bool failed[THREADS_MAX];
    double rate; /* of all threads, in the best round: what the machine can do */
};

/* Bytes per second of all threads while any of them was copying. */
static double rate_of(const struct copying *c, size_t threads)
{
    double first = c->began[0], last = c->ended[0];
    for (size_t m = 0; m < threads; m++) {
        if (c->failed[m])
            return 0;
        first = c->began[m] < first ? c->began[m] : first;
        last = c->ended[m] > last ? c->ended[m] : last;
    }
    return 2 * sizeof(float) * (double)c->count * (double)(threads * c->times) / (last - first);
}

static void copy(void *context, size_t member, size_t members)
{
    struct copying *c = context;
    const size_t bytes = (c->count * sizeof(float) + PAGE - 1) / PAGE * PAGE;
    const struct loops *loops = loops_of(c->tier);
    char *memory = aligned_alloc(PAGE, 2 * bytes + PAGE);
    c->failed[member] = !memory;
    if (memory)
        memset(memory, 0, 2 * bytes + PAGE);
    float *x = (float *)(void *)memory, *y = (float *)(void *)(memory + bytes + APART);
    /* The round before the first finds out how many calls a round has. */
    for (int round = -1; round < ROUNDS; round++) {
        size_t times = 0;
        tp_team_barrier();
        c->began[member] = tp_clock_seconds();
        while (memory && (round < 0 ? !times || tp_clock_seconds() - c->began[member] < ROUND_SECONDS
                                    : times < c->times)) {
            loops->scale(c->count, x, y);
            times++;
        }
        c->ended[member] = tp_clock_seconds();
        tp_team_barrier();
        if (member > 0)
            continue;
        const double rate = round < 0 ? 0 : rate_of(c, members);
        c->rate = rate > c->rate ? rate : c->rate;
        c->times = round < 0 ? times : c->times;
    }
    free(memory);
}

#define MEMORY_BYTES ((size_t)256 << 20) /* of all threads: far more than any L3 that they may fill */

double bench_bandwidth(const struct bench_machine *machine, size_t level, const struct tp_tier *tier,
                       size_t threads)
{
    const size_t bytes = level + 1 == BENCH_LEVELS ? MEMORY_BYTES / threads : machine->cache[level] / 2;
    struct copying c = {.tier = tier,
                        .count = bytes / (2 * sizeof(float)) / LOOPS_SCALE_BLOCK * LOOPS_SCALE_BLOCK};
    return threads <= THREADS_MAX && tp_team_run(threads, copy, &c, NULL) == TILEPROP_OK ? c.rate : 0;
}

const char *bench_level_name(size_t level)
{
    static const char *const names[BENCH_LEVELS] = {"L1", "L2", "memory"};
    return names[level];
}

/* A busy neighbour on the same core can hide a unit for so long. Some stay for minutes. */
#define PROVING_SECONDS 3

double bench_peak(const struct tp_tier *tier, size_t threads)
{
    const double until = tp_clock_seconds() + PROVING_SECONDS;
    struct tp_peak peak;
    do {
        if (tp_peak_measure(tier, threads, &peak, NULL) != TILEPROP_OK)
            return 0;
    } while (tier->peak && !peak.proved && tp_clock_seconds() < until);
    return peak.proved ? 1e9 * peak.gflops : 0;
}

#define PEAK_ITERATIONS 1000 /* of the probe in one call */

static void run_peak_member(void *context, size_t member, size_t members)
{
    const struct bench_peak_run *run = context;
    volatile float sink = 0;
    (void)member, (void)members;
    for (size_t i = 0; i < run->times; i++)
        sink = sink + run->tier->peak(PEAK_ITERATIONS);
}

tileprop_status bench_run_peak(void *context, size_t times, const struct bench_watch *watch,
                               struct tp_error *error)
{
    struct bench_peak_run *run = context;
    run->times = times;
    bench_start(watch);
    const tileprop_status status = tp_team_run(run->threads, run_peak_member, run, error);
    bench_stop(watch);
    return status;
}

double bench_run_peak_flops(const struct bench_peak_run *run)
{
    return (double)run->threads * PEAK_ITERATIONS * run->tier->blocks->peak_flops;
}
