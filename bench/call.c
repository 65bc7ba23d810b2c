#include "call.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/choices.h"
#include "network/plan.h"
#include "system/cpus.h"
#include "system/team.h"

const char *bench_verb_name(enum bench_verb verb)
{
    static const char *const names[BENCH_VERBS] = {"forward", "backward", "update",     "apply",   "refresh",
                                                   "pack_u8", "pack_f32", "loss",       "softmax", "exp",
                                                   "log",     "sigmoid",  "lecun_tanh", "tanh",    "relu"};
    return names[verb];
}

bool bench_is_product(enum bench_verb verb)
{
    return verb <= BENCH_UPDATE;
}

static bool has_rule(const struct bench_call *c)
{
    return (c->verb == BENCH_UPDATE && !c->bare) || c->verb == BENCH_APPLY;
}

void bench_call_name(const struct bench_call *c, char name[BENCH_NAME_MAX])
{
    const bool activates = c->verb == BENCH_FORWARD || c->verb == BENCH_BACKWARD;
    const char *fused = activates && c->activation == TILEPROP_LINEAR ? "linear"
                        : activates && c->activation != TILEPROP_LECUN_TANH
                            ? tp_choice_name(tp_activation_choices, (int)c->activation)
                        : has_rule(c) && c->optimizer != TILEPROP_MOMENTUM
                            ? tp_choice_name(tp_optimizer_choices, (int)c->optimizer)
                            : "";
    int length = snprintf(name, BENCH_NAME_MAX, "%s-%zux%zu", bench_verb_name(c->verb), c->m, c->n);
    if (bench_is_product(c->verb))
        length += snprintf(name + length, BENCH_NAME_MAX - (size_t)length, "x%zu", c->k);
    snprintf(name + length, BENCH_NAME_MAX - (size_t)length, "%s%s%s", *fused ? "-" : "", fused,
             c->first_layer ? "-first" : "");
}

double bench_flops(const struct bench_call *c)
{
    return bench_is_product(c->verb) ? 2.0 * (double)c->m * (double)c->n * (double)c->k : 0;
}

double bench_bytes(const struct bench_call *c)
{
    const double mn = (double)(c->m * c->n);
    const double product = bench_is_product(c->verb) ? (double)(c->m * c->k + c->k * c->n) : 0;
    /* The rule reads and writes weights and states; the transposed view is written. */
    const double rule = 2 * (1 + tp_optimizer_states(c->optimizer)) + !c->first_layer;
    const double arrays = has_rule(c)                             ? rule + (c->verb == BENCH_APPLY)
                          : c->verb == BENCH_PACK_U8              ? 1.25
                          : c->verb == BENCH_BACKWARD && !c->bare ? 2 /* the activations besides */
                          : bench_is_product(c->verb)             ? 1
                                                                  : 2;
    return 4 * (product + arrays * mn);
}

/* Takes a matrix from an arena, which may be one that measures; without rows it is empty. */
static struct tp_matrix take(struct tp_arena *arena, size_t rows, size_t columns)
{
    const size_t stride = tp_panel_stride(rows);
    return (struct tp_matrix){rows ? tp_arena_take(arena, tp_panel_count(columns) * stride, sizeof(float))
                                   : NULL,
                              stride, rows, columns};
}

static size_t floats_of(const struct tp_matrix *x)
{
    return x->rows ? tp_panel_count(x->columns) * x->stride : 0;
}

static void layout(struct bench_operands *o, struct tp_arena *arena)
{
    const struct bench_call *c = &o->call;
    const size_t m = c->m, n = c->n, k = c->k;
    const bool product = bench_is_product(c->verb), update = c->verb == BENCH_UPDATE;
    const bool owns = update || c->verb == BENCH_APPLY || c->verb == BENCH_REFRESH;
    const bool packs = c->verb == BENCH_PACK_U8 || c->verb == BENCH_PACK_F32;
    o->in = update ? take(arena, k, m) : product ? take(arena, m, k) : take(arena, owns || packs ? 0 : m, n);
    o->weights = owns ? take(arena, m, n) : take(arena, product ? k : 0, n);
    o->out = take(arena, update ? k : owns ? 0 : m, n);
    o->activations = take(arena, c->verb == BENCH_BACKWARD ? m : 0, n);
    o->transposed = take(arena, owns && !c->first_layer && !c->bare ? n : 0, m);
    o->gradient = take(arena, c->verb == BENCH_APPLY || (update && c->bare) ? m : 0, n);
    for (int i = 0; i < 2; i++)
        o->state[i] = tp_arena_take(arena, has_rule(c) ? floats_of(&o->weights) : 0, sizeof(float));
    o->samples = tp_arena_take(arena, packs ? m * n : 0, c->verb == BENCH_PACK_U8 ? 1 : sizeof(float));
    o->scale = tp_arena_take(arena, packs ? n : 0, sizeof(float));
    o->shift = tp_arena_take(arena, packs ? n : 0, sizeof(float));
    o->loss = tp_arena_take(arena, c->verb == BENCH_LOSS ? m : 0, sizeof(float));
    o->labels = tp_arena_take(arena, c->verb == BENCH_LOSS ? m : 0, sizeof(uint16_t));
}

