#include "call.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "network/plan.h"
#include "system/cpus.h"
#include "system/team.h"

const char *bench_kind_name(enum bench_kind kind)
{
    static const char *const names[BENCH_KINDS] = {"forward",  "backward", "update", "pack_u8",
                                                   "pack_f32", "loss",     "map"};
    return names[kind];
}

/* Of struct tp_tier. */
static const char *member_name(const struct bench_call *call)
{
    static const char *const maps[TP_ACTIVATION_COUNT] = {"relu", "sigmoid", "lecun_tanh", "tanh", "relu"};
    return call->kind == BENCH_MAP ? maps[call->activation] : bench_kind_name(call->kind);
}

const char *bench_kernel_name(const struct bench_call *call, const struct tp_tier *tier)
{
    static char name[64];
    snprintf(name, sizeof name, "tp_%s_%s", member_name(call), tier->name);
    return name;
}

struct bench_call bench_bare(const struct bench_call *call)
{
    struct bench_call bare = *call;
    bare.activation = TILEPROP_LINEAR;
    bare.gradient = call->kind == BENCH_UPDATE;
    return bare;
}

static bool is_product(enum bench_kind kind)
{
    return kind == BENCH_FORWARD || kind == BENCH_BACKWARD || kind == BENCH_UPDATE;
}

double bench_flops(const struct bench_call *c)
{
    return is_product(c->kind) ? 2.0 * (double)c->m * (double)c->n * (double)c->k : 0;
}

double bench_bytes(const struct bench_call *c)
{
    const double m = (double)c->m, n = (double)c->n, k = (double)c->k;
    switch (c->kind) {
    case BENCH_FORWARD:
        return 4 * (m * k + k * n + m * n);
    case BENCH_BACKWARD:
        return 4 * (m * k + k * n + 2 * m * n); /* the activations besides */
    case BENCH_UPDATE: {
        if (c->gradient)
            return 4 * (m * k + k * n + m * n);
        /* Weights and state are read and written, the transposed view is written. */
        const double arrays = 2 * (1 + tp_optimizer_states(c->optimizer)) + !c->first_layer;
        return 4 * (m * k + k * n + arrays * m * n);
    }
    case BENCH_PACK_U8:
        return 5 * m * n;
    case BENCH_PACK_F32:
    case BENCH_LOSS:
    case BENCH_MAP:
    case BENCH_KINDS:
        break;
    }
    return 8 * m * n;
}

struct shape {
    size_t rows, columns;
};

static struct shape in_of(const struct bench_call *c)
{
    return c->kind == BENCH_UPDATE ? (struct shape){c->k, c->m}
           : is_product(c->kind)   ? (struct shape){c->m, c->k}
                                   : (struct shape){c->m, c->n};
}

static struct shape weights_of(const struct bench_call *c)
{
    return c->kind == BENCH_UPDATE ? (struct shape){c->m, c->n}
           : is_product(c->kind)   ? (struct shape){c->k, c->n}
                                   : (struct shape){0, 0};
}

static struct shape out_of(const struct bench_call *c)
{
    return (struct shape){c->kind == BENCH_UPDATE ? c->k : c->m, c->n};
}

static size_t stride_of(struct shape x)
{
    return tp_panel_stride(x.rows);
}

static size_t floats_of(struct shape x)
{
    return tp_panel_count(x.columns) * stride_of(x);
}

static struct tp_matrix matrix_of(float *data, struct shape x)
{
    return (struct tp_matrix){data, stride_of(x), x.rows, x.columns};
}

static bool has_transposed(const struct bench_call *c)
{
    return c->kind == BENCH_UPDATE && !c->first_layer;
}

