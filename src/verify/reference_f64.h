/*
 * A plain network in double, with its own formulas, against which gradients are checked. It is slow, and training does
 * not use it.
 */
#pragma once

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"

/* f(z), and f'(z) written in a = f(z). */
struct tp_f64_activation {
    double (*f)(double z);
    double (*derivative)(double a);
    bool kink; /* f' jumps at z = 0 */
};

/* Matrices are row-major. a of the last layer is z: logits. */
struct tp_f64_layer {
    size_t inputs, rows, units; /* rows of weights: one per input, and a last one for biases, if any */
    double *w;                  /* [rows][units] */
    double *z, *a;              /* [batch][units] */
    double *d;                  /* [batch][units], dC/dz of the mean loss C */
    double *gradient;           /* [rows][units], dC/dw */
};

struct tp_reference_f64 {
    size_t batch, layer_count;
    struct tp_f64_layer layers[TP_LAYERS_MAX];
    struct tp_f64_activation activation; /* of the hidden layers */
    double *inputs;                      /* [batch][features], normalised */
    uint16_t *labels;                    /* [batch] */
    double *weights;                     /* [batch] each sample's factor on its loss */
    struct tp_arena arena;
};

extern const struct tp_f64_activation tp_f64_activations[TP_ACTIVATION_COUNT];

/*
 * A network with the options' shape and initial weights, and with the first min(count, batch) samples as its batch; at
 * least one. The caller calls tp_f64_free(), on error too.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_f64_make(struct tp_reference_f64 *reference, const tileprop_options *options,
                            const struct tp_dataset *train, const struct tp_normalization *normalization, size_t batch,
                            struct tp_error *error);
void tp_f64_free(struct tp_reference_f64 *reference);

/* A layer's inputs for one sample. */
static inline const double *tp_f64_inputs(const struct tp_reference_f64 *reference, size_t layer, size_t sample)
{
    return (layer == 0 ? reference->inputs : reference->layers[layer - 1].a) + sample * reference->layers[layer].inputs;
}

/* What a row of weights is multiplied by: an input, or 1. */
static inline double tp_f64_input(const struct tp_f64_layer *layer, const double *inputs, size_t row)
{
    return row < layer->inputs ? inputs[row] : 1;
}

/* z[units] from a[inputs]. */
void tp_f64_sums(const struct tp_f64_layer *layer, const double *a, double *z);

/* log sum exp(z) - z[label]; where p is not NULL, p[k] = exp(z[k]) / sum exp(z). */
double tp_f64_loss(size_t classes, const double *z, size_t label, double *p);

/* Fills z and a, then d and gradient, of all layers. */
void tp_f64_propagate(struct tp_reference_f64 *reference);
