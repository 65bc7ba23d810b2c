#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "call.h"
#include "cli/program.h"
#include "timing.h"
#include "training.h"

#define BURST      2e-3 /* seconds of a kernel in one round */
#define STEPS      128  /* of one round; the median of them is the round's figure */
#define ROUNDS_MAX 1000

static const struct bench_workload workloads[] = {
    {.name = "forward-32x64x785",
     .call = {.kind = BENCH_FORWARD, .m = 32, .n = 64, .k = 785, .activation = TILEPROP_LECUN_TANH}},
    {.name = "forward-32x64x64",
     .call = {.kind = BENCH_FORWARD, .m = 32, .n = 64, .k = 64, .activation = TILEPROP_LECUN_TANH}},
    {.name = "forward-32x10x64", .call = {.kind = BENCH_FORWARD, .m = 32, .n = 10, .k = 64}},
    {.name = "forward-256x512x512",
     .call = {.kind = BENCH_FORWARD, .m = 256, .n = 512, .k = 512, .activation = TILEPROP_RELU}},
    {.name = "backward-32x64x64",
     .call = {.kind = BENCH_BACKWARD, .m = 32, .n = 64, .k = 64, .activation = TILEPROP_LECUN_TANH}},
    {.name = "backward-256x512x512",
     .call = {.kind = BENCH_BACKWARD, .m = 256, .n = 512, .k = 512, .activation = TILEPROP_RELU}},
    {.name = "update-785x64x32",
     .call = {.kind = BENCH_UPDATE, .m = 785, .n = 64, .k = 32, .optimizer = TILEPROP_MOMENTUM}},
    {.name = "update-512x512x256",
     .call = {.kind = BENCH_UPDATE, .m = 512, .n = 512, .k = 256, .optimizer = TILEPROP_ADAM}},
    {.name = "pack_u8-32x784", .call = {.kind = BENCH_PACK_U8, .m = 32, .n = 784, .k = 1}},
    {.name = "loss-32x10", .call = {.kind = BENCH_LOSS, .m = 32, .n = 10, .k = 1}},
    {.name = "sigmoid-32x64",
     .call = {.kind = BENCH_MAP, .m = 32, .n = 64, .k = 1, .activation = TILEPROP_SIGMOID}},
    {.name = "lecun_tanh-32x64",
     .call = {.kind = BENCH_MAP, .m = 32, .n = 64, .k = 1, .activation = TILEPROP_LECUN_TANH}},
    {.name = "step-784-64-10", .hidden = {64}, .hidden_count = 1},
    {.name = "step-784-64-64-10", .hidden = {64, 64}, .hidden_count = 2},
};

#define WORKLOADS (sizeof workloads / sizeof workloads[0])

static void run_call(void *context, size_t times)
{
    bench_run_team(context, 1, times);
}

const struct bench_workload *bench_workload_list(size_t *count)
{
    *count = WORKLOADS;
    return workloads;
}

tileprop_status bench_workload_samples(struct tp_dataset *samples, struct tp_error *error)
{
    return bench_samples(BENCH_STEP_FEATURES, BENCH_STEP_CLASSES, (STEPS + 1) * BENCH_STEP_BATCH, samples,
                         error);
}

tileprop_status bench_workload_steps(const struct bench_workload *w, const struct tp_tier *tier,
                                     const struct tp_dataset *samples, double *seconds, double *flops,
                                     struct tp_error *error)
{
    struct bench_training training = {.tier = tier,
                                      .layers = {BENCH_STEP_FEATURES},
                                      .layer_count = w->hidden_count + 2,
                                      .batch = BENCH_STEP_BATCH,
                                      .threads = 1,
                                      .activation = TILEPROP_LECUN_TANH,
                                      .optimizer = TILEPROP_MOMENTUM};
    memcpy(training.layers + 1, w->hidden, w->hidden_count * sizeof w->hidden[0]);
    training.layers[w->hidden_count + 1] = BENCH_STEP_CLASSES;
    struct bench_training_times times = {0};
    const tileprop_status status = bench_train(&training, STEPS, samples, &times, error);
    *seconds = times.step;
    *flops = times.step_flops;
    return status;
}

json_t *bench_json_seconds(const double *seconds, size_t rounds)
{
    json_t *array = json_array();
    for (size_t i = 0; i < rounds; i++)
        tp_json_text_append(&array, tp_json_text_real(seconds[i]));
    return array;
}

bool bench_workload_is_asked(const struct bench_workload *w, const char *name)
{
    return strcmp(name, "all") == 0 || strcmp(name, w->name) == 0;
}

/* A slow moment of the machine must not hit all rounds of one workload: a round is one burst of each. */
static tileprop_status time_all(const char *name, size_t rounds, const struct tp_tier *tier,
                                double (*seconds)[ROUNDS_MAX], struct tp_error *error)
{
    static struct bench_operands operands[WORKLOADS];
    struct bench_contender contenders[WORKLOADS];
    struct tp_dataset samples;
    size_t calls = 0;
    double flops;
    tileprop_status status = bench_workload_samples(&samples, error);
    for (size_t i = 0; i < WORKLOADS && !status; i++) {
        if (!bench_workload_is_asked(&workloads[i], name) || workloads[i].hidden_count)
            continue;
        status = bench_create(&operands[i], &workloads[i].call, tier, error);
        contenders[calls++] =
            (struct bench_contender){.run = run_call, .context = &operands[i], .seconds = seconds[i]};
    }
    if (!status)
        bench_compete(contenders, calls, rounds, BURST);
    for (size_t i = 0; i < WORKLOADS; i++)
        bench_destroy(&operands[i]);
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < WORKLOADS && !status; i++)
            if (bench_workload_is_asked(&workloads[i], name) && workloads[i].hidden_count)
                status =
                    bench_workload_steps(&workloads[i], tier, &samples, &seconds[i][round], &flops, error);
    tp_dataset_free(&samples);
    return status;
}

tileprop_status bench_workloads(const char *name, size_t rounds, const struct tp_tier *tier,
                                struct tp_error *error)
{
    static double seconds[WORKLOADS][ROUNDS_MAX];
    bool known = false;
    for (size_t i = 0; i < WORKLOADS; i++)
        known |= bench_workload_is_asked(&workloads[i], name);
    if (!known)
        return tp_fail(error, TILEPROP_USAGE,
                       "--workload: expected all or a name such as %s, found \"%.40s\"", workloads[0].name,
                       name);
    tileprop_status status = time_all(name, rounds, tier, seconds, error);
    if (status)
        return status;
    json_t *found = json_object();
    for (size_t i = 0; i < WORKLOADS; i++)
        if (bench_workload_is_asked(&workloads[i], name))
            tp_json_text_set(&found, workloads[i].name, bench_json_seconds(seconds[i], rounds));
    return tp_program_json(json_pack("{s:o}", "workloads", found), error);
}
