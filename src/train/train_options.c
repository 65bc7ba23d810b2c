#include "train/train_options.h"

struct tp_train_options tp_train_options_default(void)
{
    return (struct tp_train_options){
        .hidden = {64},
        .hidden_count = 1,
        .activation = TILEPROP_LECUN_TANH,
        .init = TILEPROP_INIT_AUTO,
        .bias = TILEPROP_BIAS_INPUT,
        .normalize = TILEPROP_NORMALIZE_GLOBAL,
        .optimizer = TILEPROP_MOMENTUM,
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

double tp_train_options_rate(const struct tp_train_options *o)
{
    const double rate = o->optimizer == TILEPROP_ADAM ? 0.001 : o->optimizer == TILEPROP_SGD ? 0.1 : 0.02;
    return o->learning_rate > 0 ? o->learning_rate : rate;
}

tileprop_init tp_train_options_init(const struct tp_train_options *o)
{
    const tileprop_init suited = o->activation == TILEPROP_RELU ? TILEPROP_INIT_HE : TILEPROP_INIT_FAN_IN;
    return o->init == TILEPROP_INIT_AUTO ? suited : o->init;
}

tileprop_status tp_train_options_check(const struct tp_train_options *o, const struct tp_dataset *train,
                                       const struct tp_dataset *validation, const struct tp_dataset *test,
                                       struct tp_error *error)
{
    if (o->hidden_count > TILEPROP_HIDDEN_MAX)
        return tp_fail(error, TILEPROP_USAGE, "--hidden: %zu layers found, expected at most %d",
                       o->hidden_count, TILEPROP_HIDDEN_MAX);
    for (size_t l = 0; l < o->hidden_count; l++) {
        if (o->hidden[l] == 0)
            return tp_fail(error, TILEPROP_USAGE, "--hidden: layer %zu has 0 units, expected at least 1",
                           l + 1);
    }
    if (o->batch == 0 || o->epochs == 0)
        return tp_fail(error, TILEPROP_USAGE, "--%s: expected at least 1, found 0",
                       o->batch == 0 ? "batch" : "epochs");
    if (train->count == 0 || validation->count == 0)
        return tp_fail(error, TILEPROP_BAD_INPUT, "no %s samples, expected at least 1",
                       train->count == 0 ? "training" : "validation");
    if (validation->features != train->features)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "validation samples have %zu values, training samples have %zu", validation->features,
                       train->features);
    if (validation->classes > train->classes)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "validation has class %zu, training has classes 0 to %zu only",
                       validation->classes - 1, train->classes - 1);
    if (test && (test->count == 0 || test->features != train->features || test->classes > train->classes))
        return tp_fail(
            error, TILEPROP_BAD_INPUT,
            "%zu test samples of %zu values and %zu classes, expected at least 1 of %zu and at most %zu",
            test->count, test->features, test->classes, train->features, train->classes);
    if (train->count > UINT32_MAX)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%zu training samples, expected at most %u", train->count,
                       UINT32_MAX);
    if (o->drop_last && o->batch > train->count)
        return tp_fail(error, TILEPROP_USAGE,
                       "--batch: %zu is more than the %zu training samples, which leaves no whole batch; use "
                       "--drop-last off",
                       o->batch, train->count);
    return TILEPROP_OK;
}
