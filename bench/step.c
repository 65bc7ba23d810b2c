/*
 * Whole training steps and evaluations of the real trainer on real data, as a share of the FMA peak, and
 * against the same step in plain loops.
 *
 * Shared machines change their speed from one millisecond to the next. So everything is measured in turn,
 * round by round; within a round a figure is the median over single steps, evaluations or bursts of FMAs as
 * long as a small step; and a share or a factor is the median over the rounds of the ratio within a round.
 *
 *   step [TIER [IDX-DIRECTORY]]        TIER as for --isa, auto without it
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/clock.h"
#include "../src/cpus.h"
#include "../src/peak.h"
#include "../src/team.h"
#include "../src/trainer.h"
#include "plain.h"

#define ROUNDS  15
#define THREADS 2       /* most threads measured */
#define EVENTS  1024    /* steps, evaluations or bursts of one round, at most */
#define BURSTS  400     /* of FMAs, in each thread */
#define BURST   8000000 /* operations of one burst: 40 us at 200 GFLOP/s */

struct workload {
    const char *name;
    size_t hidden[2], hidden_count, batch;
    size_t samples;     /* of the training set, for one round */
    size_t evaluations; /* of the validation set, for one round */
    size_t plain_steps; /* for one round */
};

static const struct tp_tier *tier;

static const struct workload workloads[] = {
    {"784-64-10, batch 32", {64}, 1, 32, 20000, 5, 20},
    {"784-1024-1024-10, batch 512", {1024, 1024}, 2, 512, 5632, 1, 1},
};

/* One workload's figures, by round. Seconds of one step, of one image's evaluation, operations per second. */
struct figures {
    double step[THREADS][ROUNDS], evaluation[THREADS][ROUNDS], peak[THREADS][ROUNDS];
    double naive[ROUNDS], openblas[ROUNDS];
    double step_flops, evaluation_flops;
    bool proved; /* the bursts do fill the FMA units */
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[EVENTS];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted[count / 2];
}

/* above[i] / below[i], the rounds' median and their largest. */
struct ratio {
    double median, best;
};

static struct ratio ratio(const double *above, const double *below)
{
    double ratios[ROUNDS], best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        ratios[i] = above[i] / below[i];
        best = ratios[i] > best ? ratios[i] : best;
    }
    return (struct ratio){median(ratios, ROUNDS), best};
}

static double time_plain(struct plain *p, size_t steps)
{
    static unsigned char labels[1024];
    double each[EVENTS];
    for (size_t i = 0; i < steps; i++) {
        double began = tp_clock_seconds();
        plain_step(p, labels);
        each[i] = tp_clock_seconds() - began;
    }
    return median(each, steps);
}

/* When what happened in a run, as the observer saw it. */
struct events {
    double last;
    double step[EVENTS], evaluation[EVENTS];
    size_t steps, evaluations;
};

static void saw_start(void *context, const struct tp_run *run)
{
    struct events *e = context;
    (void)run;
    e->last = 0;
}

/* The first step has no beginning that could be seen. */
static void saw_step(void *context, size_t step, size_t epoch, double loss)
{
    struct events *e = context;
    double now = tp_clock_seconds();
    (void)step, (void)epoch, (void)loss;
    if (e->last > 0 && e->steps < EVENTS)
        e->step[e->steps++] = now - e->last;
    e->last = now;
}

static void saw_evaluation(void *context, const struct tp_evaluation *evaluation)
{
    struct events *e = context;
    double now = tp_clock_seconds();
    (void)evaluation;
    if (e->evaluations < EVENTS)
        e->evaluation[e->evaluations++] = now - e->last;
    e->last = now;
}

static int measure_ours(const struct workload *w, const struct tp_dataset *train,
                        const struct tp_dataset *validation, size_t threads, struct figures *f, int round)
{
    struct tp_train_options options = tp_train_options_default();
    options.hidden_count = w->hidden_count;
    for (size_t i = 0; i < w->hidden_count; i++)
        options.hidden[i] = w->hidden[i];
    options.batch = w->batch;
    options.epochs = 1;
    options.evals_per_epoch = w->evaluations;
    options.threads_exact = threads;
    options.isa = tier->name;
    static struct events events;
    events.steps = events.evaluations = 0;
    struct tp_observer observer = {&events, saw_start, saw_step, saw_evaluation, NULL};
    struct tp_result result;
    struct tp_error error;
    if (tp_train(&options, train, validation, NULL, &observer, &result, &error)) {
        fprintf(stderr, "step: %s\n", error.text);
        return -1;
    }
    if (!events.steps || !events.evaluations) {
        fprintf(stderr, "step: too few samples for %s\n", w->name);
        return -1;
    }
    f->step[threads - 1][round] = median(events.step, events.steps);
    f->evaluation[threads - 1][round] =
        median(events.evaluation, events.evaluations) / (double)validation->count;
    f->step_flops = result.run.flops_per_step;
    f->evaluation_flops = 2.0 * (double)result.run.parameters;
    return 0;
}

/* Rates of each member's bursts, operations per second. */
struct bursts {
    double rate[THREADS];
};

