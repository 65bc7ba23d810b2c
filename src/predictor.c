#include "predictor.h"

#include <stdlib.h>

#include "arena.h"
#include "evaluate.h"
#include "network.h"
#include "plan.h"
#include "team.h"

/* One thread's share. */
struct member {
    struct tp_arena arena;
    struct tp_evaluator_member evaluator;
};

struct tp_predictor {
    const struct tp_model *model;
    struct tp_network network;
    struct tp_plan plan;
    struct tp_evaluator evaluator;
    struct member *members;
    struct tp_arena shared;
    uint16_t *labels[2]; /* [rows of a block]: all 0, all 1 */
    const struct tp_dataset *samples;
    float *probabilities;
};

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
    options.bias = behind_the_first              ? TP_BIAS_ALL
                   : weights->layers[0].has_bias ? TP_BIAS_INPUT
                                                 : TP_BIAS_NONE;
    options.optimizer = TP_SGD; /* which has no state */
    return options;
}

/*
 * p = e_k / s is what the loss leaves as gradient for classes that are not the label, so label 0 gives all
 * but the first, and label 1 that one. The true labels' losses come after these and overwrite them.
 */
static void keep_probabilities(void *context, const float *logits, float *room, size_t stride, size_t begin,
                               size_t rows)
{
    struct tp_predictor *p = context;
    const size_t classes = p->network.layers[p->network.layer_count - 1].units;
    float *to = p->probabilities + begin * classes;
    for (size_t label = 0; label < 2 && label < classes; label++) {
        p->evaluator.tier->loss(&(struct tp_loss){.row_end = rows,
                                                  .classes = classes,
                                                  .z = logits,
                                                  .z_stride = stride,
                                                  .labels = p->labels[label],
                                                  .scale = 1,
                                                  .d = room,
                                                  .d_stride = stride,
                                                  .loss = p->evaluator.loss + begin});
        for (size_t r = 0; r < rows; r++)
            for (size_t k = label ? 0 : 1; k < (label ? 1 : classes); k++)
                to[r * classes + k] = room[tp_panel_offset(stride, r, k)];
    }
    for (size_t r = 0; r < rows && classes == 1; r++)
        to[r] = 1;
}

static enum tp_status allocate(struct tp_predictor *p, struct tp_error *error)
{
    const size_t members = p->plan.members, rows = p->plan.evaluation_rows;
    p->members = calloc(members, sizeof *p->members);
    if (!p->members)
        return tp_fail(error, TP_FAILURE, "out of memory: %zu threads", members);
    enum tp_status status = tp_arena_create(
        &p->shared, tp_arena_add(tp_arena_add(0, rows, sizeof(uint16_t)), rows, sizeof(uint16_t)), error);
    for (size_t m = 0; m < members && status == TP_OK; m++) {
        const size_t bytes = tp_network_bytes(&p->network, m, 0);
        status = tp_arena_create(&p->members[m].arena,
                                 tp_evaluator_member_bytes(&p->network, &p->plan, bytes), error);
        if (status != TP_OK)
            break;
        tp_network_place(&p->network, m, &p->members[m].arena);
        tp_evaluator_member_place(&p->evaluator, &p->members[m].evaluator, &p->members[m].arena);
    }
    for (int label = 0; label < 2 && status == TP_OK; label++) {
        p->labels[label] = tp_arena_take(&p->shared, rows * sizeof(uint16_t));
        for (size_t r = 0; r < rows; r++)
            p->labels[label][r] = (uint16_t)label;
    }
    return status;
}

static void predict(void *context, size_t index, size_t members)
{
    struct tp_predictor *p = context;
    (void)members;
    tp_evaluator_run(&p->evaluator, &p->members[index].evaluator, p->samples);
}

static enum tp_status prepare(struct tp_predictor *p, const char *isa, size_t threads, struct tp_error *error)
{
    const struct tp_train_options options = shape_of(p->model);
    const struct tp_weights *weights = &p->model->weights;
    const struct tp_tier *tier = tp_tier_find(isa);
    if (!tier)
        return tp_fail(error, TP_USAGE, "--isa: this CPU or this build has no tier \"%s\"", isa);
    /* One slice for each layer: nobody updates them, and the widest tiles are the fastest. */
    enum tp_status status = tp_network_shape(&p->network, &options, weights->layers[0].inputs,
                                             weights->layers[weights->layer_count - 1].units, 1, error);
    if (status != TP_OK)
        return status;
    p->plan = tp_plan_make(&p->network, threads, 1, 1);
    p->evaluator = (struct tp_evaluator){.tier = tier,
                                         .network = &p->network,
                                         .plan = &p->plan,
                                         .normalization = &p->model->normalization,
                                         .context = p};
    status = allocate(p, error);
    if (status == TP_OK)
        tp_network_put(&p->network, 0, weights);
    return status;
}

enum tp_status tp_predictor_create(struct tp_predictor **predictor, const struct tp_model *model,
                                   const char *isa, size_t threads, struct tp_error *error)
{
    struct tp_predictor *p = calloc(1, sizeof *p);
    *predictor = NULL;
    if (!p)
        return tp_fail(error, TP_FAILURE, "out of memory: a network");
    p->model = model;
    const enum tp_status status = prepare(p, isa, threads, error);
    if (status == TP_OK)
        *predictor = p;
    else
        tp_predictor_free(p);
    return status;
}

void tp_predictor_free(struct tp_predictor *p)
{
    if (!p)
        return;
    for (size_t m = 0; p->members && m < p->plan.members; m++)
        tp_arena_destroy(&p->members[m].arena);
    free(p->members);
    tp_arena_destroy(&p->shared);
    tp_network_free(&p->network);
    free(p);
}

enum tp_status tp_predictor_run(struct tp_predictor *p, const struct tp_dataset *samples,
                                const struct tp_predictions *predictions, struct tp_error *error)
{
    p->samples = samples;
    p->probabilities = predictions->probabilities;
    p->evaluator.loss = predictions->loss;
    p->evaluator.predicted = predictions->predicted;
    p->evaluator.seen = predictions->probabilities ? keep_probabilities : NULL;
    p->evaluator.next_block = 0;
    const size_t members = tp_team_run(p->plan.members, predict, p);
    return members == p->plan.members ? TP_OK
                                      : tp_fail(error, TP_FAILURE, "the system granted %zu of %zu threads",
                                                members, p->plan.members);
}

enum tp_status tp_predictor_hash(const struct tp_predictor *p, uint64_t *hash, struct tp_error *error)
{
    return tp_network_hash(&p->network, hash, error);
}

size_t tp_predictor_parameters(const struct tp_predictor *p)
{
    return tp_network_parameters(&p->network);
}
