/*
 * Options that may be left to the data: a table of measurements wants others than pictures do.
 */
#ifndef TP_TRAIN_WISHES_H
#define TP_TRAIN_WISHES_H

#include "train/train_options.h"

/* TILEPROP_AUTO or a value of the option; epochs: 0 or their number. */
struct tp_train_wishes {
    int normalize, bias, drop_last;
    size_t epochs;
};

/* Puts them into the options, for so many samples to train on, measurements or pictures. */
void tp_train_wishes_resolve(const struct tp_train_wishes *wishes, bool measurements, size_t samples,
                             struct tp_train_options *options);

#endif
