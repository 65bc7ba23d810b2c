#include "model/predictor.h"

#include <sched.h>
#include <stdlib.h>

#include "base/arena.h"
#include "kernels/flush.h"
#include "network/evaluator.h"
#include "network/network.h"
#include "network/plan.h"
#include "system/team.h"

#define TP_SLOTS_MAX   64                  /* bits of a word that says which are lent */
#define TP_SLOTS_BYTES ((size_t)256 << 20) /* of all slots, unless one alone has more */

/* The buffers of one thread at a time. */
struct slot {
    struct tp_evaluator_member member;
    float *loss; /* [rows of a block] */
};

/*
 * Buffers are lent to whoever predicts, so that callers have nothing to keep for each of their threads and
 * wide layers do not lie on their stacks. The lowest one that is free goes first, being in the caches most
 * likely, and one that was never lent takes no memory. More threads than slots wait for each other.
 */
struct slots {
    atomic_uint_least64_t lent;
    struct slot slots[TP_SLOTS_MAX];
    uint64_t all; /* one bit for each that there is */
};

struct tp_predictor {
    const struct tp_model *model;
    struct tp_network network;
    struct tp_plan plan;
    struct tp_evaluator evaluator;
    struct tp_arena weights, buffers;
    struct slots *slots;
    uint16_t *labels[2]; /* [rows of a block]: all 0, all 1 */
};

/* A call of tp_predictor_run, which several threads may share. */
struct work {
    const struct tp_predictor *predictor;
    const struct tp_dataset *samples;
    const struct tp_predictions *to;
    atomic_size_t next_block;
};

static size_t borrow(struct slots *slots)
{
    uint64_t lent = atomic_load_explicit(&slots->lent, memory_order_relaxed);
    for (;;) {
        const uint64_t available = slots->all & ~lent;
        if (!available) {
            sched_yield();
            lent = atomic_load_explicit(&slots->lent, memory_order_relaxed);
            continue;
        }
        const uint64_t lowest = available & -available;
        if (atomic_compare_exchange_weak_explicit(&slots->lent, &lent, lent | lowest, memory_order_acquire,
                                                  memory_order_relaxed))
            return (size_t)__builtin_ctzll(lowest);
    }
}

static void give_back(struct slots *slots, size_t slot)
{
    atomic_fetch_and_explicit(&slots->lent, ~(UINT64_C(1) << slot), memory_order_release);
}

/* The options that give a network the model's shape. */
static struct tp_train_options shape_of(const struct tp_model *model)
{
    const struct tp_weights *weights = &model->weights;
    struct tp_train_options options = tp_train_options_default();
    bool behind_the_first = false;
    options.hidden_count = weights->layer_count - 1;
    for (size_t l = 0; l < options.hidden_count; l++)
        options.hidden[l] = weights->layers[l].units;
    for (size_t l = 1; l < weights->layer_count; l++)
        behind_the_first |= weights->layers[l].has_bias;
    options.activation = model->activation;
    options.bias = behind_the_first              ? TILEPROP_BIAS_ALL
                   : weights->layers[0].has_bias ? TILEPROP_BIAS_INPUT
                                                 : TILEPROP_BIAS_NONE;
    options.optimizer = TILEPROP_SGD; /* which has no state */
    return options;
}

static size_t classes_of(const struct tp_predictor *p)
{
    return p->network.layers[p->network.layer_count - 1].units;
}

/*
 * p = e_k / s is what the loss leaves as gradient for classes that are not the label, so label 0 gives all
 * but the first, and label 1 that one. What is predicted comes with it.
 */
static void take_probabilities(const struct tp_predictor *p, const struct slot *slot, float *logits,
                               size_t rows, float *to, uint16_t *predicted)
{
    const size_t classes = classes_of(p), stride = rows * TP_PANEL;
    float *room = slot->member.outputs[p->network.layer_count % 2];
    for (size_t label = 0; label < 2 && label < classes; label++) {
        p->evaluator.tier->loss(&(struct tp_loss){.row_end = rows,
                                                  .z = {logits, stride, rows, classes},
                                                  .labels = p->labels[label],
                                                  .scale = 1,
                                                  .d = {room, stride, rows, classes},
                                                  .loss = slot->loss,
                                                  .predicted = predicted});
        for (size_t r = 0; r < rows; r++)
            for (size_t k = label ? 0 : 1; k < (label ? 1 : classes); k++)
                to[r * classes + k] = room[tp_panel_offset(stride, r, k)];
    }
    for (size_t r = 0; r < rows && classes == 1; r++)
        to[r] = 1;
}

static void predict_block(const struct work *work, const struct slot *slot, size_t begin, size_t rows)
{
    const struct tp_predictor *p = work->predictor;
    const struct tp_predictions *to = work->to;
    float *logits = tp_evaluator_logits(&p->evaluator, &slot->member, work->samples, begin, rows);
    uint16_t *predicted = to->predicted ? to->predicted + begin : NULL;
    if (to->probabilities)
        take_probabilities(p, slot, logits, rows, to->probabilities + begin * classes_of(p), predicted);
    if (to->loss || (predicted && !to->probabilities))
        p->evaluator.tier->loss(
            &(struct tp_loss){.row_end = rows,
                              .z = {logits, rows * TP_PANEL, rows, classes_of(p)},
                              .labels = to->loss ? work->samples->labels + begin : p->labels[0],
                              .loss = to->loss ? to->loss + begin : slot->loss,
                              .predicted = predicted});
}

