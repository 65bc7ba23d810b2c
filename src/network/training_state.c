#include "network/training_state.h"

#include <math.h>

struct tp_training_state tp_training_state_begin(void)
{
    return (struct tp_training_state){.beta1_power = 1, .beta2_power = 1, .best.loss = INFINITY};
}

const char *tp_stop_name(tileprop_stop stop)
{
    static const char *const names[] = {"epochs", "early-stop", "accuracy", "loss",
                                        "time",   "signal",     "diverged"};
    return names[stop];
}
