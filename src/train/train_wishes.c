#include "train/train_wishes.h"

#define TP_EPOCHS_MIN 10
#define TP_STEPS_MIN  2000 /* of measurements */

void tp_train_wishes_resolve(const struct tp_train_wishes *wishes, bool measurements, size_t samples,
                             struct tp_train_options *chosen)
{
    const int normalize = measurements ? TILEPROP_NORMALIZE_FEATURE : TILEPROP_NORMALIZE_GLOBAL;
    const int bias = measurements ? TILEPROP_BIAS_ALL : TILEPROP_BIAS_INPUT;
    chosen->normalize = wishes->normalize == TILEPROP_AUTO ? normalize : (int)wishes->normalize;
    chosen->bias = wishes->bias == TILEPROP_AUTO ? bias : (int)wishes->bias;
    chosen->drop_last = wishes->drop_last == TILEPROP_AUTO ? !measurements : wishes->drop_last != 0;
    chosen->epochs = wishes->epochs ? wishes->epochs : TP_EPOCHS_MIN;
    const size_t steps = (samples + (chosen->drop_last ? 0 : chosen->batch - 1)) / chosen->batch;
    if (!wishes->epochs && measurements && steps && steps * TP_EPOCHS_MIN < TP_STEPS_MIN)
        chosen->epochs = (TP_STEPS_MIN + steps - 1) / steps;
}
