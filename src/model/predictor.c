#include "model/predictor.h"

#include <sched.h>
#include <stdlib.h>

#include "base/arena.h"
#include "data/offsets.h"
#include "kernels/flush.h"
#include "network/evaluator.h"
#include "network/network.h"
#include "network/plan.h"
#include "system/team.h"

#define TP_SLOTS_MAX   64                  /* bits of the word that marks lent slots */
#define TP_SLOTS_BYTES ((size_t)256 << 20) /* of all slots, unless one alone has more */

#define TP_ROWS_LEAST 12 /* of a block, a multiple of a tile's */

/*
 * Buffers are lent to each prediction, so that callers keep nothing per thread and wide layers do not overflow their
 * stacks. The lowest free slot goes first, since it is most likely in the caches; a slot never lent takes no memory. If
 * there are more threads than slots, threads wait for each other.
 */
struct slots {
    struct tp_evaluator_buffers slots[TP_SLOTS_MAX];
    uint64_t all;               /* one bit for each existing slot */
    atomic_uint_least64_t lent; /* last: far from members that all threads read */
};

struct tp_predictor {
    const struct tp_model *model;
    struct tp_network network;
    struct tp_evaluator evaluator;
    struct tp_arena weights, buffers, missing;
    struct slots *slots; /* points to `own`: buffers can be lent from a const predictor */
    struct slots own;
};

/* A call of tp_predictor_run, which several threads may share. */
struct work {
    const struct tp_predictor *predictor;
    struct tp_evaluator evaluator; /* blocks small enough that each thread gets some */
    const struct tp_dataset *samples;
    const struct tp_predictions *to;
    atomic_size_t next_block;
};

static size_t borrow(struct slots *slots)
{
    uint64_t lent = atomic_load_explicit(&slots->lent, memory_order_relaxed);
    for (;;) {
        const uint64_t available = slots->all & ~lent, lowest = available & -available;
        if (!available) {
            sched_yield();
            lent = atomic_load_explicit(&slots->lent, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&slots->lent, &lent, lent | lowest, memory_order_acquire,
                                                         memory_order_relaxed)) {
            return (size_t)__builtin_ctzll(lowest);
        }
    }
}

static void give_back(struct slots *slots, size_t slot)
{
    atomic_fetch_and_explicit(&slots->lent, ~(UINT64_C(1) << slot), memory_order_release);
}

/* The options that give a network the model's shape. */
static tileprop_options shape_of(const struct tp_model *model)
{
    const struct tp_weights *weights = &model->weights;
    tileprop_options options = {.hidden_count = weights->layer_count - 1,
                                .activation = model->activation,
                                .bias = weights->layers[0].has_bias ? TILEPROP_BIAS_INPUT : TILEPROP_BIAS_NONE,
                                .optimizer = TILEPROP_SGD}; /* which has no state */
    for (size_t l = 0; l < options.hidden_count; l++) {
        options.hidden[l] = weights->layers[l].units;
        if (weights->layers[l + 1].has_bias)
            options.bias = TILEPROP_BIAS_ALL;
    }
    return options;
}

/* One thread's share. */
static void predict(void *context, size_t member, size_t members)
{
    struct work *work = context;
    struct slots *slots = work->predictor->slots;
    const size_t slot = borrow(slots);
    (void)member;
    (void)members;
    tp_evaluator_run(&work->evaluator, &slots->slots[slot], work->samples, work->to, &work->next_block);
    give_back(slots, slot);
}

tileprop_status tp_predictor_run(const struct tp_predictor *p, size_t threads, const struct tp_dataset *samples,
                                 const struct tp_predictions *predictions, struct tp_error *error)
{
    struct work work = {.predictor = p, .evaluator = p->evaluator, .samples = samples, .to = predictions};
    const size_t last = samples->count ? samples->count - 1 : 0;
    const size_t share = (last / threads / TP_ROWS_LEAST + 1) * TP_ROWS_LEAST;
    work.evaluator.rows = share < p->evaluator.rows ? share : p->evaluator.rows;
    const size_t blocks = last / work.evaluator.rows + 1;
    return tp_team_run(blocks < threads ? blocks : threads, predict, &work, error);
}

