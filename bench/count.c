/*
 * count: runs one of a few fixed workloads once, so that its instructions can be counted.
 *
 *   count NAME         run it on the avx2 tier, one thread
 *   count --list       the names
 *   count --compiler   what this was built with, as in gcc-12.2
 *
 * Only what runs inside tp_count_measured() or tp_step_run() is meant to be counted. Nothing here depends on
 * time, on other threads or on the CPU. Exit status 77: this CPU has no avx2.
 */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "kernels/cpu.h"
#include "readers/idx.h"
#include "system/numa.h"
#include "train/trainer.h"

#define BATCH    32
#define FEATURES 784
#define CLASSES  10
#define STEPS    4

static const struct workload {
    const char *name;
    struct bench_call call;
} calls[] = {
    {"forward-32x64x785", {BENCH_FORWARD, 32, 64, 785, TILEPROP_LECUN_TANH, TILEPROP_SGD, false, false}},
    {"forward-32x10x64", {BENCH_FORWARD, 32, 10, 64, TILEPROP_LINEAR, TILEPROP_SGD, false, false}},
    {"backward-32x64x64", {BENCH_BACKWARD, 32, 64, 64, TILEPROP_LECUN_TANH, TILEPROP_SGD, false, false}},
    {"update-785x64x32", {BENCH_UPDATE, 785, 64, 32, TILEPROP_LINEAR, TILEPROP_MOMENTUM, true, false}},
    {"update-512x512x32", {BENCH_UPDATE, 512, 512, 32, TILEPROP_LINEAR, TILEPROP_ADAM, false, false}},
    {"pack_u8-32x784", {BENCH_PACK_U8, 32, 784, 1, TILEPROP_LINEAR, TILEPROP_SGD, false, false}},
    {"loss-32x10", {BENCH_LOSS, 32, 10, 1, TILEPROP_LINEAR, TILEPROP_SGD, false, false}},
    {"lecun_tanh-32x64", {BENCH_MAP, 32, 64, 1, TILEPROP_LECUN_TANH, TILEPROP_SGD, false, false}},
    {"sigmoid-32x64", {BENCH_MAP, 32, 64, 1, TILEPROP_SIGMOID, TILEPROP_SGD, false, false}},
};

#define CALLS (sizeof calls / sizeof calls[0])

/*
 * A team of one, in place of src/system/team.c's: not every compiler comes with an OpenMP that can be linked
 * statically, and instructions of other people's libraries are not to be counted.
 */
tileprop_status tp_team_run(size_t members, void (*work)(void *context, size_t member, size_t members),
                            void *context, struct tp_error *error)
{
    if (members == 1)
        work(context, 0, 1);
    (void)error;
    return TILEPROP_OK;
}

size_t tp_team_threads(size_t most)
{
    (void)most;
    return 1;
}

void tp_team_barrier(void)
{
}

void tp_team_barrier_of(size_t count)
{
    (void)count;
}

/* No memory nodes, in place of src/system/numa.c: what libnuma calls cannot be linked statically. */
int tp_numa_node(void)
{
    return TP_NUMA_NOWHERE;
}

size_t tp_numa_free(int node)
{
    (void)node;
    return 0;
}

bool tp_numa_prefer(void *start, size_t bytes, int node)
{
    (void)start, (void)bytes, (void)node;
    return false;
}

bool tp_numa_interleave(void *start, size_t bytes, const int *nodes, size_t count)
{
    (void)start, (void)bytes, (void)nodes, (void)count;
    return false;
}

void tp_numa_release(void *start, size_t bytes)
{
    (void)start, (void)bytes;
}

/* Its name is what the counter is told. */
__attribute__((noinline)) void
tp_count_measured(tileprop_status (*run)(void *context, struct tp_error *error), void *context,
                  tileprop_status *status, struct tp_error *error);

void tp_count_measured(tileprop_status (*run)(void *context, struct tp_error *error), void *context,
                       tileprop_status *status, struct tp_error *error)
{
    *status = run(context, error);
}

