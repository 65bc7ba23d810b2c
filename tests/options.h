/* The options of the course's network, as resolved for image data. */
#pragma once

#include "tileprop/run.h"

static inline tileprop_options options_default(void)
{
    tileprop_options options;
    tileprop_options_init(&options, sizeof options);
    options.bias = TILEPROP_BIAS_INPUT;
    options.normalize = TILEPROP_NORMALIZE_GLOBAL;
    options.drop_last = 1;
    options.epochs = 10;
    return options;
}
