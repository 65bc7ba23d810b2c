#include "row.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "plain.h"
#include "timing.h"

#define ROUNDS 15
#define BURST  3e-3 /* seconds of one contender in one round */

/* Contenders of one row, the peers with two each. */
enum { PEAK, VERB, PRODUCT, PEERS, CONTENDERS = PEERS + 2 * BENCH_PEERS_MAX };

struct ours {
    struct bench_operands operands;
    size_t threads;
};

static void run_ours(void *context, size_t times)
{
    const struct ours *ours = context;
    bench_run_team(&ours->operands, ours->threads, times);
}

/*
 * Whether two products can both be right. Each is off by at most k u times the sum of its |a b|, however it
 * is added up (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), and no |a b| is larger than that
 * of the scales.
 */
static bool agree(const struct bench_call *call, const float *x, const float *y)
{
    const double k = (double)call->k;
    const double scale =
        BENCH_IN_SCALE * (call->kind == BENCH_UPDATE ? BENCH_OUT_SCALE : BENCH_WEIGHTS_SCALE);
    const double bound = 2 * k * (FLT_EPSILON / 2) * k * scale;
    for (size_t i = 0; i < call->m * call->n; i++)
        if (!(fabs((double)x[i] - (double)y[i]) <= bound))
            return false;
    return true;
}

/* Everything that takes memory. */
struct match {
    struct ours verb, product;
    struct plain_call peers[BENCH_PEERS_MAX];
    float *expected, *result; /* [m x n] */
};

static tileprop_status create(struct match *match, const struct bench_row *row, struct tp_error *error)
{
    const struct bench_call *call = &row->call, bare = bench_bare(call);
    const struct bench_peer *peers = bench_peers();
    const size_t bytes = call->m * call->n * sizeof(float);
    *match = (struct match){.verb = {.threads = row->threads},
                            .product = {.threads = row->threads},
                            .expected = malloc(bytes),
                            .result = malloc(bytes)};
    tileprop_status status = bench_create(&match->verb.operands, call, row->tier, error);
    if (!status)
        status = bench_create(&match->product.operands, &bare, row->tier, error);
    if (status)
        return status;
    if (!match->expected || !match->result || !plain_call_create(&match->peers[0], &peers[0], call) ||
        !plain_call_result(&match->peers[0], match->expected))
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: %s %zux%zux%zu", bench_kind_name(call->kind),
                       call->m, call->n, call->k);
    if (!bench_run_team(&match->product.operands, row->threads, 1))
        return tp_fail(error, TILEPROP_FAILURE, "threads: the system granted fewer than %zu", row->threads);
    bench_result(&match->product.operands, match->result);
    if (!agree(call, match->result, match->expected))
        return tp_fail(error, TILEPROP_FAILURE, "%s %zux%zux%zu: %s does not give what the naive loops give",
                       bench_kind_name(call->kind), call->m, call->n, call->k, row->tier->name);
    for (size_t i = 1; peers[i].name; i++) {
        if (peers[i].use_threads)
            peers[i].use_threads((int)row->threads);
        const bool can = plain_call_create(&match->peers[i], &peers[i], call) &&
                         plain_call_result(&match->peers[i], match->result);
        if (can && agree(call, match->result, match->expected))
            continue;
        fprintf(stderr, "bench: %s %zux%zux%zu, %zu threads: %s left out, %s\n", bench_kind_name(call->kind),
                call->m, call->n, call->k, row->threads, peers[i].name,
                can ? "its result is not that of the naive loops" : "it cannot do this");
        plain_call_destroy(&match->peers[i]);
    }
    return TILEPROP_OK;
}

static void destroy(struct match *match)
{
    bench_destroy(&match->verb.operands);
    bench_destroy(&match->product.operands);
    for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
        plain_call_destroy(&match->peers[i]);
    free(match->expected);
    free(match->result);
}

static void compete(struct bench_row *row, struct match *match, bool peak_proved)
{
    static double seconds[CONTENDERS][ROUNDS];
    struct bench_contender contenders[CONTENDERS];
    struct bench_peak_run peak = {.tier = row->tier, .threads = row->threads};
    const struct bench_peer *peers = bench_peers();
    size_t count = 0;
    /* Products, then verbs: a contender whose operands the one before has just used would find them in L3. */
    contenders[count++] = (struct bench_contender){
        .run = run_ours, .context = &match->product, .threads = row->threads, .seconds = seconds[PRODUCT]};
    for (size_t i = 0; peers[i].name; i++)
        if (match->peers[i].product.peer)
            contenders[count++] = (struct bench_contender){.run = plain_call_product,
                                                           .context = &match->peers[i],
                                                           .may_rest = true,
                                                           .seconds = seconds[PEERS + 2 * i]};
    if (peak_proved)
        contenders[count++] = (struct bench_contender){
            .run = bench_run_peak, .context = &peak, .threads = row->threads, .seconds = seconds[PEAK]};
    contenders[count++] = (struct bench_contender){
        .run = run_ours, .context = &match->verb, .threads = row->threads, .seconds = seconds[VERB]};
    for (size_t i = 0; peers[i].name; i++)
        if (match->peers[i].product.peer)
            contenders[count++] = (struct bench_contender){.run = plain_call_verb,
                                                           .context = &match->peers[i],
                                                           .may_rest = true,
                                                           .seconds = seconds[PEERS + 2 * i + 1]};
    row->usage = bench_compete(contenders, count, ROUNDS, BURST);

    const double flops = bench_flops(&row->call);
    const double work = peak_proved ? flops / bench_run_peak_flops(&peak) : NAN;
    row->verb_seconds = bench_median(seconds[VERB], ROUNDS);
    row->product_seconds = bench_median(seconds[PRODUCT], ROUNDS);
    row->verb_share = work * bench_ratio(seconds[PEAK], seconds[VERB], ROUNDS);
    row->product_share = work * bench_ratio(seconds[PEAK], seconds[PRODUCT], ROUNDS);
    for (size_t i = 0; peers[i].name; i++) {
        const bool is_in = match->peers[i].product.peer != NULL;
        row->product_factor[i] = is_in ? bench_ratio(seconds[PEERS + 2 * i], seconds[PRODUCT], ROUNDS) : NAN;
        row->verb_factor[i] = is_in ? bench_ratio(seconds[PEERS + 2 * i + 1], seconds[VERB], ROUNDS) : NAN;
    }
}

double bench_row_expected(const struct bench_row *row, double rate)
{
    size_t contenders = PEERS;
    for (const struct bench_peer *peer = bench_peers(); peer->name; peer++)
        contenders += 2;
    /* With what runs untimed before a burst. */
    return (double)(contenders * ROUNDS) * fmax(2 * BURST, bench_flops(&row->call) / rate);
}

tileprop_status bench_row_time(struct bench_row *row, bool verify, bool peak_proved, struct tp_error *error)
{
    static struct match match;
    tileprop_status status = verify ? bench_verify(&row->call, row->tier, error) : TILEPROP_OK;
    if (status)
        return status;
    status = create(&match, row, error);
    if (!status)
        compete(row, &match, peak_proved);
    destroy(&match);
    return status;
}
