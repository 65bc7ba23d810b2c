/*
 * A network written plainly in double, with its own formulas: what gradients are checked against. Nothing of
 * it is fast, and nothing of it is used to train.
 */
#ifndef TP_PLAIN_NETWORK_H
#define TP_PLAIN_NETWORK_H

#include "base/arena.h"
#include "data/dataset.h"
#include "network/network.h"

/* f(z), and f'(z) written in a = f(z). */
struct tp_f64_activation {
    double (*f)(double z);
    double (*slope)(double a);
    bool kink; /* f' jumps at z = 0 */
};

/* Matrices are row-major. a of the last layer is z: logits. */
struct tp_f64_layer {
    size_t inputs, units;
    bool bias;
    double *w;        /* [inputs + bias][units]; the bias row is the last */
    double *z, *a;    /* [batch][units] */
    double *d;        /* [batch][units], dC/dz of the mean loss C */
    double *gradient; /* [inputs + bias][units], dC/dw */
};

struct tp_reference_f64 {
    size_t batch, layer_count;
    struct tp_f64_layer layers[TP_LAYERS_MAX];
    struct tp_f64_activation activation; /* of the hidden layers */
    double *inputs;                      /* [batch][features], normalised */
    uint16_t *labels;                    /* [batch] */
    struct tp_arena arena;
};

struct tp_f64_activation tp_f64_activation(tileprop_activation activation);

/*
 * A network of the options' shape and first weights, with the first min(count, batch) samples in it, of which
 * there must be one. tp_f64_free() it afterwards, on error too.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_f64_make(struct tp_reference_f64 *plain, const tileprop_options *options,
                            const struct tp_dataset *train, const struct tp_normalization *normalization,
                            size_t batch, struct tp_error *error);
void tp_f64_free(struct tp_reference_f64 *plain);

/* Inputs of a layer for one sample: its own row of them. */
static inline const double *tp_f64_inputs(const struct tp_reference_f64 *plain, size_t layer, size_t sample)
{
    return (layer == 0 ? plain->inputs : plain->layers[layer - 1].a) + sample * plain->layers[layer].inputs;
}

/* z[units] from a[inputs]. */
void tp_f64_sums(const struct tp_f64_layer *layer, const double *a, double *z);

/* log sum exp(z) - z[label]. */
double tp_f64_loss(size_t classes, const double *z, size_t label);

/* p[k] = exp(z[k]) / sum exp(z). p may be z. */
void tp_f64_softmax(size_t classes, const double *z, double *p);

/* Fills z and a, then d and gradient, of all layers. */
void tp_f64_forward(struct tp_reference_f64 *plain);
void tp_f64_backward(struct tp_reference_f64 *plain);

#endif
