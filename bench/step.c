/*
 * Whole training steps and evaluations of the real trainer on real data, as a share of the FMA peak that is
 * measured beside them, and against the same step in plain loops. Everything is measured in turn, round by
 * round; medians of the rounds are printed, ratios are medians of the rounds' ratios.
 *
 *   step [IDX-DIRECTORY]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../src/cpus.h"
#include "../src/peak.h"
#include "../src/trainer.h"
#include "plain.h"

#define ROUNDS  15
#define THREADS 2 /* most threads measured */

struct workload {
    const char *name;
    size_t hidden[2], hidden_count, batch;
    size_t samples;     /* of the training set, for one measurement */
    size_t plain_steps; /* for one measurement of the plain step */
};

static const struct workload workloads[] = {
    {"784-64-10, batch 32", {64}, 1, 32, 20000, 20},
    {"784-1024-1024-10, batch 512", {1024, 1024}, 2, 512, 5120, 1},
};

/* One workload's figures, by round. Seconds of one step, of one image's evaluation, operations per second. */
struct figures {
    double step[THREADS][ROUNDS], evaluation[THREADS][ROUNDS], peak[THREADS][ROUNDS];
    double naive[ROUNDS], openblas[ROUNDS];
    double step_flops, evaluation_flops;
    bool proved;
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values)
{
    double sorted[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        sorted[i] = values[i];
    qsort(sorted, ROUNDS, sizeof *sorted, compare);
    return sorted[ROUNDS / 2];
}

/* Median of above[i] / below[i]. */
static double median_ratio(const double *above, const double *below)
{
    double ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        ratios[i] = above[i] / below[i];
    return median(ratios);
}

static double time_plain(struct plain *p, size_t steps)
{
    static unsigned char labels[1024];
    double began = seconds();
    for (size_t i = 0; i < steps; i++)
        plain_step(p, labels);
    return (seconds() - began) / (double)steps;
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
    options.evals_per_epoch = 0;
    options.threads_exact = threads;
    struct tp_result result;
    struct tp_error error;
    if (tp_train(&options, train, validation, NULL, &result, &error)) {
        fprintf(stderr, "step: %s\n", error.text);
        return -1;
    }
    f->step[threads - 1][round] = result.seconds_training / (double)result.steps;
    f->evaluation[threads - 1][round] =
        result.seconds_evaluation / (double)(train->count + validation->count);
    f->step_flops = result.run.flops_per_step;
    f->evaluation_flops = 2.0 * (double)result.run.parameters;
    return 0;
}

static int measure_peak(size_t threads, struct figures *f, int round)
{
    struct tp_peak peak;
    struct tp_error error;
    if (tp_peak_measure(tp_tier_find("auto"), threads, &peak, &error)) {
        fprintf(stderr, "step: %s\n", error.text);
        return -1;
    }
    f->peak[threads - 1][round] = 1e9 * peak.gflops;
    f->proved &= peak.proved;
    return 0;
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
#if defined(TP_HAVE_OPENBLAS)
    status |= plain_create(&openblas, openblas_gemm, width, layers, w->batch);
#endif
    if (status)
        fprintf(stderr, "step: out of memory\n");
    *f = (struct figures){.proved = true};
    for (int round = 0; round < ROUNDS && !status; round++) {
        for (size_t t = 1; t <= threads && !status; t++)
            status = measure_peak(t, f, round) || measure_ours(w, train, validation, t, f, round);
        f->naive[round] = time_plain(&naive, w->plain_steps);
        if (openblas.gemm)
            f->openblas[round] = time_plain(&openblas, w->plain_steps);
    }
    plain_destroy(&naive);
    if (openblas.gemm)
        plain_destroy(&openblas);
    return status;
}

static void print_rate(const char *what, double flops, const double *each, const double *peak, bool proved)
{
    double rate[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        rate[i] = flops / each[i];
    double share = median_ratio(rate, peak);
    printf("    %-11s%10.2f us  %6.1f GFLOP/s", what, 1e6 * median(each), 1e-9 * median(rate));
    if (proved && share <= 1)
        printf("  %5.1f %% of peak", 100 * share);
    else
        printf("  no share: the peak is not proved");
}

static void print(const struct workload *w, const struct figures *f, size_t threads)
{
    printf("%s: %.2f MFLOP a step, %.1f KFLOP an evaluated image\n", w->name, 1e-6 * f->step_flops,
           1e-3 * f->evaluation_flops);
    for (size_t t = 0; t < threads; t++) {
        printf("  %zu thread%s, peak %.1f GFLOP/s\n", t + 1, t ? "s" : "", 1e-9 * median(f->peak[t]));
        print_rate("step", f->step_flops, f->step[t], f->peak[t], f->proved);
        printf("  %.2f x 1 thread  %.1f x naive", median_ratio(f->step[0], f->step[t]),
               median_ratio(f->naive, f->step[t]));
        if (f->openblas[0] > 0)
            printf("  %.2f x OpenBLAS", median_ratio(f->openblas, f->step[t]));
        printf("\n");
        print_rate("evaluation", f->evaluation_flops, f->evaluation[t], f->peak[t], f->proved);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "data/mnist";
    struct tp_dataset train, validation;
    struct tp_error error;
    if (tp_dataset_load_idx(directory, "train", &train, &error) ||
        tp_dataset_load_idx(directory, "t10k", &validation, &error)) {
        fprintf(stderr, "step: %s\n", error.text);
        return 3;
    }
    size_t threads = tp_cpus_available() < THREADS ? 1 : THREADS;
    printf("tier %s, %d rounds, medians\n", tp_tier_find("auto")->name, ROUNDS);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        static struct figures figures;
        struct tp_dataset part = train;
        part.count = workloads[i].samples < train.count ? workloads[i].samples : train.count;
        if (measure(&workloads[i], &part, &validation, threads, &figures))
            return 1;
        print(&workloads[i], &figures, threads);
    }
    tp_dataset_free(&train);
    tp_dataset_free(&validation);
    return 0;
}