static tileprop_status allocate(struct tp_predictor *p, struct tp_error *error)
{
    struct tp_evaluator_buffers unplaced;
    struct tp_arena slot = tp_arena_measure(), weights = tp_arena_measure();
    tp_evaluator_layout(&p->evaluator, &unplaced, &slot);
    tp_network_layout(&p->network, 0, &weights);
    size_t count = TP_SLOTS_BYTES / slot.used;
    count = count < 1 ? 1 : count > TP_SLOTS_MAX ? TP_SLOTS_MAX : count;
    p->slots = &p->own;
    tileprop_status status = tp_arena_create(&p->buffers, count * slot.used, error); /* several fit */
    if (status == TILEPROP_OK)
        status = tp_arena_create(&p->weights, weights.used, error);
    if (status != TILEPROP_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        tp_evaluator_layout(&p->evaluator, &p->slots->slots[i], &p->buffers);
        p->slots->all |= UINT64_C(1) << i;
    }
    tp_network_layout(&p->network, 0, &p->weights);
    return TILEPROP_OK;
}

void tp_predictor_reload(struct tp_predictor *p)
{
    const uint64_t saved = tp_flush_enter();
    tp_network_put(&p->network, 0, 0, &p->model->weights);
    tp_network_refresh(&p->network, 0, p->evaluator.tier);
    /* No step changes the sums, so only their total is needed. */
    struct tp_matrix *sums = &p->network.layers[0].slices[0].sums;
    sums->rows = tp_panel_count(p->network.layers[0].inputs);
    tp_matrix_add_rows(sums, *sums);
    sums->rows = 1;
    tp_flush_leave(saved);
}

/* What a missing value becomes, normalized by the same kernel as all others. A row's panels are contiguous. */
static tileprop_status prepare_missing(struct tp_predictor *p, struct tp_error *error)
{
    const float *means = p->model->schema.means;
    const struct tp_normalization *normalization = &p->model->normalization;
    const size_t inputs = normalization->features, size = tp_panel_count(inputs) * TP_PANEL * sizeof(float);
    if (!means)
        return TILEPROP_OK;
    const tileprop_status status = tp_arena_create(&p->missing, size, error);
    if (status != TILEPROP_OK)
        return status;
    float *missing = tp_arena_take(&p->missing, tp_panel_count(inputs), TP_PANEL * sizeof(float));
    const uint64_t saved = tp_flush_enter();
    p->evaluator.tier->pack_f32(
        &(struct tp_pack){.row_end = 1,
                          .samples = means,
                          .scale = normalization->scale,
                          .shift = normalization->added,
                          .a = {.data = missing, .stride = TP_PANEL, .rows = 1, .columns = inputs}});
    tp_flush_leave(saved);
    p->evaluator.missing = missing;
    return TILEPROP_OK;
}

static tileprop_status prepare(struct tp_predictor *p, const char *isa, struct tp_error *error)
{
    const tileprop_options options = shape_of(p->model);
    const struct tp_weights *weights = &p->model->weights;
    const struct tp_tier *tier = tp_tier_find(isa);
    if (!tier)
        return tp_fail(error, TILEPROP_USAGE, "isa: this CPU or this build has no tier \"%s\"", isa);
    /* One slice for each layer: nobody updates them, and the widest tiles are the fastest. */
    tileprop_status status = tp_network_shape(&p->network, &options, weights->layers[0].inputs,
                                              weights->layers[weights->layer_count - 1].units, 1, error);
    if (status != TILEPROP_OK)
        return status;
    tp_network_shift(&p->network, &p->model->normalization);
    p->evaluator = (struct tp_evaluator){
        .tier = tier,
        .network = &p->network,
        .normalization = &p->model->normalization,
        .unchecked = true,
        .offset = tp_offsets_any(p->model->normalization.offset, p->model->normalization.features),
        .rows = tp_plan_make(&p->network, 1, 1, 1).evaluation_rows};
    status = allocate(p, error);
    if (status == TILEPROP_OK)
        status = prepare_missing(p, error);
    if (status == TILEPROP_OK)
        tp_predictor_reload(p);
    return status;
}

tileprop_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model, const char *isa,
                                    struct tp_error *error)
{
    struct tp_predictor *p = calloc(1, sizeof *p);
    *predictor = NULL;
    if (!p)
        return tp_fail_memory(error, NULL, "a network");
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
    tp_arena_destroy(&p->buffers);
    tp_arena_destroy(&p->weights);
    tp_arena_destroy(&p->missing);
    tp_network_free(&p->network);
    free(p);
}

const struct tp_network *tp_predictor_network(const struct tp_predictor *p)
{
    return &p->network;
}
