#include "training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "system/cpus.h"
#include "train/trainer.h"

#define STEPS_MAX   128 /* of one run */
#define RUN_FLOPS   4e9 /* of the steps of one run, about */
#define SETUP_STEPS 1e6 /* of a run for which a search of the best plan pays */

size_t bench_inputs(const struct bench_network *network, size_t layer)
{
    return network->sizes[layer] + (layer == 0);
}

double bench_sample_flops(const struct bench_network *network)
{
    double flops = 0;
    for (size_t l = 0; l + 1 < network->size_count; l++)
        flops += 2.0 * (double)bench_inputs(network, l) * (double)network->sizes[l + 1];
    return flops;
}

double bench_step_flops(const struct bench_network *network)
{
    /* Nothing is propagated to the inputs of the first layer. */
    const double first = 2.0 * (double)bench_inputs(network, 0) * (double)network->sizes[1];
    return (double)network->batch * (3 * bench_sample_flops(network) - first);
}

tileprop_status bench_training_create(struct bench_training *training, const struct bench_network *network,
                                      struct tp_error *error)
{
    const double steps = fmin(STEPS_MAX, fmax(1, RUN_FLOPS / bench_step_flops(network)));
    const size_t features = network->sizes[0], classes = network->sizes[network->size_count - 1];
    *training = (struct bench_training){.network = *network, .steps = (size_t)steps};
    struct tp_dataset *s = &training->samples;
    s->count = (training->steps + 1) * network->batch;
    if (s->count < BENCH_EVALUATED)
        s->count = BENCH_EVALUATED;
    uint8_t *samples = malloc(features * s->count);
    uint16_t *labels = malloc(s->count * sizeof *labels);
    s->type = TILEPROP_U8;
    s->samples = samples;
    s->labels = labels;
    s->features = features;
    s->classes = classes;
    if (!samples || !labels)
        return tp_fail_memory(error, NULL, "samples");
    for (size_t i = 0; i < features * s->count; i++)
        samples[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (size_t i = 0; i < s->count; i++)
        labels[i] = (uint16_t)(i % classes);
    return TILEPROP_OK;
}

void bench_training_destroy(struct bench_training *training)
{
    tp_dataset_free(&training->samples);
}

/* What of a run is timed. */
enum part { NOTHING, STEPS, EVALUATION, SETUP };

struct timing {
    const struct bench_watch *watch;
    enum part part;
    size_t last; /* step */
};

static void saw_start(void *context, const tileprop_run *run)
{
    const struct timing *timing = context;
    (void)run;
    if (timing->part == SETUP)
        bench_stop(timing->watch);
}

/* The run evaluates after its first step, which has no beginning that could be seen. */
static int saw_progress(void *context, const tileprop_progress *progress)
{
    const struct timing *timing = context;
    const bool is_evaluation = progress->evaluated, is_first = progress->step == 0;
    if (timing->part == EVALUATION && is_first)
        (is_evaluation ? bench_stop : bench_start)(timing->watch);
    else if (timing->part == STEPS && is_evaluation)
        bench_start(timing->watch);
    else if (timing->part == STEPS && progress->step == timing->last)
        bench_stop(timing->watch);
    return timing->part == SETUP;
}

static tileprop_status train(const struct bench_training *training, const struct tp_tier *tier, size_t steps,
                             struct timing timing, uint64_t *hash, struct tp_error *error)
{
    const struct bench_network *network = &training->network;
    const bool setup = timing.part == SETUP;
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.hidden_count = network->size_count - 2;
    memcpy(options.hidden, network->sizes + 1, options.hidden_count * sizeof options.hidden[0]);
    options.batch = network->batch;
    options.epochs = setup ? (size_t)SETUP_STEPS : 1;
    options.evals_per_epoch = 1;
    options.threads = network->threads;
    options.threads_exact = setup ? 0 : network->threads;
    options.isa = tier->name;
    struct tp_dataset part = training->samples, evaluated = part;
    part.count = (steps + 1) * network->batch;
    evaluated.count = timing.part == EVALUATION ? BENCH_EVALUATED : 1;
    timing.last = steps;
    options.progress = saw_progress;
    options.context = &timing;
    const tileprop_run_options run = {.size = sizeof run, .context = &timing, .started = saw_start};
    const struct tp_training work = {
        .options = &options, .run = &run, .train = &part, .validation = &evaluated};
    tileprop_result result = {.size = sizeof result};
    if (setup)
        bench_start(timing.watch);
    const tileprop_status status = tp_train(&work, &result, error);
    *hash = result.weights_hash;
    return status;
}

tileprop_status bench_training_verify(const struct bench_training *training, struct tp_error *error)
{
    struct bench_training reference = *training;
    const struct tp_tier *tier = training->network.tier;
    uint64_t hash = 0, expected = 0;
    reference.network.threads = tp_cpus_available();
    tileprop_status status =
        train(&reference, tp_tiers[0], 1, (struct timing){.part = NOTHING}, &expected, error);
    if (!status)
        status = train(training, tier, 1, (struct timing){.part = NOTHING}, &hash, error);
    if (!status && hash != expected)
        status = tp_fail(error, TILEPROP_FAILURE, "step: %s does not train the weights that reference trains",
                         tier->name);
    return status;
}

tileprop_status bench_run_steps(void *context, size_t times, const struct bench_watch *watch,
                                struct tp_error *error)
{
    const struct bench_training *training = context;
    const struct timing timing = {.watch = watch, .part = STEPS};
    uint64_t hash;
    tileprop_status status = TILEPROP_OK;
    while (times && !status) {
        const size_t steps = times < training->steps ? times : training->steps;
        status = train(training, training->network.tier, steps, timing, &hash, error);
        times -= steps;
    }
    return status;
}

static tileprop_status run_each(const struct bench_training *training, size_t times, struct timing timing,
                                struct tp_error *error)
{
    uint64_t hash;
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; i < times && !status; i++)
        status = train(training, training->network.tier, 1, timing, &hash, error);
    return status;
}

tileprop_status bench_run_evaluations(void *context, size_t times, const struct bench_watch *watch,
                                      struct tp_error *error)
{
    return run_each(context, times, (struct timing){.watch = watch, .part = EVALUATION}, error);
}

tileprop_status bench_run_setups(void *context, size_t times, const struct bench_watch *watch,
                                 struct tp_error *error)
{
    return run_each(context, times, (struct timing){.watch = watch, .part = SETUP}, error);
}
