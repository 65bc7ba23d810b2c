#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../src/clock.h"
#include "../src/peak.h"
#include "../src/team.h"

#define ROUNDS        9
#define ROUND_SECONDS 2e-3
#define THREADS_MOST  256

/* The value behind "name  : " in a line of /proc/cpuinfo, cut at 63 bytes. */
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
    const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    for (int i = 0; i < 3; i++) {
        const long size = sysconf(names[i]);
        machine.cache[i] = size > 0 ? (size_t)size : 0;
    }
    return machine;
}

struct copying {
    const struct tp_tier *tier;
    size_t count; /* floats of one operand */
    double rate[THREADS_MOST];
};

/* Each member's best round: what the machine can do. */
static void copy(void *context, size_t member, size_t members)
{
    struct copying *c = context;
    (void)members;
    float *x = aligned_alloc(64, c->count * sizeof *x), *y = aligned_alloc(64, c->count * sizeof *y);
    c->rate[member] = 0;
    if (x && y) {
        memset(x, 0, c->count * sizeof *x);
        memset(y, 0, c->count * sizeof *y);
    }
    tp_team_barrier();
    for (int round = 0; x && y && round < ROUNDS; round++) {
        const double began = tp_clock_seconds();
        double seconds = 0;
        size_t times = 0;
        for (; seconds < ROUND_SECONDS || !times; times++) {
            c->tier->relu(c->count, x, y);
            seconds = tp_clock_seconds() - began;
        }
        const double rate = 8 * (double)c->count * (double)times / seconds;
        c->rate[member] = rate > c->rate[member] ? rate : c->rate[member];
    }
    free(x);
    free(y);
}

double bench_bandwidth(const struct tp_tier *tier, size_t threads, size_t bytes)
{
    struct copying c = {.tier = tier, .count = bytes / 8 / TP_PANEL * TP_PANEL};
    double sum = 0;
    if (threads > THREADS_MOST || tp_team_run(threads, copy, &c) != threads)
        return 0;
    for (size_t m = 0; m < threads; m++)
        sum += c.rate[m];
    return sum;
}

double bench_peak(const struct tp_tier *tier, size_t threads)
{
    struct tp_peak peak;
    return tp_peak_measure(tier, threads, &peak, NULL) == TP_OK && peak.proved ? 1e9 * peak.gflops : 0;
}