/* Takes the operands from an arena, which may be one that measures. */
static void layout(struct bench_operands *o, struct tp_arena *arena)
{
    const struct bench_call *c = &o->call;
    const size_t weights = floats_of(weights_of(c)), outputs = floats_of(out_of(c));
    const size_t transposed = floats_of((struct shape){c->n, c->m});
    const bool update = c->kind == BENCH_UPDATE;
    const size_t sample = c->kind == BENCH_PACK_U8 ? 1 : c->kind == BENCH_PACK_F32 ? sizeof(float) : 0;
    o->in = tp_arena_take(arena, floats_of(in_of(c)), sizeof(float));
    o->weights = tp_arena_take(arena, weights, sizeof(float));
    o->out = tp_arena_take(arena, outputs, sizeof(float));
    o->activations = tp_arena_take(arena, c->kind == BENCH_BACKWARD ? outputs : 0, sizeof(float));
    o->transposed = tp_arena_take(arena, has_transposed(c) ? transposed : 0, sizeof(float));
    for (int i = 0; i < 2; i++)
        o->state[i] = tp_arena_take(arena, update ? weights : 0, sizeof(float));
    o->gradient = tp_arena_take(arena, c->gradient ? weights : 0, sizeof(float));
    o->samples = tp_arena_take(arena, c->m * c->n, sample);
    o->scale = tp_arena_take(arena, c->n, sizeof(float));
    o->shift = tp_arena_take(arena, c->n, sizeof(float));
    o->loss = tp_arena_take(arena, c->m, sizeof(float));
    o->labels = tp_arena_take(arena, c->m, sizeof(uint16_t));
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
static void fill_matrix(float *x, struct shape shape, float scale)
{
    for (size_t r = 0; r < shape.rows; r++)
        for (size_t c = 0; c < shape.columns; c++)
            x[tp_panel_offset(stride_of(shape), r, c)] = scale * value_at(r * shape.columns + c);
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
    fill_matrix(o->in, in_of(c), BENCH_IN_SCALE);
    fill_matrix(o->weights, weights_of(c), BENCH_WEIGHTS_SCALE);
    fill_matrix(o->out, out_of(c), BENCH_OUT_SCALE);
    if (c->kind == BENCH_BACKWARD)
        fill_matrix(o->activations, out_of(c), BENCH_ACTIVATIONS_SCALE);
    if (c->kind == BENCH_PACK_F32)
        bench_fill(o->samples, c->m * c->n, 255);
    for (size_t i = 0; c->kind == BENCH_PACK_U8 && i < c->m * c->n; i++)
        ((uint8_t *)o->samples)[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    bench_fill(o->scale, c->n, 0.01f);
    bench_fill(o->shift, c->n, 0.4f);
    for (size_t r = 0; r < c->m; r++)
        o->labels[r] = (uint16_t)(r % c->n);
}

tileprop_status bench_create(struct bench_operands *o, const struct bench_call *call,
                             const struct tp_tier *tier, struct tp_error *error)
{
    *o = (struct bench_operands){.call = *call, .tier = tier, .optimizer = bench_rule(call->optimizer)};
    struct tp_arena size = tp_arena_measure();
    layout(o, &size);
    tileprop_status status = tp_arena_create(&o->arena, size.used, error);
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

/* Rows and columns of the result that a member computes: as a step's plan divides such a layer. */
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
    const struct tp_matrix weights = matrix_of(o->weights, weights_of(c)), out = matrix_of(o->out, out_of(c));
    const size_t units = own.columns.end - own.columns.begin;
    o->tier->forward(&(struct tp_forward){.row_begin = own.rows.begin,
                                          .row_end = own.rows.end,
                                          .a = matrix_of(o->in, in_of(c)),
                                          .w = tp_matrix_columns(&weights, own.columns.begin, units),
                                          .z = tp_matrix_columns(&out, own.columns.begin, units),
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
                                            .d = matrix_of(o->in, in_of(c)),
                                            .wt = matrix_of(o->weights, weights_of(c)),
                                            .a = matrix_of(o->activations, out_of(c)),
                                            .d_in = matrix_of(o->out, out_of(c)),
                                            .activation = c->activation});
}

/* As a step of a network that is this layer alone has it. */
static bool is_nontemporal(const struct bench_operands *o)
{
    const struct bench_call *c = &o->call;
    const size_t arrays = 1 + (size_t)tp_optimizer_states(c->optimizer) + has_transposed(c);
    return arrays * floats_of(weights_of(c)) * sizeof(float) > o->tier->blocks->nontemporal_bytes;
}

/* By whole panels of inputs, as a plan divides the update of a slice. */
static void run_update(const struct bench_operands *o, size_t member, size_t members)
{
    const struct bench_call *c = &o->call;
    const struct tp_range inputs = tp_plan_share_panels(c->m, member, members);
    if (inputs.begin == inputs.end)
        return;
    o->tier->update(&(struct tp_update){
        .rows = c->k,
        .input_begin = inputs.begin,
        .input_end = inputs.end,
        .a = matrix_of(o->in, in_of(c)),
        .d = matrix_of(o->out, out_of(c)),
        .optimizer = &o->optimizer,
        .w = matrix_of(o->weights, weights_of(c)),
        .wt = matrix_of(has_transposed(c) ? o->transposed : NULL, (struct shape){c->n, c->m}),
        .state = {o->state[0], o->state[1]},
        .gradient = matrix_of(c->gradient ? o->gradient : NULL, weights_of(c)),
        .nontemporal = is_nontemporal(o)});
}

static void run_pack(const struct bench_operands *o, struct tp_range rows)
{
    const struct bench_call *c = &o->call;
    tp_pack_fn *verb = c->kind == BENCH_PACK_U8 ? o->tier->pack_u8 : o->tier->pack_f32;
    verb(&(struct tp_pack){.row_begin = rows.begin,
                           .row_end = rows.end,
                           .samples = o->samples,
                           .scale = o->scale,
                           .shift = o->shift,
                           .a = matrix_of(o->out, out_of(c))});
}

static void run_loss(const struct bench_operands *o, struct tp_range rows)
{
    const struct bench_call *c = &o->call;
    o->tier->loss(&(struct tp_loss){.row_begin = rows.begin,
                                    .row_end = rows.end,
                                    .z = matrix_of(o->in, in_of(c)),
                                    .labels = o->labels,
                                    .scale = 1 / (float)c->m,
                                    .d = matrix_of(o->out, out_of(c)),
                                    .loss = o->loss});
}

static tp_map_fn *map_of(const struct tp_tier *tier, tileprop_activation activation)
{
    switch (activation) {
    case TILEPROP_SIGMOID:
        return tier->sigmoid;
    case TILEPROP_LECUN_TANH:
        return tier->lecun_tanh;
    case TILEPROP_TANH:
        return tier->tanh;
    case TILEPROP_RELU:
    case TILEPROP_LINEAR:
        break;
    }
    return tier->relu;
}

void bench_run(const struct bench_operands *o, size_t member, size_t members)
{
    const struct tp_range rows = tp_plan_share(o->call.m, member, members);
    switch (o->call.kind) {
    case BENCH_FORWARD:
        run_forward(o, member, members);
        break;
    case BENCH_BACKWARD:
        run_backward(o, member, members);
        break;
    case BENCH_UPDATE:
        run_update(o, member, members);
        break;
    case BENCH_PACK_U8:
    case BENCH_PACK_F32:
        run_pack(o, rows);
        break;
    case BENCH_LOSS:
        run_loss(o, rows);
        break;
    case BENCH_MAP:
        map_of(o->tier, o->call.activation)((rows.end - rows.begin) * o->call.n,
                                            o->in + rows.begin * o->call.n, o->out + rows.begin * o->call.n);
        break;
    case BENCH_KINDS:
        break;
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

bool bench_run_team(const struct bench_operands *operands, size_t threads, size_t times)
{
    struct team_run run = {operands, times};
    return tp_team_run(threads, run_member, &run, NULL) == TILEPROP_OK;
}

bool bench_can_evict(void)
{
#ifdef __x86_64__
    return true;
#else
    return false;
#endif
}

static void evict(const struct tp_arena *arena)
{
#ifdef __x86_64__
    for (size_t offset = 0; offset < arena->used; offset += 64)
        __builtin_ia32_clflush(arena->base + offset);
    __builtin_ia32_mfence();
#else
    (void)arena;
#endif
}

struct cold_run {
    const struct bench_operands *operands;
    size_t times;
    double seconds;
};

static void run_cold_member(void *context, size_t member, size_t members)
{
    struct cold_run *run = context;
    for (size_t i = 0; i < run->times; i++) {
        if (member == 0)
            evict(&run->operands->arena);
        tp_team_barrier();
        const double began = tp_clock_seconds();
        bench_run(run->operands, member, members);
        tp_team_barrier();
        if (member == 0)
            run->seconds += tp_clock_seconds() - began;
    }
}

double bench_run_cold(const struct bench_operands *operands, size_t threads, size_t times)
{
    struct cold_run run = {operands, times, 0};
    return tp_team_run(threads, run_cold_member, &run, NULL) == TILEPROP_OK ? run.seconds : 0;
}

void bench_result(const struct bench_operands *o, float *result)
{
    const struct bench_call *c = &o->call;
    const struct shape shape = c->kind == BENCH_UPDATE ? weights_of(c) : out_of(c);
    const float *from = c->kind == BENCH_UPDATE ? o->gradient : o->out;
    for (size_t row = 0; row < shape.rows; row++)
        for (size_t column = 0; column < shape.columns; column++)
            result[row * shape.columns + column] = from[tp_panel_offset(stride_of(shape), row, column)];
}

static bool same(const float *a, const float *b, struct shape x)
{
    for (size_t r = 0; r < x.rows; r++)
        for (size_t c = 0; c < x.columns; c++)
            if (memcmp(&a[tp_panel_offset(stride_of(x), r, c)], &b[tp_panel_offset(stride_of(x), r, c)],
                       sizeof *a) != 0)
                return false;
    return true;
}

static bool same_results(const struct bench_operands *a, const struct bench_operands *b)
{
    const struct bench_call *c = &a->call;
    bool equal = same(a->out, b->out, out_of(c)) && same(a->weights, b->weights, weights_of(c)) &&
                 memcmp(a->loss, b->loss, c->m * sizeof *a->loss) == 0;
    equal &= !c->gradient || same(a->gradient, b->gradient, weights_of(c));
    for (int i = 0; c->kind == BENCH_UPDATE && i < tp_optimizer_states(c->optimizer); i++)
        equal &= same(a->state[i], b->state[i], weights_of(c));
    return equal && (!has_transposed(c) || same(a->transposed, b->transposed, (struct shape){c->n, c->m}));
}

tileprop_status bench_verify(const struct bench_call *call, const struct tp_tier *tier,
                             struct tp_error *error)
{
    struct bench_operands ours, reference = {0};
    tileprop_status status = bench_create(&ours, call, tier, error);
    if (!status)
        status = bench_create(&reference, call, tp_tiers[0], error);
    if (!status) {
        /* On all CPUs, because the reference is slow. */
        const size_t threads = tp_cpus_available();
        ours.optimizer.rate = reference.optimizer.rate = 0.01f;
        if (!bench_run_team(&ours, threads, 1) || !bench_run_team(&reference, threads, 1))
            status = tp_fail(error, TILEPROP_FAILURE, "threads: the system granted fewer than %zu", threads);
        else if (!same_results(&ours, &reference))
            status = tp_fail(error, TILEPROP_FAILURE, "%s %zux%zux%zu: %s does not give what reference gives",
                             bench_kind_name(call->kind), call->m, call->n, call->k, tier->name);
    }
    bench_destroy(&ours);
    bench_destroy(&reference);
    return status;
}
