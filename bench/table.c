#include "table.h"

#include <jansson.h>
#include <stdlib.h>

#include "../src/json_line.h"
#include "../src/team.h"
#include "machine.h"
#include "peers.h"
#include "timing.h"

#define ROUNDS     15
#define BURST      4e-3 /* seconds of one contender in one round */
#define PEERS_MOST 4

/* Contenders of one row: the peak, ours, and the peers. */
enum { PEAK, OURS, PEER, CONTENDERS = PEER + PEERS_MOST };

struct ours {
    const struct bench_operands *operands;
    size_t threads;
};

static void run_ours(void *context, size_t times)
{
    const struct ours *ours = context;
    bench_run_team(ours->operands, ours->threads, times);
}

/* A product of row-major matrices. */
struct product {
    plain_gemm_fn *gemm;
    const struct bench_call *call;
    const float *a, *b;
    float *c;
};

static void run_product(void *context, size_t times)
{
    const struct product *p = context;
    for (size_t i = 0; i < times; i++)
        p->gemm(p->call->kind == BENCH_UPDATE, p->call->m, p->call->n, p->call->k, p->a, p->b, p->c);
}

struct peak {
    const struct tp_tier *tier;
    size_t threads, times;
};

#define PEAK_ITERATIONS 1000 /* of the probe in one call */

static void run_peak_member(void *context, size_t member, size_t members)
{
    const struct peak *peak = context;
    volatile float sink = 0;
    (void)member, (void)members;
    for (size_t i = 0; i < peak->times; i++)
        sink = sink + peak->tier->peak(PEAK_ITERATIONS);
}

static void run_peak(void *context, size_t times)
{
    struct peak *peak = context;
    peak->times = times;
    tp_team_run(peak->threads, run_peak_member, peak);
}

/* What a row says. Seconds are medians of one call; 0: not measured. */
struct row {
    size_t layer;
    struct bench_call call;
    double seconds[CONTENDERS];
    double share;              /* of the peak in the same rounds; 0: there is none */
    double factor[CONTENDERS]; /* time of a contender over ours, in the same rounds */
};

static float *values(size_t count)
{
    float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
    if (x)
        bench_fill(x, count, 1);
    return x;
}

static enum tp_status time_row(struct row *row, const struct tp_tier *tier, size_t threads, bool peak_proved,
                               struct tp_error *error)
{
    const struct bench_call *call = &row->call;
    const struct bench_peer *peers = bench_peers();
    struct bench_operands operands = {0};
    float *a = values(call->m * call->k), *b = values(call->k * call->n), *c = values(call->m * call->n);
    static double seconds[CONTENDERS][ROUNDS];
    struct ours ours = {&operands, threads};
    struct peak peak = {.tier = tier, .threads = threads};
    struct product products[PEERS_MOST];
    struct bench_contender contenders[CONTENDERS] = {{run_peak, &peak, 0, seconds[PEAK]},
                                                     {run_ours, &ours, 0, seconds[OURS]}};
    if (!tier->peak) /* nothing to fill: the share stays out */
        contenders[PEAK] = (struct bench_contender){run_ours, &ours, 0, seconds[PEAK]};
    size_t count = PEER;
    for (size_t i = 0; peers[i].name && i < PEERS_MOST; i++, count++) {
        products[i] = (struct product){peers[i].gemm, call, a, b, c};
        contenders[count] = (struct bench_contender){run_product, &products[i], 0, seconds[count]};
        if (peers[i].use_threads)
            peers[i].use_threads((int)threads);
    }
    enum tp_status status = bench_verify(call, tier, error);
    if (!status)
        status = bench_create(&operands, call, tier, error);
    if (!status && !(a && b && c))
        status = tp_fail(error, TP_FAILURE, "out of memory");
    if (!status) {
        bench_compete(contenders, count, ROUNDS, BURST);
        const double peak_flops = (double)threads * PEAK_ITERATIONS * tier->peak_flops;
        for (size_t i = 0; i < count; i++) {
            row->seconds[i] = bench_median(seconds[i], ROUNDS);
            row->factor[i] = bench_ratio(seconds[i], seconds[OURS], ROUNDS);
        }
        row->share = peak_proved ? row->factor[PEAK] * bench_flops(call) / peak_flops : 0;
    }
    bench_destroy(&operands);
    free(a);
    free(b);
    free(c);
    return status;
}

static void write_heading(const struct tp_tier *tier, size_t threads)
{
    printf("\n%s, %zu thread%s\n\n  layer  verb             M     N     K        us  GFLOP/s  peak %%",
           tier->name, threads, threads == 1 ? "" : "s");
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++)
        printf("  %8s", peer->name);
    putchar('\n');
}

