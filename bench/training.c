#include "training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "timing.h"
#include "train/trainer.h"

#define STEPS_MAX 128  /* of which the times are kept */
#define RUN_FLOPS 4e9  /* of the steps of one run */
#define EVALUATED 2048 /* samples, at most: several blocks for each of some threads */

tileprop_status bench_samples(size_t features, size_t classes, size_t count, struct tp_dataset *dataset,
                              struct tp_error *error)
{
    uint8_t *samples = malloc(features * count);
    uint16_t *labels = malloc(count * sizeof *labels);
    *dataset = (struct tp_dataset){.type = TILEPROP_U8,
                                   .samples = samples,
                                   .labels = labels,
                                   .count = count,
                                   .features = features,
                                   .classes = classes};
    if (!samples || !labels) {
        tp_dataset_free(dataset);
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: %zu samples", count);
    }
    for (size_t i = 0; i < features * count; i++)
        samples[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (size_t i = 0; i < count; i++)
        labels[i] = (uint16_t)(i % classes);
    return TILEPROP_OK;
}

size_t bench_training_steps(const struct bench_training *training)
{
    double flops = 0;
    for (size_t l = 0; l + 1 < training->layer_count; l++)
        flops +=
            6.0 * (double)training->batch * (double)training->layers[l] * (double)training->layers[l + 1];
    return (size_t)fmin(STEPS_MAX, fmax(2, RUN_FLOPS / flops));
}

/* When what happened in a run. */
struct events {
    double last, steps[STEPS_MAX], evaluation;
    size_t count;
    tileprop_run run;
};

static void saw_start(void *context, const tileprop_run *run)
{
    struct events *events = context;
    events->run = *run;
}

static int saw(void *context, const tileprop_progress *progress)
{
    struct events *events = context;
    const double now = tp_clock_seconds();
    if (progress->evaluated)
        events->evaluation = now - events->last;
    else if (progress->step > 0 && events->count < STEPS_MAX)
        events->steps[events->count++] = now - events->last;
    events->last = now;
    return 0;
}

tileprop_status bench_train(const struct bench_training *training, size_t steps,
                            const struct tp_dataset *samples, struct bench_training_times *times,
                            struct tp_error *error)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden_count = training->layer_count - 2;
    memcpy(options.hidden, training->layers + 1, options.hidden_count * sizeof options.hidden[0]);
    options.activation = training->activation;
    options.optimizer = training->optimizer;
    options.batch = training->batch;
    options.epochs = 1;
    options.evals_per_epoch = 1;
    options.threads_exact = training->threads;
    options.isa = training->tier->name;
    struct tp_dataset part = *samples;
    part.count = (steps + 1) * training->batch;
    struct tp_dataset evaluated = part;
    evaluated.count = part.count < EVALUATED ? part.count : EVALUATED;
    struct events events = {0};
    options.progress = saw;
    options.context = &events;
    const tileprop_run_options wishes = {.size = sizeof wishes, .context = &events, .started = saw_start};
    const struct tp_training work = {
        .options = &options, .run = &wishes, .train = &part, .validation = &evaluated};
    tileprop_result result;
    const tileprop_status status = tp_train(&work, &result, error);
    if (status)
        return status;
    *times = (struct bench_training_times){.step = bench_median(events.steps, events.count),
                                           .evaluation = events.evaluation / (double)evaluated.count,
                                           .step_flops = events.run.flops_per_step,
                                           .evaluation_flops = 2.0 * (double)events.run.parameters,
                                           .hash = result.weights_hash};
    return TILEPROP_OK;
}
