#include "barrier.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "system/team.h"
#include "timing.h"

#define ROUNDS 31
#define BURST  1e-3 /* seconds of barriers in a row, of either kind */

extern void GOMP_barrier(void); /* what gcc makes of `#pragma omp barrier`; libomp has it too */

struct rounds {
    void (*barrier[2])(void); /* ours, libgomp's */
    double seconds[2][ROUNDS];
    size_t times[2];
};

/* Members go on alike: only the leader's clock counts, and barriers separate the bursts. */
static void work(void *context, size_t member, size_t members)
{
    struct rounds *rounds = context;
    (void)members;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < 2; i++) {
            const size_t kind = round % 2 ? 1 - i : i;
            const size_t times = round ? rounds->times[kind] : 16;
            rounds->barrier[kind](); /* of the other kind's sleepers some still wake up */
            const double began = tp_clock_seconds();
            for (size_t t = 0; t < times; t++)
                rounds->barrier[kind]();
            if (member == 0)
                rounds->seconds[kind][round] = (tp_clock_seconds() - began) / (double)times;
            tp_team_barrier();
            if (member == 0 && round == 0)
                rounds->times[kind] = 1 + (size_t)(BURST / rounds->seconds[kind][0]);
            tp_team_barrier();
        }
    }
}

tileprop_status bench_barriers(const size_t *threads, size_t count, struct tp_error *error)
{
    printf("barriers in us, medians of %d rounds\n%7s %9s %9s %6s\n", ROUNDS - 1, "threads", "ours",
           "libgomp", "ratio");
    for (size_t i = 0; i < count; i++) {
        struct rounds rounds = {.barrier = {tp_team_barrier, GOMP_barrier}};
        const tileprop_status status = tp_team_run(threads[i], work, &rounds, error);
        if (status != TILEPROP_OK)
            return status;
        printf("%7zu %9.3f %9.3f %6.2f\n", threads[i], 1e6 * bench_median(rounds.seconds[0] + 1, ROUNDS - 1),
               1e6 * bench_median(rounds.seconds[1] + 1, ROUNDS - 1),
               bench_ratio(rounds.seconds[0] + 1, rounds.seconds[1] + 1, ROUNDS - 1));
        fflush(stdout);
    }
    return TILEPROP_OK;
}
