#include "network.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "machine.h"
#include "plain.h"
#include "system/cpus.h"
#include "timing.h"

#define ROUNDS      15
#define BURST       2e-3 /* seconds of the peak's probe before and after the steps of a round */
#define PLAIN_STEPS 64   /* of one round, at most */
#define SLOW        0.1  /* a step that takes so many seconds runs in three rounds, then in every fifth */

/* Contenders of a round. */
enum { OURS, PEERS, CONTENDERS = PEERS + BENCH_PEERS_MAX };

static size_t samples_of(const struct bench_training *training, size_t steps)
{
    return (steps + 1) * training->batch;
}

tileprop_status bench_network_verify(const struct bench_training *training, struct tp_error *error)
{
    struct bench_training reference = *training;
    struct bench_training_times ours = {0}, expected = {0};
    struct tp_dataset samples;
    const size_t classes = training->layers[training->layer_count - 1];
    reference.tier = tp_tiers[0];
    reference.threads = tp_cpus_available();
    tileprop_status status =
        bench_samples(training->layers[0], classes, samples_of(training, 1), &samples, error);
    if (!status)
        status = bench_train(&reference, 1, &samples, &expected, error);
    if (!status)
        status = bench_train(training, 1, &samples, &ours, error);
    if (!status && ours.hash != expected.hash)
        status = tp_fail(error, TILEPROP_FAILURE, "step: %s does not train the weights that reference trains",
                         training->tier->name);
    tp_dataset_free(&samples);
    return status;
}

static double median_step(struct plain_network *plain, size_t steps)
{
    double seconds[PLAIN_STEPS];
    for (size_t i = 0; i < steps; i++) {
        const double began = tp_clock_seconds();
        plain_network_step(plain);
        seconds[i] = tp_clock_seconds() - began;
    }
    return bench_median(seconds, steps);
}

/* Of the peak's probe, seconds of one call, over about a burst. */
static double peak_seconds(struct bench_peak_run *peak, struct bench_usage *usage)
{
    size_t times = 0;
    const struct bench_usage before = bench_usage_now(peak->threads);
    const double began = tp_clock_seconds();
    double seconds = 0;
    for (size_t batch = 1; seconds < BURST; batch *= 2) {
        bench_run_peak(peak, batch);
        times += batch;
        seconds = tp_clock_seconds() - began;
    }
    bench_usage_add(usage, &before, peak->threads);
    return seconds / (double)times;
}

/* What the rounds give. */
struct figures {
    double step[CONTENDERS][ROUNDS], evaluation[ROUNDS], peak[ROUNDS];
};

static tileprop_status time_round(struct bench_network *network, size_t steps,
                                  const struct tp_dataset *samples, struct plain_network *plain,
                                  bool peak_proved, struct figures *f, size_t round, struct tp_error *error)
{
    struct bench_peak_run peak = {.tier = network->training.tier, .threads = network->training.threads};
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; i < CONTENDERS && !status; i++) {
        const size_t contender = round % 2 ? CONTENDERS - 1 - i : i;
        if (contender == OURS) {
            const double before = peak_proved ? peak_seconds(&peak, &network->usage) : NAN;
            status = bench_train(&network->training, steps, samples, &network->times, error);
            const double after = peak_proved ? peak_seconds(&peak, &network->usage) : NAN;
            f->step[OURS][round] = network->times.step;
            f->evaluation[round] = network->times.evaluation;
            f->peak[round] = (before + after) / 2;
            continue;
        }
        struct plain_network *p = &plain[contender - PEERS];
        double *seconds = f->step[contender];
        if (!p->layers) {
            seconds[round] = NAN;
        } else {
            /* The first step tells how slow it is, and moves its operands into the caches. */
            const bool slow = round > 2 && seconds[2] > SLOW;
            if (!slow)
                median_step(p, 1);
            seconds[round] =
                slow && round % 5 != 2 ? NAN : median_step(p, steps < PLAIN_STEPS ? steps : PLAIN_STEPS);
        }
    }
    return status;
}

static void summarize(struct bench_network *network, const struct figures *f)
{
    const struct bench_peak_run peak = {.tier = network->training.tier, .threads = network->training.threads};
    const double work = bench_run_peak_flops(&peak);
    network->times.step = bench_median(f->step[OURS], ROUNDS);
    network->times.evaluation = bench_median(f->evaluation, ROUNDS);
    network->step_share = network->times.step_flops / work * bench_ratio(f->peak, f->step[OURS], ROUNDS);
    network->evaluation_share =
        network->times.evaluation_flops / work * bench_ratio(f->peak, f->evaluation, ROUNDS);
    for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
        network->factor[i] = bench_ratio(f->step[PEERS + i], f->step[OURS], ROUNDS);
}

tileprop_status bench_network_time(struct bench_network *network, bool peak_proved, struct tp_error *error)
{
    static struct plain_network plain[BENCH_PEERS_MAX];
    static struct figures figures;
    const struct bench_training *training = &network->training;
    const struct bench_peer *peers = bench_peers();
    const size_t steps = bench_training_steps(training), layers = training->layer_count - 1;
    size_t width[PLAIN_LAYERS + 1];
    for (size_t l = 0; l <= layers; l++)
        width[l] = training->layers[l] + (l == 0); /* the constant input */
    for (size_t i = 0; peers[i].name; i++) {
        if (peers[i].use_threads)
            peers[i].use_threads((int)training->threads);
        if (plain_network_create(&plain[i], &peers[i], width, layers, training->batch, training->activation,
                                 training->optimizer))
            continue;
        fprintf(stderr, "bench: step: %s left out, it cannot do this\n", peers[i].name);
        plain_network_destroy(&plain[i]);
    }
    struct tp_dataset samples;
    tileprop_status status =
        bench_samples(training->layers[0], width[layers], samples_of(training, steps), &samples, error);
    for (size_t round = 0; round < ROUNDS && !status; round++)
        status = time_round(network, steps, &samples, plain, peak_proved, &figures, round, error);
    if (!status)
        summarize(network, &figures);
    tp_dataset_free(&samples);
    for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
        plain_network_destroy(&plain[i]);
    return status;
}
