#include "train/progress.h"

#include <math.h>

const char *tp_stop_name(tileprop_stop stop)
{
    static const char *const names[] = {"epochs", "early-stop", "accuracy", "loss",
                                        "time",   "signal",     "diverged"};
    return names[stop];
}

struct tp_progress tp_progress_begin(void)
{
    return (struct tp_progress){.beta1_power = 1, .beta2_power = 1, .best.loss = INFINITY};
}

struct tp_optimizer tp_progress_optimizer(struct tp_progress *progress, const struct tp_train_options *o,
                                          double rate)
{
    const double keep = 1 - rate * o->weight_decay;
    double correction = 1;
    if (o->optimizer == TILEPROP_ADAM) {
        progress->beta1_power *= o->beta1;
        progress->beta2_power *= o->beta2;
        rate /= 1 - progress->beta1_power;
        correction = 1 / sqrt(1 - progress->beta2_power);
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

bool tp_progress_evaluated(struct tp_progress *progress, const struct tp_train_options *o,
                           const struct tp_metrics *validation)
{
    const bool best = validation->loss < progress->best.loss;
    if (best) {
        progress->best = *validation;
        progress->best_step = progress->steps - 1;
        progress->evaluations_since_best = 0;
    } else {
        progress->evaluations_since_best++;
    }
    if (o->stop_at_accuracy > 0 && validation->accuracy >= o->stop_at_accuracy)
        progress->ended = TILEPROP_STOP_ACCURACY;
    else if (o->stop_at_loss > 0 && validation->loss <= o->stop_at_loss)
        progress->ended = TILEPROP_STOP_LOSS;
    else if (o->early_stop > 0 && progress->evaluations_since_best >= o->early_stop)
        progress->ended = TILEPROP_STOP_EARLY;
    return best;
}
