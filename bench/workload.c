#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/clock.h"
#include "../src/json_line.h"
#include "../src/trainer.h"
#include "call.h"
#include "timing.h"

#define BURST       2e-3 /* seconds of a kernel in one round */
#define STEPS_MOST  128  /* steps of one round; the median of them is the round's figure */
#define ROUNDS_MOST 1000

static const struct bench_workload workloads[] = {
    {.name = "forward-32x64x785", .call = {BENCH_FORWARD, 32, 64, 785, TP_LECUN_TANH, TP_SGD, false}},
    {.name = "forward-32x64x64", .call = {BENCH_FORWARD, 32, 64, 64, TP_LECUN_TANH, TP_SGD, false}},
    {.name = "forward-32x10x64", .call = {BENCH_FORWARD, 32, 10, 64, TP_LINEAR, TP_SGD, false}},
    {.name = "forward-256x512x512", .call = {BENCH_FORWARD, 256, 512, 512, TP_RELU, TP_SGD, false}},
    {.name = "backward-32x64x64", .call = {BENCH_BACKWARD, 32, 64, 64, TP_LECUN_TANH, TP_SGD, false}},
    {.name = "backward-256x512x512", .call = {BENCH_BACKWARD, 256, 512, 512, TP_RELU, TP_SGD, false}},
    {.name = "update-785x64x32", .call = {BENCH_UPDATE, 785, 64, 32, TP_LINEAR, TP_MOMENTUM, false}},
    {.name = "update-512x512x256", .call = {BENCH_UPDATE, 512, 512, 256, TP_LINEAR, TP_ADAM, false}},
    {.name = "pack_u8-32x784", .call = {BENCH_PACK_U8, 32, 784, 1, TP_LINEAR, TP_SGD, false}},
    {.name = "loss-32x10", .call = {BENCH_LOSS, 32, 10, 1, TP_LINEAR, TP_SGD, false}},
    {.name = "sigmoid-32x64", .call = {BENCH_MAP, 32, 64, 1, TP_SIGMOID, TP_SGD, false}},
    {.name = "lecun_tanh-32x64", .call = {BENCH_MAP, 32, 64, 1, TP_LECUN_TANH, TP_SGD, false}},
    {.name = "step-784-64-10", .hidden = {64}, .hidden_count = 1},
    {.name = "step-784-64-64-10", .hidden = {64, 64}, .hidden_count = 2},
};

#define WORKLOADS (sizeof workloads / sizeof workloads[0])

static void run_call(void *context, size_t times)
{
    bench_run_team(context, 1, times);
}

struct steps {
    double last, seconds[STEPS_MOST];
    size_t count;
};

/* The first step has no beginning that could be seen. */
static void saw_step(void *context, size_t step, size_t epoch, double loss)
{
    struct steps *steps = context;
    const double now = tp_clock_seconds();
    (void)epoch, (void)loss;
    if (step > 0 && steps->count < STEPS_MOST)
        steps->seconds[steps->count++] = now - steps->last;
    steps->last = now;
}

const struct bench_workload *bench_workload_list(size_t *count)
{
    *count = WORKLOADS;
    return workloads;
}

struct tp_dataset bench_workload_samples(void)
{
    static uint8_t samples[(STEPS_MOST + 1) * BENCH_STEP_BATCH][BENCH_STEP_FEATURES];
    static uint16_t labels[(STEPS_MOST + 1) * BENCH_STEP_BATCH];
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        labels[i] = (uint16_t)(i % BENCH_STEP_CLASSES);
        for (size_t f = 0; f < BENCH_STEP_FEATURES; f++)
            samples[i][f] = (uint8_t)((uint32_t)(i * BENCH_STEP_FEATURES + f) * 2654435761u >> 24);
    }
    return (struct tp_dataset){.type = TP_SAMPLE_U8,
                               .samples = samples,
                               .labels = labels,
                               .count = sizeof labels / sizeof labels[0],
                               .features = BENCH_STEP_FEATURES,
                               .classes = BENCH_STEP_CLASSES};
}