static float value_at(size_t i)
{
    return (float)((uint32_t)i * 2654435761u >> 20) / 2048 - 1;
}

void bench_fill(float *x, size_t count, float scale)
{
    for (size_t i = 0; i < count; i++)
        x[i] = scale * value_at(i);
}

/* The values that bench_fill() gives to the row-major matrix. */
static void fill_matrix(const struct tp_matrix *x, float scale)
{
    for (size_t r = 0; r < x->rows; r++)
        for (size_t c = 0; c < x->columns; c++)
            *tp_matrix_at(x, r, c) = scale * value_at(r * x->columns + c);
}

struct tp_optimizer bench_rule(tileprop_optimizer kind)
{
    return (struct tp_optimizer){.kind = kind,
                                 .rate = 1e-30f,
                                 .momentum = 0.9f,
                                 .keep = 1,
                                 .beta1 = 0.9f,
                                 .one_minus_beta1 = 0.1f,
                                 .beta2 = 0.999f,
                                 .one_minus_beta2 = 0.001f,
                                 .root_correction = 1,
                                 .epsilon = 1e-8f};
}

static void fill_operands(struct bench_operands *o)
{
    const struct bench_call *c = &o->call;
    fill_matrix(&o->in, BENCH_IN_SCALE);
    fill_matrix(&o->weights, BENCH_WEIGHTS_SCALE);
    fill_matrix(&o->out, BENCH_OUT_SCALE);
    fill_matrix(&o->activations, BENCH_ACTIVATIONS_SCALE);
    fill_matrix(&o->gradient, BENCH_OUT_SCALE);
    /* exp takes what is not positive, log what is. */
    for (size_t i = 0; (c->verb == BENCH_EXP || c->verb == BENCH_LOG) && i < floats_of(&o->in); i++)
        o->in.data[i] = c->verb == BENCH_EXP ? -fabsf(o->in.data[i]) : 0.5f + fabsf(o->in.data[i]);
    if (c->verb == BENCH_PACK_F32)
        bench_fill(o->samples, c->m * c->n, 255);
    for (size_t i = 0; c->verb == BENCH_PACK_U8 && i < c->m * c->n; i++)
        ((uint8_t *)o->samples)[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    if (c->verb == BENCH_PACK_U8 || c->verb == BENCH_PACK_F32) {
        bench_fill(o->scale, c->n, 0.01f);
        bench_fill(o->shift, c->n, 0.4f);
    }
    for (size_t r = 0; c->verb == BENCH_LOSS && r < c->m; r++)
        o->labels[r] = (uint16_t)(r % c->n);
}

tileprop_status bench_create(struct bench_operands *o, const struct bench_call *call,
                             const struct tp_tier *tier, size_t threads, struct tp_error *error)
{
    *o = (struct bench_operands){
        .call = *call, .tier = tier, .threads = threads, .optimizer = bench_rule(call->optimizer)};
    if (call->bare)
        o->call.activation = TILEPROP_LINEAR;
    struct tp_arena size = tp_arena_measure();
    layout(o, &size);
    const tileprop_status status = tp_arena_create(&o->arena, size.used, error);
    if (status)
        return status;
    layout(o, &o->arena);
    fill_operands(o);
    return TILEPROP_OK;
}

void bench_destroy(struct bench_operands *o)
{
    tp_arena_destroy(&o->arena);
    *o = (struct bench_operands){0};
}

/* Rows and columns of the result that a member computes, as a step's plan divides such a layer. */
struct share {
    struct tp_range rows, columns;
};

static struct share share_of(const struct bench_call *c, bool by_columns, size_t member, size_t members)
{
    if (by_columns)
        return (struct share){{0, c->m}, tp_plan_share_panels(c->n, member, members)};
    return (struct share){tp_plan_share(c->m, member, members), {0, c->n}};
}

static void run_forward(const struct bench_operands *o, size_t member, size_t members)
{
    const struct bench_call *c = &o->call;
    const struct share own =
        share_of(c, tp_plan_units_pay(c->k, c->n, false, members, c->m), member, members);
    const size_t units = own.columns.end - own.columns.begin;
    o->tier->forward(&(struct tp_forward){.row_begin = own.rows.begin,
                                          .row_end = own.rows.end,
                                          .a = o->in,
                                          .w = tp_matrix_columns(&o->weights, own.columns.begin, units),
                                          .z = tp_matrix_columns(&o->out, own.columns.begin, units),
                                          .activation = c->activation});
}

static void run_backward(const struct bench_operands *o, size_t member, size_t members)
{
    const struct bench_call *c = &o->call;
    const bool by_inputs =
        tp_plan_inputs_pay(tp_plan_units_pay(c->n, c->k, false, members, c->m), c->n, c->k);
    const struct share own = share_of(c, by_inputs, member, members);
    o->tier->backward(&(struct tp_backward){.row_begin = own.rows.begin,
                                            .row_end = own.rows.end,
                                            .input_begin = own.columns.begin,
                                            .input_end = own.columns.end,
                                            .first = true,
                                            .last = true,
                                            .d = o->in,
                                            .wt = o->weights,
                                            .a = o->activations,
                                            .d_in = o->out,
                                            .activation = c->activation});
}

/* As a step of a network that is this layer alone has it. */
static bool is_nontemporal(const struct bench_operands *o)
{
    const size_t arrays = 1 + (size_t)tp_optimizer_states(o->call.optimizer) + (o->transposed.data != NULL);
    return arrays * floats_of(&o->weights) * sizeof(float) > o->tier->blocks->nontemporal_bytes;
}

/* By whole panels of inputs, as a plan divides the update of a slice. */
static void run_owner(const struct bench_operands *o, struct tp_range inputs)
{
    const struct bench_call *c = &o->call;
    if (inputs.begin == inputs.end)
        return;
    if (c->verb == BENCH_UPDATE)
        o->tier->update(&(struct tp_update){.rows = c->k,
                                            .input_begin = inputs.begin,
                                            .input_end = inputs.end,
                                            .a = o->in,
                                            .d = o->out,
                                            .optimizer = &o->optimizer,
                                            .w = o->weights,
                                            .wt = o->transposed,
                                            .state = {o->state[0], o->state[1]},
                                            .gradient = o->gradient,
                                            .nontemporal = is_nontemporal(o)});
    else if (c->verb == BENCH_APPLY)
        o->tier->apply(&(struct tp_apply){.input_begin = inputs.begin,
                                          .input_end = inputs.end,
                                          .inputs = c->m,
                                          .gradient = o->gradient,
                                          .optimizer = &o->optimizer,
                                          .w = o->weights,
                                          .wt = o->transposed,
                                          .state = {o->state[0], o->state[1]},
                                          .nontemporal = is_nontemporal(o)});
    else
        o->tier->refresh(&(struct tp_refresh){.input_begin = inputs.begin,
                                              .input_end = inputs.end,
                                              .w = o->weights,
                                              .wt = o->transposed,
                                              .nontemporal = is_nontemporal(o)});
}

static void run_rows(const struct bench_operands *o, struct tp_range rows)
{
    const struct bench_call *c = &o->call;
    const struct tp_tier *tier = o->tier;
    tp_map_fn *const maps[] = {tier->exp, tier->log, tier->sigmoid, tier->lecun_tanh, tier->tanh, tier->relu};
    if (c->verb == BENCH_PACK_U8 || c->verb == BENCH_PACK_F32)
        (c->verb == BENCH_PACK_U8 ? tier->pack_u8 : tier->pack_f32)(&(struct tp_pack){.row_begin = rows.begin,
                                                                                      .row_end = rows.end,
                                                                                      .samples = o->samples,
                                                                                      .scale = o->scale,
                                                                                      .shift = o->shift,
                                                                                      .a = o->out});
    else if (c->verb == BENCH_LOSS)
        tier->loss(&(struct tp_loss){.row_begin = rows.begin,
                                     .row_end = rows.end,
                                     .z = o->in,
                                     .labels = o->labels,
                                     .scale = 1 / (float)c->m,
                                     .d = o->out,
                                     .loss = o->loss});
    else if (c->verb == BENCH_SOFTMAX)
        tier->softmax(
            &(struct tp_softmax){.row_begin = rows.begin, .row_end = rows.end, .z = o->in, .p = o->out});
    else
        maps[c->verb - BENCH_EXP]((rows.end - rows.begin) * c->n, o->in.data + rows.begin * c->n,
                                  o->out.data + rows.begin * c->n);
}

void bench_run(const struct bench_operands *o, size_t member, size_t members)
{
    switch (o->call.verb) {
    case BENCH_FORWARD:
        run_forward(o, member, members);
        break;
    case BENCH_BACKWARD:
        run_backward(o, member, members);
        break;
    case BENCH_UPDATE:
    case BENCH_APPLY:
    case BENCH_REFRESH:
        run_owner(o, tp_plan_share_panels(o->call.m, member, members));
        break;
    default:
        run_rows(o, tp_plan_share(o->call.m, member, members));
    }
}

struct team_run {
    const struct bench_operands *operands;
    size_t times;
};

static void run_member(void *context, size_t member, size_t members)
{
    const struct team_run *run = context;
    for (size_t i = 0; i < run->times; i++) {
        bench_run(run->operands, member, members);
        tp_team_barrier();
    }
}

tileprop_status bench_run_team(void *context, size_t times, const struct bench_watch *watch,
                               struct tp_error *error)
{
    const struct bench_operands *o = context;
    struct team_run run = {o, times};
    bench_start(watch);
    const tileprop_status status = tp_team_run(o->threads, run_member, &run, error);
    bench_stop(watch);
    return status;
}

void bench_result(const struct bench_operands *o, float *result)
{
    const struct tp_matrix *from = o->gradient.data ? &o->gradient : &o->out;
    for (size_t r = 0; r < from->rows; r++)
        for (size_t c = 0; c < from->columns; c++)
            *result++ = *tp_matrix_at(from, r, c);
}

static bool same(const struct tp_matrix *a, const struct tp_matrix *b)
{
    for (size_t r = 0; r < a->rows; r++)
        for (size_t c = 0; c < a->columns; c++)
            if (memcmp(tp_matrix_at(a, r, c), tp_matrix_at(b, r, c), sizeof(float)) != 0)
                return false;
    return true;
}

static bool same_results(const struct bench_operands *a, const struct bench_operands *b)
{
    bool equal = same(&a->out, &b->out) && same(&a->weights, &b->weights) &&
                 same(&a->transposed, &b->transposed) && same(&a->gradient, &b->gradient);
    if (a->call.verb == BENCH_LOSS)
        equal &= memcmp(a->loss, b->loss, a->call.m * sizeof *a->loss) == 0;
    for (int i = 0; has_rule(&a->call) && i < tp_optimizer_states(a->call.optimizer); i++) {
        struct tp_matrix x = a->weights, y = b->weights;
        x.data = a->state[i];
        y.data = b->state[i];
        equal &= same(&x, &y);
    }
    return equal;
}

static void no_time(void *context)
{
    (void)context;
}

tileprop_status bench_verify(const struct bench_call *call, const struct tp_tier *tier,
                             struct tp_error *error)
{
    static const struct bench_watch nobody = {no_time, no_time, NULL};
    const size_t threads = tp_cpus_available(); /* because the reference is slow */
    struct bench_operands ours, reference = {0};
    char name[BENCH_NAME_MAX];
    tileprop_status status = bench_create(&ours, call, tier, threads, error);
    if (!status)
        status = bench_create(&reference, call, tp_tiers[0], threads, error);
    ours.optimizer.rate = reference.optimizer.rate = 0.01f;
    if (!status)
        status = bench_run_team(&ours, 1, &nobody, error);
    if (!status)
        status = bench_run_team(&reference, 1, &nobody, error);
    bench_call_name(call, name);
    if (!status && !same_results(&ours, &reference))
        status =
            tp_fail(error, TILEPROP_FAILURE, "%s: %s does not give what reference gives", name, tier->name);
    bench_destroy(&ours);
    bench_destroy(&reference);
    return status;
}