static tileprop_status run_call(void *context, struct tp_error *error)
{
    (void)error;
    bench_run(context, 0, 1);
    return TILEPROP_OK;
}

static tileprop_status count_call(const struct bench_call *call, const struct tp_tier *tier,
                                  struct tp_error *error)
{
    struct bench_operands operands;
    tileprop_status status = bench_create(&operands, call, tier, error);
    if (!status)
        tp_count_measured(run_call, &operands, &status, error);
    bench_destroy(&operands);
    return status;
}

/* Samples without meaning: a step takes as many instructions whatever it learns. */
static tileprop_status count_step(const struct tp_tier *tier, struct tp_error *error)
{
    static uint8_t samples[STEPS * BATCH][FEATURES];
    static uint16_t labels[STEPS * BATCH];
    for (size_t i = 0; i < STEPS * BATCH; i++) {
        labels[i] = (uint16_t)(i % CLASSES);
        for (size_t f = 0; f < FEATURES; f++)
            samples[i][f] = (uint8_t)((uint32_t)(i * FEATURES + f) * 2654435761u >> 24);
    }
    const struct tp_dataset train = {.type = TILEPROP_U8,
                                     .samples = samples,
                                     .labels = labels,
                                     .count = STEPS * BATCH,
                                     .features = FEATURES,
                                     .classes = CLASSES};
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden[0] = 64;
    options.hidden_count = 1;
    options.batch = BATCH;
    options.epochs = 1;
    options.evals_per_epoch = 1;
    options.threads_exact = 1;
    options.isa = tier->name;
    const struct tp_training training = {.options = &options, .train = &train, .validation = &train};
    tileprop_result result;
    return tp_train(&training, &result, error);
}

static tileprop_status load(void *context, struct tp_error *error)
{
    return tp_idx_load("data/mnist", "t10k", context, error);
}

static tileprop_status count_load(struct tp_error *error)
{
    struct tp_dataset dataset;
    tileprop_status status = TILEPROP_OK;
    tp_count_measured(load, &dataset, &status, error);
    if (!status)
        tp_dataset_free(&dataset);
    return status;
}

static const struct workload *find(const char *name)
{
    for (size_t i = 0; i < CALLS; i++)
        if (strcmp(calls[i].name, name) == 0)
            return &calls[i];
    return NULL;
}

static void write_compiler(void)
{
#if defined(__clang__)
    printf("clang-%d.%d\n", __clang_major__, __clang_minor__);
#else
    printf("gcc-%d.%d\n", __GNUC__, __GNUC_MINOR__);
#endif
}

static void write_names(void)
{
    for (size_t i = 0; i < CALLS; i++)
        puts(calls[i].name);
    puts("step-784-64-10\nload-mnist-t10k");
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    const struct workload *workload = find(name);
    const struct tp_tier *tier = tp_tier_find("avx2");
    struct tp_error error;
    tileprop_status status = TILEPROP_OK;
    tp_blocks_fit(TP_CACHES_ASSUMED); /* whatever CPU this is, or Valgrind says that it is */
    if (strcmp(name, "--list") == 0) {
        write_names();
    } else if (strcmp(name, "--compiler") == 0) {
        write_compiler();
    } else if (!tier) {
        fputs("count: this CPU and this build have no avx2\n", stderr);
        return 77;
    } else if (workload) {
        status = count_call(&workload->call, tier, &error);
    } else if (strcmp(name, "step-784-64-10") == 0) {
        status = count_step(tier, &error);
    } else if (strcmp(name, "load-mnist-t10k") == 0) {
        status = count_load(&error);
    } else {
        status = tp_fail(&error, TILEPROP_USAGE,
                         "expected --list, --compiler or a name of the list, found \"%.40s\"", name);
    }
    if (status)
        fprintf(stderr, "count: %s\n", error.text);
    return (int)status;
}
