#include "plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "loops.h"

const struct loops *loops_of(const struct tp_tier *tier)
{
#define TP_TIER(listed, runs_here)                                                                           \
    if (strcmp(tier->name, #listed) == 0)                                                                    \
        return &loops_##listed;
#include "kernels/tiers.def"
    return &loops_reference;
}

#define BLOCK 16 /* a cache line of floats, so that a line is read and written while it is in L1 */

/* out [columns x rows] */
static void transpose(const float *restrict in, size_t rows, size_t columns, float *restrict out)
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

static bool prepare(struct bench_product *p)
{
    return !p->peer->prepare || p->peer->prepare(p);
}

static void release(struct bench_product *p)
{
    if (p->own)
        p->peer->release(p);
}

static bool create_layer(struct plain_network *p, size_t l)
{
    struct plain_layer *layer = &p->layer[l];
    const size_t inputs = layer->inputs, units = layer->units;
    layer->w = matrix(inputs * units, 1 / sqrtf((float)inputs));
    layer->gradient = matrix(inputs * units, 0);
    layer->velocity = matrix(inputs * units, 0);
    layer->transposed = p->peer->needs_transposed ? matrix(inputs * units, 0) : NULL;
    if (!layer->w || !layer->gradient || !layer->velocity || p->peer->needs_transposed != !!layer->transposed)
        return false;
    if (layer->transposed)
        transpose(layer->w, inputs, units, layer->transposed);
    const struct bench_product any = {.peer = p->peer};
    layer->forward = layer->backward = layer->update = any;
    layer->forward.verb = BENCH_FORWARD;
    layer->forward.m = p->batch, layer->forward.n = units, layer->forward.k = inputs;
    layer->forward.a = p->a[l], layer->forward.b = layer->w, layer->forward.c = p->a[l + 1];
    layer->backward.verb = BENCH_BACKWARD;
    layer->backward.m = p->batch, layer->backward.n = inputs, layer->backward.k = units;
    layer->backward.b_transposed = !layer->transposed;
    layer->backward.a = p->d[l + 1], layer->backward.c = p->d[l];
    layer->backward.b = layer->transposed ? layer->transposed : layer->w;
    layer->update.verb = BENCH_UPDATE;
    layer->update.m = inputs, layer->update.n = units, layer->update.k = p->batch;
    layer->update.a = p->a[l], layer->update.b = p->d[l + 1], layer->update.c = layer->gradient;
    return prepare(&layer->forward) && prepare(&layer->backward) && prepare(&layer->update);
}

bool plain_create(struct plain_network *p, const struct bench_peer *peer, const struct bench_network *network)
{
    *p = (struct plain_network){.peer = peer,
                                .loops = loops_of(network->tier),
                                .optimizer = bench_rule(TILEPROP_MOMENTUM),
                                .batch = network->batch,
                                .layers = network->size_count - 1};
    const size_t inputs = bench_inputs(network, 0), classes = network->sizes[p->layers];
    p->samples = malloc(p->batch * inputs);
    p->labels = malloc(p->batch * sizeof *p->labels);
    bool complete = p->samples && p->labels;
    for (size_t i = 0; complete && i < p->batch * inputs; i++)
        p->samples[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    for (size_t r = 0; complete && r < p->batch; r++)
        p->labels[r] = (uint16_t)(r % classes);
    for (size_t l = 0; l <= p->layers; l++) {
        p->a[l] = matrix(p->batch * bench_inputs(network, l), BENCH_ACTIVATIONS_SCALE);
        p->d[l] = matrix(p->batch * bench_inputs(network, l), BENCH_OUT_SCALE);
        complete = complete && p->a[l] && p->d[l];
    }
    for (size_t l = 0; l < p->layers && complete; l++) {
        p->layer[l].inputs = bench_inputs(network, l);
        p->layer[l].units = network->sizes[l + 1];
        complete = create_layer(p, l);
    }
    return complete;
}

void plain_destroy(struct plain_network *p)
{
    for (size_t l = 0; l < p->layers; l++) {
        struct plain_layer *layer = &p->layer[l];
        release(&layer->forward);
        release(&layer->backward);
        release(&layer->update);
        free(layer->w);
        free(layer->gradient);
        free(layer->velocity);
        free(layer->transposed);
    }
    for (size_t l = 0; l <= p->layers; l++) {
        free(p->a[l]);
        free(p->d[l]);
    }
    free(p->samples);
    free(p->labels);
    *p = (struct plain_network){.layers = 0};
}

/* The product of a layer, and what follows it up to the next product. */
static void forward(struct plain_network *p, size_t l)
{
    const struct plain_layer *layer = &p->layer[l];
    p->peer->run(&layer->forward);
    if (l + 1 < p->layers)
        p->loops->activate(p->a[l + 1], p->batch * layer->units);
}

static void backward(struct plain_network *p, size_t l)
{
    const struct plain_layer *layer = &p->layer[l];
    p->peer->run(&layer->backward);
    p->loops->derive(p->d[l], p->a[l], p->batch * layer->inputs);
}

static void update(struct plain_network *p, size_t l)
{
    const struct plain_layer *layer = &p->layer[l];
    p->peer->run(&layer->update);
    p->loops->momentum(&p->optimizer, layer->w, layer->gradient, layer->velocity,
                       layer->inputs * layer->units);
    if (layer->transposed && l > 0)
        transpose(layer->w, layer->inputs, layer->units, layer->transposed);
}

static void evaluate(struct plain_network *p)
{
    p->loops->pack(p->samples, p->a[0], p->batch * p->layer[0].inputs);
    for (size_t l = 0; l < p->layers; l++)
        forward(p, l);
}

static float loss(struct plain_network *p)
{
    const size_t classes = p->layer[p->layers - 1].units;
    float sum = 0;
    for (size_t r = 0; r < p->batch; r++)
        sum += p->loops->softmax(p->a[p->layers] + r * classes, p->d[p->layers] + r * classes, classes,
                                 p->labels[r], 1 / (float)p->batch);
    return sum / (float)p->batch;
}

float plain_step(struct plain_network *p)
{
    evaluate(p);
    const float mean = loss(p);
    for (size_t l = p->layers; l-- > 1;)
        backward(p, l);
    for (size_t l = 0; l < p->layers; l++)
        update(p, l);
    return mean;
}

const struct bench_product *plain_product(const struct plain_part *part)
{
    const struct plain_layer *layer = &part->network->layer[part->layer];
    return part->verb == BENCH_FORWARD    ? &layer->forward
           : part->verb == BENCH_BACKWARD ? &layer->backward
                                          : &layer->update;
}

static void run_part(const struct plain_part *part)
{
    struct plain_network *p = part->network;
    if (part->what == PLAIN_STEP)
        plain_step(p);
    else if (part->what == PLAIN_PRODUCT)
        p->peer->run(plain_product(part));
    else if (part->what == PLAIN_VERB)
        (part->verb == BENCH_FORWARD    ? forward
         : part->verb == BENCH_BACKWARD ? backward
                                        : update)(p, part->layer);
    else
        for (size_t rows = 0; rows < BENCH_EVALUATED; rows += p->batch) {
            evaluate(p);
            loss(p);
        }
}

tileprop_status plain_run(void *context, size_t times, const struct bench_watch *watch,
                          struct tp_error *error)
{
    (void)error;
    bench_start(watch);
    for (size_t i = 0; i < times; i++)
        run_part(context);
    bench_stop(watch);
    return TILEPROP_OK;
}