/* The first row of the next block, whose samples come while the present one is computed. */
static size_t take_block(struct work *work)
{
    const size_t block = work->predictor->plan.evaluation_rows, count = work->samples->count;
    const size_t begin = atomic_fetch_add_explicit(&work->next_block, 1, memory_order_relaxed) * block;
    for (size_t r = begin; r < begin + block && r < count; r++)
        tp_dataset_fetch(work->samples, r);
    return begin;
}

/* One thread's share. */
static void predict(void *context, size_t member, size_t members)
{
    struct work *work = context;
    struct slots *slots = work->predictor->slots;
    const size_t block = work->predictor->plan.evaluation_rows, count = work->samples->count;
    const size_t slot = borrow(slots);
    (void)member;
    (void)members;
    for (size_t begin = take_block(work), next; begin < count; begin = next) {
        next = take_block(work);
        predict_block(work, &slots->slots[slot], begin, count - begin < block ? count - begin : block);
    }
    give_back(slots, slot);
}

void tp_predictor_run(const struct tp_predictor *p, const struct tp_dataset *samples,
                      const struct tp_predictions *predictions)
{
    struct work work = {.predictor = p, .samples = samples, .to = predictions};
    const uint64_t saved = tp_flush_enter();
    predict(&work, 0, 1);
    tp_flush_leave(saved);
}

tileprop_status tp_predictor_run_team(const struct tp_predictor *p, size_t threads,
                                      const struct tp_dataset *samples,
                                      const struct tp_predictions *predictions, struct tp_error *error)
{
    struct work work = {.predictor = p, .samples = samples, .to = predictions};
    const size_t members = tp_team_run(threads, predict, &work);
    return members == threads
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_FAILURE, "the system granted %zu of %zu threads", members, threads);
}

static tileprop_status allocate(struct tp_predictor *p, struct tp_error *error)
{
    const size_t rows = p->plan.evaluation_rows;
    size_t bytes = tp_evaluator_member_bytes(&p->network, &p->plan, 0);
    bytes = tp_arena_add(bytes, rows, sizeof(float));
    size_t count = TP_SLOTS_BYTES / bytes;
    count = count < 1 ? 1 : count > TP_SLOTS_MAX ? TP_SLOTS_MAX : count;
    p->slots = calloc(1, sizeof *p->slots);
    if (!p->slots)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: the buffers of a model");

    tileprop_status status = tp_arena_create(&p->buffers, tp_arena_add(0, count, bytes), error);
    if (status != TILEPROP_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &p->slots->slots[i];
        tp_evaluator_member_place(&p->evaluator, &slot->member, &p->buffers);
        slot->loss = tp_arena_take(&p->buffers, rows * sizeof *slot->loss);
        p->slots->all |= UINT64_C(1) << i;
    }
    bytes = tp_network_bytes(&p->network, 0, 0);
    bytes = tp_arena_add(tp_arena_add(bytes, rows, sizeof(uint16_t)), rows, sizeof(uint16_t));
    status = tp_arena_create(&p->weights, bytes, error);
    if (status != TILEPROP_OK)
        return status;
    tp_network_place(&p->network, 0, &p->weights);
    for (int label = 0; label < 2; label++) {
        p->labels[label] = tp_arena_take(&p->weights, rows * sizeof(uint16_t));
        for (size_t r = 0; r < rows; r++)
            p->labels[label][r] = (uint16_t)label;
    }
    return TILEPROP_OK;
}

static tileprop_status prepare(struct tp_predictor *p, const char *isa, struct tp_error *error)
{
    const struct tp_train_options options = shape_of(p->model);
    const struct tp_weights *weights = &p->model->weights;
    const struct tp_tier *tier = tp_tier_find(isa);
    if (!tier)
        return tp_fail(error, TILEPROP_USAGE, "--isa: this CPU or this build has no tier \"%s\"", isa);
    /* One slice for each layer: nobody updates them, and the widest tiles are the fastest. */
    tileprop_status status = tp_network_shape(&p->network, &options, weights->layers[0].inputs,
                                              weights->layers[weights->layer_count - 1].units, 1, error);
    if (status != TILEPROP_OK)
        return status;
    p->plan = tp_plan_make(&p->network, 1, 1, 1);
    p->evaluator = (struct tp_evaluator){
        .tier = tier, .network = &p->network, .plan = &p->plan, .normalization = &p->model->normalization};
    status = allocate(p, error);
    if (status == TILEPROP_OK)
        tp_network_put(&p->network, 0, weights);
    return status;
}

tileprop_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model,
                                    const char *isa, struct tp_error *error)
{
    struct tp_predictor *p = calloc(1, sizeof *p);
    *predictor = NULL;
    if (!p)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: a network");
    p->model = model;
    const tileprop_status status = prepare(p, isa, error);
    if (status == TILEPROP_OK)
        *predictor = p;
    else
        tp_predictor_free(p);
    return status;
}

void tp_predictor_free(struct tp_predictor *p)
{
    if (!p)
        return;
    free(p->slots);
    tp_arena_destroy(&p->buffers);
    tp_arena_destroy(&p->weights);
    tp_network_free(&p->network);
    free(p);
}

tileprop_status tp_predictor_hash(const struct tp_predictor *p, uint64_t *hash, struct tp_error *error)
{
    return tp_network_hash(&p->network, hash, error);
}

size_t tp_predictor_parameters(const struct tp_predictor *p)
{
    return tp_network_parameters(&p->network);
}
