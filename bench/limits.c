#include "limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "cli/program.h"
#include "machine.h"
#include "peers.h"
#include "plain.h"
#include "timing.h"
#include "workload.h"

#define BURST         2e-3 /* seconds of one contender in one round */
#define ROUNDS_MAX    1000
#define WORKLOADS_MAX 32

enum { OURS, PEAK, NAIVE, CONTENDERS };

/* What a workload needs, and its seconds of one call by round; flops 0: it is not measured. */
struct row {
    const struct bench_workload *workload;
    const struct tp_tier *tier;
    struct bench_peak_run peak; /* of one thread */
    double flops;
    double seconds[CONTENDERS][ROUNDS_MAX];
    struct bench_operands operands; /* of a call */
    float *a, *b, *c;               /* the same product, row-major */
    struct plain_network plain;     /* of a step */
};

static void run_ours(void *context, size_t times)
{
    const struct row *row = context;
    bench_run_team(&row->operands, 1, times);
}

static void run_naive(void *context, size_t times)
{
    const struct row *row = context;
    const struct bench_call *call = &row->workload->call;
    for (size_t i = 0; i < times; i++)
        naive_gemm(call->kind == BENCH_UPDATE, call->m, call->n, call->k, row->a, row->b, row->c);
}

static void run_naive_step(void *context, size_t times)
{
    struct row *row = context;
    for (size_t i = 0; i < times; i++)
        plain_network_step(&row->plain);
}

static float *values(size_t count)
{
    float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
    if (x)
        bench_fill(x, count, 1);
    return x;
}

static tileprop_status create(struct row *row, struct tp_error *error)
{
    const struct bench_workload *w = row->workload;
    size_t width[] = {BENCH_STEP_FEATURES + 1, w->hidden[0], w->hidden[1], 0};
    if (w->hidden_count) {
        width[w->hidden_count + 1] = BENCH_STEP_CLASSES;
        return plain_network_create(&row->plain, bench_peers(), width, w->hidden_count + 1, BENCH_STEP_BATCH,
                                    TILEPROP_LECUN_TANH, TILEPROP_MOMENTUM)
                   ? TILEPROP_OK
                   : tp_fail(error, TILEPROP_FAILURE, "out of memory");
    }
    row->flops = bench_flops(&w->call);
    row->a = values(w->call.m * w->call.k);
    row->b = values(w->call.k * w->call.n);
    row->c = values(w->call.m * w->call.n);
    if (!row->a || !row->b || !row->c)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory");
    return bench_create(&row->operands, &w->call, row->tier, error);
}

static void destroy(struct row *row)
{
    if (row->workload->hidden_count)
        plain_network_destroy(&row->plain);
    bench_destroy(&row->operands);
    free(row->a);
    free(row->b);
    free(row->c);
}

/* All calls in one round after the other, so that no slow moment hits all rounds of one. */
static void time_calls(struct row *rows, size_t count, size_t rounds)
{
    struct bench_contender contenders[WORKLOADS_MAX * CONTENDERS];
    size_t contender_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].workload->hidden_count)
            continue;
        contenders[contender_count++] = (struct bench_contender){
            .run = bench_run_peak, .context = &rows[i].peak, .seconds = rows[i].seconds[PEAK]};
        contenders[contender_count++] =
            (struct bench_contender){.run = run_ours, .context = &rows[i], .seconds = rows[i].seconds[OURS]};
        contenders[contender_count++] = (struct bench_contender){
            .run = run_naive, .context = &rows[i], .seconds = rows[i].seconds[NAIVE]};
    }
    bench_compete(contenders, contender_count, rounds, BURST);
}

