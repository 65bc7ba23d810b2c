#include "train/training_options.h"

#include <math.h>

#include "system/team.h"
#include "train/learning_rate.h"

#define TP_EPOCHS_MIN 10
#define TP_STEPS_MIN  2000 /* of a table */

void tp_options_resolve(tileprop_options *o, tileprop_type type, size_t samples)
{
    const bool table = type != TILEPROP_U8;
    if (o->normalize == TILEPROP_AUTO)
        o->normalize = type == TILEPROP_CSR ? TILEPROP_NORMALIZE_SCALE
                       : table              ? TILEPROP_NORMALIZE_FEATURE
                                            : TILEPROP_NORMALIZE_GLOBAL;
    if (o->bias == TILEPROP_AUTO)
        o->bias = table ? TILEPROP_BIAS_ALL : TILEPROP_BIAS_INPUT;
    if (o->drop_last == TILEPROP_AUTO)
        o->drop_last = !table;
    if (o->epochs == 0) {
        const size_t steps = o->batch ? (samples + (o->drop_last ? 0 : o->batch - 1)) / o->batch : 0;
        const bool few = table && steps && steps * TP_EPOCHS_MIN < TP_STEPS_MIN;
        o->epochs = few ? (TP_STEPS_MIN + steps - 1) / steps : TP_EPOCHS_MIN;
    }
    if (!(o->learning_rate > 0))
        o->learning_rate = o->optimizer == TILEPROP_ADAM ? 0.001 : o->optimizer == TILEPROP_SGD ? 0.1 : 0.02;
    if (o->init == TILEPROP_INIT_AUTO)
        o->init = o->activation == TILEPROP_RELU ? TILEPROP_INIT_HE : TILEPROP_INIT_FAN_IN;
}

tileprop_status tp_options_check(const tileprop_options *o, size_t samples, struct tp_error *error)
{
    if (o->hidden_count > TILEPROP_HIDDEN_MAX)
        return tp_fail(error, TILEPROP_USAGE, "--hidden: expected at most %d layers, found %zu", TILEPROP_HIDDEN_MAX,
                       o->hidden_count);
    for (size_t l = 0; l < o->hidden_count; l++) {
        if (o->hidden[l] == 0)
            return tp_fail(error, TILEPROP_USAGE, "--hidden: layer %zu: expected at least 1 unit, found 0", l + 1);
    }
    if (o->batch == 0)
        return tp_fail(error, TILEPROP_USAGE, "--batch: expected at least 1, found 0");
    if (samples == 0)
        return tp_fail(error, TILEPROP_USAGE, "expected at least 1 training sample, found none");
    if (o->drop_last && o->batch > samples)
        return tp_fail(error, TILEPROP_USAGE,
                       "--batch: %zu is more than the %zu training samples, which leaves no whole batch; use "
                       "--drop-last off",
                       o->batch, samples);
    const size_t steps = o->lr_steps ? o->lr_steps : o->epochs * tp_options_steps_per_epoch(o, samples);
    if (o->warmup && o->warmup >= steps)
        return tp_fail(error, TILEPROP_USAGE, "--warmup: expected fewer than %zu steps, found %zu", steps, o->warmup);
    return TILEPROP_OK;
}

size_t tp_options_steps_per_epoch(const tileprop_options *o, size_t samples)
{
    const size_t batch = o->batch < samples ? o->batch : samples;
    return o->drop_last ? samples / batch : (samples + batch - 1) / batch;
}

size_t tp_options_threads(const tileprop_options *o)
{
    if (o->threads_exact)
        return o->threads_exact;
    return tp_team_threads(o->threads);
}

struct tp_optimizer tp_options_optimizer(const tileprop_options *o, const struct tp_training_state *state)
{
    double rate = tp_learning_rate(o, state->steps);
    const double keep = 1 - rate * o->weight_decay;
    double correction = 1;
    if (o->optimizer == TILEPROP_ADAM) {
        rate /= 1 - state->beta1_power * o->beta1;
        correction = 1 / sqrt(1 - state->beta2_power * o->beta2);
    }
    return (struct tp_optimizer){.kind = o->optimizer,
                                 .rate = (float)rate,
                                 .momentum = (float)o->momentum,
                                 .decay = (float)o->weight_decay,
                                 .keep = (float)keep,
                                 .beta1 = (float)o->beta1,
                                 .one_minus_beta1 = (float)(1 - o->beta1),
                                 .beta2 = (float)o->beta2,
                                 .one_minus_beta2 = (float)(1 - o->beta2),
                                 .root_correction = (float)correction,
                                 .epsilon = (float)o->epsilon};
}
