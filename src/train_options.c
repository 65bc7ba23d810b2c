#include "train_options.h"

struct tp_train_options tp_train_options_default(void)
{
    return (struct tp_train_options){
        .hidden = {64},
        .hidden_count = 1,
        .activation = TP_LECUN_TANH,
        .init = TP_INIT_AUTO,
        .bias = TP_BIAS_INPUT,
        .normalize = TP_NORMALIZE_GLOBAL,
        .optimizer = TP_MOMENTUM,
        .momentum = 0.9,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .batch = 32,
        .epochs = 10,
        .shuffle = true,
        .drop_last = true,
        .evals_per_epoch = 5,
        .seed = 1,
        .isa = "auto",
    };
}