static tileprop_status time_steps(struct row *row, const struct tp_dataset *samples, size_t rounds,
                                  struct tp_error *error)
{
    tileprop_status status = TILEPROP_OK;
    plain_limit(row->tier);
    for (size_t round = 0; round < rounds && !status; round++) {
        struct bench_contender others[] = {
            {.run = bench_run_peak, .context = &row->peak, .seconds = &row->seconds[PEAK][round]},
            {.run = run_naive_step, .context = row, .seconds = &row->seconds[NAIVE][round]}};
        bench_compete(others, 2, 1, BURST);
        status = bench_workload_steps(row->workload, row->tier, samples, &row->seconds[OURS][round],
                                      &row->flops, error);
    }
    return status;
}

static json_t *json_row(struct row *row, size_t rounds)
{
    for (size_t round = 0; round < rounds; round++)
        row->seconds[PEAK][round] = bench_run_peak_flops(&row->peak) / row->seconds[PEAK][round];
    return json_pack("{s:o, s:o, s:o, s:o}", "flops", tp_json_text_real(row->flops), "ours",
                     bench_json_seconds(row->seconds[OURS], rounds), "peak",
                     bench_json_seconds(row->seconds[PEAK], rounds), "naive",
                     bench_json_seconds(row->seconds[NAIVE], rounds));
}

/* The rows that are asked for, timed. */
static tileprop_status time_tier(const char *name, size_t rounds, const struct tp_tier *tier,
                                 struct row *rows, size_t *count, struct tp_error *error)
{
    size_t workload_count;
    const struct bench_workload *workloads = bench_workload_list(&workload_count);
    struct tp_dataset samples;
    tileprop_status status = bench_workload_samples(&samples, error);
    *count = 0;
    for (size_t i = 0; i < workload_count && *count < WORKLOADS_MAX && !status; i++) {
        const bool has_limit = workloads[i].hidden_count || bench_flops(&workloads[i].call) > 0;
        if (!has_limit || !bench_workload_is_asked(&workloads[i], name))
            continue;
        struct row *row = &rows[(*count)++];
        *row = (struct row){.workload = &workloads[i], .tier = tier, .peak = {.tier = tier, .threads = 1}};
        status = create(row, error);
    }
    if (!status && !*count)
        status = tp_fail(error, TILEPROP_USAGE,
                         "--workload: expected all, a product or a step, found \"%.40s\"", name);
    if (!status)
        time_calls(rows, *count, rounds);
    for (size_t i = 0; i < *count; i++) {
        if (!status && rows[i].workload->hidden_count)
            status = time_steps(&rows[i], &samples, rounds, error);
        destroy(&rows[i]);
    }
    tp_dataset_free(&samples);
    return status;
}

tileprop_status bench_limits(const struct bench_command *command, const struct tp_tier *best,
                             struct tp_error *error)
{
    static struct row rows[WORKLOADS_MAX];
    json_t *tiers = json_object();
    bool any = false;
    tileprop_status status = TILEPROP_OK;
    for (size_t t = 0; tp_tiers[t] && !status; t++) {
        const struct tp_tier *tier = tp_tiers[t];
        if (!bench_command_wants(command, best, tier) || !tier->peak)
            continue;
        json_t *found = json_object();
        size_t count;
        const double peak = bench_peak(tier, 1);
        status = time_tier(command->workload ? command->workload : "all", command->rounds, tier, rows, &count,
                           error);
        for (size_t i = 0; i < count && !status; i++)
            tp_json_text_set(&found, rows[i].workload->name, json_row(&rows[i], command->rounds));
        tp_json_text_set(
            &tiers, tier->name,
            json_pack("{s:o, s:o}", "peak", tp_json_text_real(peak > 0 ? peak : NAN), "workloads", found));
        any = true;
    }
    if (!status && !any)
        status = tp_fail(error, TILEPROP_USAGE, "--isa: expected an instruction set with a peak, found %s",
                         best->name);
    const struct bench_machine machine = bench_machine_here();
    json_t *object = json_pack("{s:s, s:o}", "cpu", machine.key, "tiers", tiers);
    if (!status)
        return tp_program_json(object, error);
    json_decref(object);
    return status;
}