static void write_row(const struct row *row)
{
    const double gflops = 1e-9 * bench_flops(&row->call) / row->seconds[OURS];
    printf("  %5zu  %-8s %9zu %5zu %5zu  %8.2f  %7.1f", row->layer, bench_kind_name(row->call.kind),
           row->call.m, row->call.n, row->call.k, 1e6 * row->seconds[OURS], gflops);
    if (row->share > 0)
        printf("  %6.1f", 100 * row->share);
    else
        printf("  %6s", "-");
    size_t i = PEER;
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++)
        printf("  %7.2fx", row->factor[i++]);
    putchar('\n');
    fflush(stdout);
}

static json_t *json_row(const struct row *row, const struct tp_tier *tier, size_t threads)
{
    json_t *factors = json_object();
    size_t i = PEER;
    bool failed = false;
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++)
        failed |= json_object_set_new(factors, peer->name, tp_json_number(row->factor[i++])) != 0;
    const struct tp_json_member members[] = {
        {"kernel", json_string(bench_kernel_name(&row->call, tier))},
        {"threads", tp_json_count(threads)},
        {"layer", tp_json_count(row->layer)},
        {"verb", json_string(bench_kind_name(row->call.kind))},
        {"m", tp_json_count(row->call.m)},
        {"n", tp_json_count(row->call.n)},
        {"k", tp_json_count(row->call.k)},
        {"seconds", tp_json_number(row->seconds[OURS])},
        {"flops", tp_json_number(bench_flops(&row->call))},
        {"share_of_peak", row->share > 0 ? tp_json_number(row->share) : json_null()},
        {"times_of_peers", failed ? NULL : factors},
    };
    return tp_json_object(members, sizeof members / sizeof members[0]);
}

/* forward and update of every layer, backward of all but the first, in the order of a step. */
static size_t plan_rows(const struct bench_command *command, struct row *rows)
{
    const size_t layers = command->layer_count - 1, batch = command->batch;
    size_t count = 0;
    for (size_t l = 0; l < layers; l++)
        rows[count++] =
            (struct row){.layer = l + 1,
                         .call = {.kind = BENCH_FORWARD,
                                  .m = batch,
                                  .n = command->layers[l + 1],
                                  .k = command->layers[l],
                                  .activation = l + 1 < layers ? command->activation : TP_LINEAR}};
    for (size_t l = layers; l-- > 1;)
        rows[count++] = (struct row){.layer = l + 1,
                                     .call = {.kind = BENCH_BACKWARD,
                                              .m = batch,
                                              .n = command->layers[l],
                                              .k = command->layers[l + 1],
                                              .activation = command->activation}};
    for (size_t l = 0; l < layers; l++)
        rows[count++] = (struct row){.layer = l + 1,
                                     .call = {.kind = BENCH_UPDATE,
                                              .m = command->layers[l],
                                              .n = command->layers[l + 1],
                                              .k = batch,
                                              .rule = command->optimizer,
                                              .first_layer = l == 0}};
    return count;
}

enum tp_status bench_table(const struct bench_command *command, const struct tp_tier *tier,
                           struct tp_error *error)
{
    struct row rows[3 * (TP_HIDDEN_MAX + 1)];
    const size_t count = plan_rows(command, rows);
    json_t *all = json_array();
    bool failed = !all;
    enum tp_status status = TP_OK;
    printf("ours: the product with activation, slope, or rule and transposed weights; others: the product "
           "alone, as a\nmultiple of our time, naive on one thread\n");
    for (size_t t = 0; t < command->thread_count && !status; t++) {
        const size_t threads = command->threads[t];
        const bool proved = tier->peak && bench_peak(tier, threads) > 0;
        write_heading(tier, threads);
        for (size_t i = 0; i < count && !status; i++) {
            status = time_row(&rows[i], tier, threads, proved, error);
            if (status)
                continue;
            write_row(&rows[i]);
            failed |= json_array_append_new(all, json_row(&rows[i], tier, threads)) != 0;
        }
    }
    if (status || !command->json || failed) {
        json_decref(all);
        return failed && !status ? tp_fail(error, TP_FAILURE, "--json: out of memory") : status;
    }
    const struct bench_machine machine = bench_machine_here();
    const struct tp_json_member members[] = {{"cpu", json_string(machine.key)},
                                             {"cpu_name", json_string(machine.name)},
                                             {"batch", tp_json_count(command->batch)},
                                             {"rows", all}};
    return tp_json_write(tp_json_object(members, sizeof members / sizeof members[0]), error);
}