enum tp_status bench_workload_steps(const struct bench_workload *w, const struct tp_tier *tier,
                                    const struct tp_dataset *train, double *seconds, double *flops,
                                    struct tp_error *error)
{
    struct tp_dataset validation = *train;
    validation.count = BENCH_STEP_BATCH;
    struct tp_train_options options = tp_train_options_default();
    memcpy(options.hidden, w->hidden, sizeof w->hidden);
    options.hidden_count = w->hidden_count;
    options.batch = BENCH_STEP_BATCH;
    options.epochs = 1;
    options.evals_per_epoch = 1;
    options.threads_exact = 1;
    options.isa = tier->name;
    struct steps steps = {0};
    const struct tp_observer observer = {.context = &steps, .step = saw_step};
    struct tp_result result;
    enum tp_status status = tp_train(&options, train, &validation, NULL, &observer, &result, error);
    *seconds = status ? 0 : bench_median(steps.seconds, steps.count);
    *flops = status ? 0 : result.run.flops_per_step;
    return status;
}

json_t *bench_json_seconds(const double *seconds, size_t rounds)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < rounds; i++) {
        if (json_array_append_new(array, tp_json_number(seconds[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

bool bench_workload_is_asked(const struct bench_workload *w, const char *name)
{
    return strcmp(name, "all") == 0 || strcmp(name, w->name) == 0;
}

/* A slow moment of the machine must not hit all rounds of one workload: a round is one burst of each. */
static enum tp_status time_all(const char *name, size_t rounds, const struct tp_tier *tier,
                               double (*seconds)[ROUNDS_MOST], struct tp_error *error)
{
    static struct bench_operands operands[WORKLOADS];
    struct bench_contender contenders[WORKLOADS];
    const struct tp_dataset train = bench_workload_samples();
    size_t calls = 0;
    double flops;
    enum tp_status status = TP_OK;
    for (size_t i = 0; i < WORKLOADS && !status; i++) {
        if (!bench_workload_is_asked(&workloads[i], name) || workloads[i].hidden_count)
            continue;
        status = bench_create(&operands[i], &workloads[i].call, tier, error);
        contenders[calls++] = (struct bench_contender){run_call, &operands[i], 0, seconds[i]};
    }
    if (!status)
        bench_compete(contenders, calls, rounds, BURST);
    for (size_t i = 0; i < WORKLOADS; i++)
        bench_destroy(&operands[i]);
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < WORKLOADS && !status; i++)
            if (bench_workload_is_asked(&workloads[i], name) && workloads[i].hidden_count)
                status = bench_workload_steps(&workloads[i], tier, &train, &seconds[i][round], &flops, error);
    return status;
}

enum tp_status bench_workloads(const char *name, size_t rounds, const struct tp_tier *tier,
                               struct tp_error *error)
{
    static double seconds[WORKLOADS][ROUNDS_MOST];
    struct tp_json_member members[WORKLOADS];
    size_t count = 0;
    bool known = false;
    for (size_t i = 0; i < WORKLOADS; i++)
        known |= bench_workload_is_asked(&workloads[i], name);
    if (!known)
        return tp_fail(error, TP_USAGE, "--workload: expected all or a name such as %s, found \"%.40s\"",
                       workloads[0].name, name);
    enum tp_status status = time_all(name, rounds, tier, seconds, error);
    if (status)
        return status;
    for (size_t i = 0; i < WORKLOADS; i++)
        if (bench_workload_is_asked(&workloads[i], name))
            members[count++] =
                (struct tp_json_member){workloads[i].name, bench_json_seconds(seconds[i], rounds)};
    const struct tp_json_member all = {"workloads", tp_json_object(members, count)};
    return tp_json_write(tp_json_object(&all, 1), error);
}
