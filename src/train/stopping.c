#include "train/stopping.h"

#include <math.h>

#include "base/clock.h"

bool tp_stopping_evaluated(const tileprop_options *o, struct tp_training_state *state,
                           const struct tp_metrics *validation)
{
    const bool best = validation->loss < state->best.loss;
    if (best) {
        state->best = *validation;
        state->best_step = state->steps - 1;
        state->evaluations_since_best = 0;
    } else {
        state->evaluations_since_best++;
    }
    if (o->stop_at_accuracy > 0 && validation->accuracy >= o->stop_at_accuracy)
        state->ended = TILEPROP_STOP_ACCURACY;
    else if (o->stop_at_loss > 0 && validation->loss <= o->stop_at_loss)
        state->ended = TILEPROP_STOP_LOSS;
    else if (o->early_stop > 0 && state->evaluations_since_best >= o->early_stop)
        state->ended = TILEPROP_STOP_EARLY;
    return best;
}

tileprop_stop tp_stopping_stepped(const tileprop_options *o, double loss, double started, bool asked_to_stop)
{
    if (!isfinite(loss))
        return TILEPROP_STOP_DIVERGED;
    if (asked_to_stop)
        return TILEPROP_STOP_PROGRESS;
    if (o->max_seconds > 0 && tp_clock_seconds() - started >= o->max_seconds)
        return TILEPROP_STOP_TIME;
    return TILEPROP_STOP_EPOCHS;
}
