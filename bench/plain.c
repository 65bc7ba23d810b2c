#include "plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "loops.h"

static const struct loops *loops = &loops_reference;

const struct loops *loops_of(const struct tp_tier *tier)
{
#define TP_TIER(listed, runs_here)                                                                           \
    if (strcmp(tier->name, #listed) == 0)                                                                    \
        return &loops_##listed;
#include "kernels/tiers.def"
    return &loops_reference;
}

void plain_limit(const struct tp_tier *tier)
{
    loops = loops_of(tier);
}

void plain_activate(tileprop_activation activation, float *z, size_t count)
{
    if (activation == TILEPROP_SIGMOID)
        loops->sigmoid(z, count);
    else if (activation == TILEPROP_LECUN_TANH)
        loops->tanh(z, count, 1.7159f, 4.0f / 3);
    else if (activation == TILEPROP_TANH)
        loops->tanh(z, count, 1, 2);
    else if (activation == TILEPROP_RELU)
        loops->relu(z, count);
}

void plain_slope(tileprop_activation activation, float *d, const float *a, size_t count)
{
    if (activation == TILEPROP_SIGMOID)
        loops->derivative_sigmoid(d, a, count);
    else if (activation == TILEPROP_LECUN_TANH)
        loops->derivative_tanh(d, a, count, 1.7159f, 2.0f / 3);
    else if (activation == TILEPROP_TANH)
        loops->derivative_tanh(d, a, count, 1, 1);
    else if (activation == TILEPROP_RELU)
        loops->derivative_relu(d, a, count);
}

void plain_rule(const struct tp_optimizer *optimizer, float *w, const float *g, float *const state[2],
                size_t count)
{
    if (optimizer->kind == TILEPROP_SGD)
        loops->sgd(optimizer, w, g, count);
    else if (optimizer->kind == TILEPROP_MOMENTUM)
        loops->momentum(optimizer, w, g, state[0], count);
    else if (optimizer->kind == TILEPROP_LECUN_MOMENTUM)
        loops->lecun_momentum(optimizer, w, g, state[0], count);
    else if (optimizer->kind == TILEPROP_NESTEROV)
        loops->nesterov(optimizer, w, g, state[0], count);
    else
        loops->adam(optimizer, w, g, state[0], state[1], count);
}

#define BLOCK 16 /* a cache line of floats, so that a line is read and written while it is in L1 */

void plain_transpose(const float *restrict in, size_t rows, size_t columns, float *restrict out)
{
    for (size_t row = 0; row < rows; row += BLOCK) {
        const size_t row_end = row + BLOCK < rows ? row + BLOCK : rows;
        for (size_t column = 0; column < columns; column += BLOCK) {
            const size_t column_end = column + BLOCK < columns ? column + BLOCK : columns;
            for (size_t c = column; c < column_end; c++)
                for (size_t r = row; r < row_end; r++)
                    out[c * rows + r] = in[r * columns + c];
        }
    }
}

/* Of which pack or unpack needs one. */
static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* On huge pages, as ours, which are together in an arena and so have them from less on. */
static float *matrix(size_t count, float scale)
{
    const size_t bytes = count * sizeof(float);
    const size_t unit = bytes >= TP_ARENA_HUGE_PAGE / 2 ? TP_ARENA_HUGE_PAGE : TP_ARENA_ALIGNMENT;
    float *x = aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
    if (x && unit == TP_ARENA_HUGE_PAGE)
        madvise(x, bytes, MADV_HUGEPAGE);
    if (x)
        bench_fill(x, count, scale);
    return x;
}

/* Weights in the peer's layout, of which any padding is 0. NULL without memory or a way into that layout. */
static float *packed(const struct bench_product *p, size_t plain_count, float scale)
{
    float *plain = matrix(plain_count, scale), *weights = matrix(larger(p->weights, plain_count), 0);
    if (!plain || !weights || !bench_product_pack(p, plain, weights)) {
        free(weights);
        weights = NULL;
    }
    free(plain);
    return weights;
}

bool plain_call_create(struct plain_call *p, const struct bench_peer *peer, const struct bench_call *call)
{
    const size_t m = call->m, n = call->n, k = call->k;
    const bool update = call->kind == BENCH_UPDATE;
    *p = (struct plain_call){.product = {.peer = peer, .kind = call->kind, .m = m, .n = n, .k = k},
                             .call = *call,
                             .optimizer = bench_rule(call->optimizer)};
    if (!bench_product_create(&p->product, NULL))
        return false;
    p->a = matrix(m * k, BENCH_IN_SCALE);
    p->b = update ? matrix(k * n, BENCH_OUT_SCALE) : packed(&p->product, k * n, BENCH_WEIGHTS_SCALE);
    p->c = matrix(larger(m * n, update ? p->product.weights : 0), 0);
    p->activations = matrix(call->kind == BENCH_BACKWARD ? m * n : 0, BENCH_ACTIVATIONS_SCALE);
    bool complete = p->a && p->b && p->c && p->activations;
    if (update) {
        p->weights = packed(&p->product, m * n, BENCH_WEIGHTS_SCALE);
        p->state[0] = matrix(p->product.weights, 0);
        p->state[1] = matrix(p->product.weights, 0);
        p->transposed = matrix(m * n, 0);
        complete = complete && p->weights && p->state[0] && p->state[1] && p->transposed;
    }
    return complete && bench_product_bind(&p->product, p->a, p->b, p->c);
}

void plain_call_destroy(struct plain_call *p)
{
    bench_product_destroy(&p->product);
    float *const all[] = {p->a,       p->b,        p->c,        p->activations,
                          p->weights, p->state[0], p->state[1], p->transposed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
    *p = (struct plain_call){.a = NULL};
}

void plain_call_product(void *context, size_t times)
{
    const struct plain_call *p = context;
    for (size_t i = 0; i < times; i++)
        p->product.peer->run(&p->product);
}

void plain_call_verb(void *context, size_t times)
{
    const struct plain_call *p = context;
    const struct bench_call *call = &p->call;
    const size_t count = call->m * call->n;
    for (size_t i = 0; i < times; i++) {
        p->product.peer->run(&p->product);
        if (call->kind == BENCH_FORWARD) {
            plain_activate(call->activation, p->c, count);
        } else if (call->kind == BENCH_BACKWARD) {
            plain_slope(call->activation, p->c, p->activations, count);
        } else {
            plain_rule(&p->optimizer, p->weights, p->c, p->state, p->product.weights);
            if (p->product.peer->needs_transposed && !call->first_layer)
                plain_transpose(p->weights, call->m, call->n, p->transposed);
        }
    }
}

bool plain_call_result(struct plain_call *p, float *result)
{
    p->product.peer->run(&p->product);
    if (p->call.kind == BENCH_UPDATE)
        return bench_product_unpack(&p->product, p->c, result);
    memcpy(result, p->c, p->call.m * p->call.n * sizeof *result);
    return true;
}

static bool create_layer(struct plain_network *p, const struct bench_peer *peer, size_t l)
{
    const size_t inputs = p->width[l], units = p->width[l + 1];
    struct bench_product *forward = &p->forward[l], *backward = &p->backward[l], *update = &p->update[l];
    *forward =
        (struct bench_product){.peer = peer, .kind = BENCH_FORWARD, .m = p->batch, .n = units, .k = inputs};
    *backward = (struct bench_product){.peer = l ? peer : NULL,
                                       .kind = BENCH_BACKWARD,
                                       .m = p->batch,
                                       .n = inputs,
                                       .k = units,
                                       .b_transposed = !peer->needs_transposed};
    *update =
        (struct bench_product){.peer = peer, .kind = BENCH_UPDATE, .m = inputs, .n = units, .k = p->batch};
    if (!bench_product_create(forward, forward) || (l && !bench_product_create(backward, forward)) ||
        !bench_product_create(update, forward))
        return false;
    p->w[l] = packed(forward, inputs * units, 1 / sqrtf((float)inputs));
    p->g[l] = matrix(forward->weights, 0);
    p->state[l][0] = matrix(forward->weights, 0);
    p->state[l][1] = matrix(forward->weights, 0);
    p->transposed[l] = peer->needs_transposed ? matrix(inputs * units, 0) : NULL;
    return p->w[l] && p->g[l] && p->state[l][0] && p->state[l][1] &&
           (p->transposed[l] || !peer->needs_transposed) &&
           bench_product_bind(forward, p->a[l], p->w[l], p->a[l + 1]) &&
           (!l || bench_product_bind(backward, p->d[l + 1], p->transposed[l] ? p->transposed[l] : p->w[l],
                                     p->d[l])) &&
           bench_product_bind(update, p->a[l], p->d[l + 1], p->g[l]);
}

bool plain_network_create(struct plain_network *p, const struct bench_peer *peer, const size_t *width,
                          size_t layers, size_t batch, tileprop_activation activation,
                          tileprop_optimizer optimizer)
{
    *p = (struct plain_network){
        .layers = layers, .batch = batch, .activation = activation, .optimizer = bench_rule(optimizer)};
    memcpy(p->width, width, (layers + 1) * sizeof *width);
    p->samples = malloc(batch * width[0]);
    p->labels = malloc(batch * sizeof *p->labels);
    bool complete = p->samples && p->labels;
    for (size_t i = 0; complete && i < batch * width[0]; i++)
        p->samples[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (size_t r = 0; complete && r < batch; r++)
        p->labels[r] = (uint16_t)(r % width[layers]);
    for (size_t l = 0; l <= layers; l++) {
        p->a[l] = matrix(batch * width[l], 1);
        p->d[l] = matrix(batch * width[l], 0);
        complete = complete && p->a[l] && p->d[l];
    }
    for (size_t l = 0; l < layers && complete; l++)
        complete = create_layer(p, peer, l);
    return complete;
}

void plain_network_destroy(struct plain_network *p)
{
    for (size_t l = 0; l < p->layers; l++) {
        bench_product_destroy(&p->forward[l]);
        bench_product_destroy(&p->backward[l]);
        bench_product_destroy(&p->update[l]);
        free(p->w[l]);
        free(p->g[l]);
        free(p->state[l][0]);
        free(p->state[l][1]);
        free(p->transposed[l]);
    }
    for (size_t l = 0; l <= p->layers; l++) {
        free(p->a[l]);
        free(p->d[l]);
    }
    free(p->samples);
    free(p->labels);
    *p = (struct plain_network){.layers = 0};
}

float plain_network_step(struct plain_network *p)
{
    const struct bench_peer *peer = p->forward[0].peer;
    const size_t classes = p->width[p->layers];
    float loss = 0;
    loops->pack(p->samples, p->a[0], p->batch * p->width[0]);
    for (size_t l = 0; l < p->layers; l++) {
        peer->run(&p->forward[l]);
        if (l + 1 < p->layers)
            plain_activate(p->activation, p->a[l + 1], p->batch * p->width[l + 1]);
    }
    for (size_t r = 0; r < p->batch; r++)
        loss += loops->softmax(p->a[p->layers] + r * classes, p->d[p->layers] + r * classes, classes,
                               p->labels[r], 1 / (float)p->batch);
    for (size_t l = p->layers - 1; l > 0; l--) {
        if (p->transposed[l])
            plain_transpose(p->w[l], p->width[l], p->width[l + 1], p->transposed[l]);
        peer->run(&p->backward[l]);
        plain_slope(p->activation, p->d[l], p->a[l], p->batch * p->width[l]);
    }
    for (size_t l = 0; l < p->layers; l++) {
        peer->run(&p->update[l]);
        plain_rule(&p->optimizer, p->w[l], p->g[l], p->state[l], p->forward[l].weights);
    }
    return loss / (float)p->batch;
}