static void burst(void *context, size_t member, size_t members)
{
    struct bursts *b = context;
    size_t iterations = (size_t)(BURST / tier->peak_flops);
    double each[BURSTS];
    volatile float sink = 0;
    (void)members;
    tp_team_barrier();
    for (int i = 0; i < BURSTS; i++) {
        double began = tp_clock_seconds();
        sink = sink + tier->peak(iterations);
        each[i] = tp_clock_seconds() - began;
    }
    b->rate[member] = (double)iterations * tier->peak_flops / median(each, BURSTS);
}

/* Sum of the members' rates, in operations per second. */
static double measure_bursts(size_t threads)
{
    struct bursts b = {.rate = {0}};
    double sum = 0;
    tp_team_run(threads, burst, &b);
    for (size_t m = 0; m < threads; m++)
        sum += b.rate[m];
    return sum;
}

static int measure(const struct workload *w, const struct tp_dataset *train,
                   const struct tp_dataset *validation, size_t threads, struct figures *f)
{
    size_t width[PLAIN_LAYERS + 1] = {train->features + 1}, layers = w->hidden_count + 1;
    for (size_t l = 0; l < w->hidden_count; l++)
        width[l + 1] = w->hidden[l];
    width[layers] = train->classes;
    struct plain naive, openblas = {0};
    int status = plain_create(&naive, naive_gemm, width, layers, w->batch);
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++) {
        if (strcmp(peer->name, "OpenBLAS") == 0) {
            peer->use_threads(1);
            status |= plain_create(&openblas, peer->gemm, width, layers, w->batch);
        }
    }
    if (status)
        fprintf(stderr, "step: out of memory\n");
    struct tp_peak peak;
    struct tp_error error;
    if (tp_peak_measure(tier, 1, &peak, &error))
        status = -1;
    *f = (struct figures){.proved = peak.proved};
    for (int round = 0; round < ROUNDS && !status; round++) {
        for (size_t t = 1; t <= threads && !status; t++) {
            f->peak[t - 1][round] = measure_bursts(t) / 2;
            status = measure_ours(w, train, validation, t, f, round);
            f->peak[t - 1][round] += measure_bursts(t) / 2;
        }
        f->naive[round] = time_plain(&naive, w->plain_steps);
        if (openblas.gemm)
            f->openblas[round] = time_plain(&openblas, w->plain_steps);
    }
    plain_destroy(&naive);
    if (openblas.gemm)
        plain_destroy(&openblas);
    return status;
}

/* Returns whether the peak is one: proved, and above what it is the peak of. */
static bool print_rate(const char *what, double flops, const double *each, const double *peak, bool proved)
{
    double rate[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        rate[i] = flops / each[i];
    struct ratio share = ratio(rate, peak);
    printf("    %-11s%10.2f us  %6.1f GFLOP/s", what, 1e6 * median(each, ROUNDS),
           1e-9 * median(rate, ROUNDS));
    if (proved && share.median <= 1)
        printf("  %5.1f %% of peak (best round %.1f)", 100 * share.median, 100 * share.best);
    else
        printf("  no share: the peak is not proved");
    return proved && share.median <= 1;
}

static bool print(const struct workload *w, const struct figures *f, size_t threads)
{
    bool sound = true;
    printf("%s: %.2f MFLOP a step, %.1f KFLOP an evaluated image\n", w->name, 1e-6 * f->step_flops,
           1e-3 * f->evaluation_flops);
    for (size_t t = 0; t < threads; t++) {
        printf("  %zu thread%s, peak %.1f GFLOP/s\n", t + 1, t ? "s" : "", 1e-9 * median(f->peak[t], ROUNDS));
        sound &= print_rate("step", f->step_flops, f->step[t], f->peak[t], f->proved);
        printf("  %.2f x 1 thread  %.1f x naive", ratio(f->step[0], f->step[t]).median,
               ratio(f->naive, f->step[t]).median);
        if (f->openblas[0] > 0)
            printf("  %.2f x OpenBLAS", ratio(f->openblas, f->step[t]).median);
        printf("\n");
        sound &= print_rate("evaluation", f->evaluation_flops, f->evaluation[t], f->peak[t], f->proved);
        printf("\n");
    }
    return sound;
}

int main(int argc, char **argv)
{
    const char *directory = argc > 2 ? argv[2] : "data/mnist";
    const char *isa = argc > 1 ? argv[1] : "auto";
    tier = tp_tier_find(isa);
    if (!tier || !tier->peak) {
        fprintf(stderr, "step: no tier \"%s\" with a peak here\n", isa);
        return 2;
    }
    struct tp_dataset train, validation;
    struct tp_error error;
    if (tp_dataset_load_idx(directory, "train", &train, &error) ||
        tp_dataset_load_idx(directory, "t10k", &validation, &error)) {
        fprintf(stderr, "step: %s\n", error.text);
        return 3;
    }
    bool sound = true;
    size_t threads = tp_cpus_available() < THREADS ? 1 : THREADS;
    printf("tier %s, %d rounds, medians\n", tier->name, ROUNDS);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        static struct figures figures;
        struct tp_dataset part = train;
        part.count = workloads[i].samples < train.count ? workloads[i].samples : train.count;
        if (measure(&workloads[i], &part, &validation, threads, &figures))
            return 1;
        sound &= print(&workloads[i], &figures, threads);
    }
    tp_dataset_free(&train);
    tp_dataset_free(&validation);
    return sound ? 0 : 1;
}
