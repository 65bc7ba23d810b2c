/*
 * What an evaluation over a data set gives.
 */
#ifndef TP_SCORE_H
#define TP_SCORE_H

#include <stddef.h>

struct tp_score {
    double loss;     /* mean cross-entropy, nats per sample */
    double accuracy; /* fraction */
    size_t count;    /* samples */
};

#endif
