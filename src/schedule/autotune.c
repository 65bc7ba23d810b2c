#include "schedule/autotune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "network/step.h"
#include "system/team.h"

#define SECONDS_MAX  0.02
#define SHARE_MAX    0.01  /* share of the run's time; the goal is 0.02, but the model errs */
#define RATE         5e10  /* operations per second of a step that was not timed */
#define LARGE        5e5   /* operations in a member's share of a step that always pay for a thread: about 10 us */
#define SETUP        1e-4  /* seconds */
#define TOUCH        2e9   /* bytes per second at which memory is touched first */
#define BURST        2e-4  /* seconds of steps in a row: long compared with reading the clock and waking up */
#define ROUNDS_MAX   64    /* of bursts, one of each candidate */
#define INDEXES_MIN  16384 /* samples that bursts walk through, so that they do not stay in the caches */
#define GAIN_MIN     0.98  /* a plan with more members must take no more than this share of the time */
#define ZEROS_FEW    0.2   /* share of zeros above which skipping is tried */
#define ZEROS_MANY   0.7   /* share of zeros above which multiplying is not tried */
#define WEIGHT_BYTES 0x3c  /* 0x3c3c3c3c is 0.0115 */

/* A plan, and the scratch network that it divides. All candidates share one piece of memory for numbers. */
struct candidate {
    struct tp_plan plan;
    struct tp_network network;
    struct tp_step step;
    struct tp_step_member *members;
    struct tp_arena lists; /* the members' */
    double seconds[ROUNDS_MAX];
    size_t steps; /* in a burst */
};

struct trial {
    const struct tp_autotune *autotune;
    struct candidate candidates[TP_CANDIDATES_MAX];
    size_t count, rounds;
    struct tp_arena arena;
    uint32_t *index;
    size_t batches, next; /* of index; the one that comes next */
    double began;
    double before; /* seconds until the team was called */
    bool done;
};

/* Operations of a step: two products in the first layer, three in the others. */
static double step_flops(const struct tp_autotune *autotune)
{
    double flops = 0;
    for (size_t l = 0; l < autotune->network->layer_count; l++) {
        const struct tp_layer *layer = &autotune->network->layers[l];
        flops += (l == 0 ? 4 : 6) * (double)autotune->batch * (double)layer->inputs * (double)layer->units;
    }
    return flops;
}

/* One member's part of a burst of steps of one candidate. The first step refills the caches and is not timed. */
static void burst(struct trial *t, struct candidate *c, size_t member)
{
    size_t batch = t->autotune->batch, next = t->next;
    double began = 0;
    for (size_t s = 0; s <= c->steps; s++) {
        if (s == 1 && member == 0)
            began = tp_clock_seconds();
        const uint32_t *present = t->index + next * batch;
        next = (next + 1) % t->batches;
        tp_step_run(&c->step, &c->members[member], present, batch, t->index + next * batch, batch);
    }
    if (member == 0)
        c->seconds[t->rounds] = (tp_clock_seconds() - began) / (double)c->steps;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return sorted[count / 2];
}

/* Seconds of the fastest candidate's step. */
static double fastest(const struct trial *t)
{
    double best = t->rounds ? INFINITY : step_flops(t->autotune) / RATE;
    for (size_t i = 0; t->rounds && i < t->count; i++)
        best = tp_clock_shorter(best, median(t->candidates[i].seconds, t->rounds));
    return best;
}

/* Seconds that all timing may take. */
static double allowed(const struct trial *t)
{
    if (t->autotune->probes)
        return SECONDS_MAX;
    return tp_clock_shorter(SECONDS_MAX, SHARE_MAX * (t->autotune->seconds + (double)t->autotune->steps * fastest(t)));
}

/*
 * Member 0, after each round: whether there is time for another. The first round measures how long steps are, and
 * counts only if there is no second.
 */
static void judge(struct trial *t)
{
    double spent = tp_clock_seconds() - t->began, round = 0;
    bool first = t->rounds == 0 && t->candidates[0].steps == 1;
    for (size_t i = 0; i < t->count; i++) {
        struct candidate *c = &t->candidates[i];
        if (first)
            c->steps = c->seconds[0] > BURST / 2 ? 2 : (size_t)tp_clock_shorter(1e6, BURST / c->seconds[0]);
        round += (double)(c->steps + 1) * c->seconds[t->rounds];
    }
    t->rounds++;
    t->done = t->rounds == ROUNDS_MAX || spent + round > allowed(t);
    if (first && !t->done)
        t->rounds = 0;
}

/* Creates the threads. This takes milliseconds on busy CPUs, and the run needs them anyway. */
static void gather(void *context, size_t member, size_t members)
{
    struct trial *t = context;
    (void)members;
    tp_team_barrier();
    if (member == 0)
        t->began = tp_clock_seconds() - t->before;
}

static void work(void *context, size_t member, size_t members)
{
    struct trial *t = context;
    void *unbound = tp_cpus_bind(t->autotune->binding, member);
    struct tp_range share = tp_plan_share(t->arena.bytes, member, members);
    memset(t->arena.base + share.begin, WEIGHT_BYTES, share.end - share.begin);
    for (size_t i = 0; i < t->count; i++) {
        struct candidate *c = &t->candidates[i];
        if (member < c->plan.step_members)
            tp_step_bind(&c->step, &c->members[member]);
    }
    tp_team_barrier();
    for (bool back = false; !t->done; back = !back) {
        for (size_t i = 0; i < t->count; i++) {
            struct candidate *c = &t->candidates[back ? t->count - 1 - i : i];
            if (member < c->plan.step_members)
                burst(t, c, member);
            tp_team_barrier();
            if (member == 0)
                t->next = (t->next + c->steps + 1) % t->batches;
            tp_team_barrier();
        }
        if (member == 0)
            judge(t);
        tp_team_barrier();
    }
    tp_cpus_unbind(unbound);
}

/* Takes a candidate's buffers from an arena, which may be one that only measures. */
static void candidate_layout(struct candidate *c, struct tp_arena *arena)
{
    tp_step_layout(&c->step, arena);
    for (size_t m = 0; m < c->plan.step_members; m++) {
        tp_network_layout(&c->network, m, arena);
        tp_step_member_layout(&c->step, &c->members[m], arena);
    }
}

static void lists_layout(struct candidate *c, struct tp_arena *arena)
{
    for (size_t m = 0; m < c->plan.step_members; m++)
        tp_step_lists_layout(&c->step, &c->members[m], arena);
}

static tileprop_status prepare(const struct tp_autotune *autotune, struct candidate *c, struct tp_error *error)
{
    static const struct tp_optimizer still = {.keep = 1, .root_correction = 1, .epsilon = 1};
    c->members = calloc(c->plan.step_members, sizeof *c->members);
    if (!c->members)
        return tp_fail_memory(error, NULL, "a plan");
    for (size_t m = 0; m < c->plan.step_members; m++)
        c->members[m] = (struct tp_step_member){.index = m, .train = autotune->train};
    c->step = (struct tp_step){.tier = autotune->tier,
                               .network = &c->network,
                               .plan = &c->plan,
                               .normalization = autotune->normalization,
                               .optimizer = still};
    c->step.optimizer.kind = autotune->optimizer;
    c->steps = 1;
    return TILEPROP_OK;
}

static tileprop_status place(struct trial *t, struct candidate *c, struct tp_error *error)
{
    struct tp_arena size = tp_arena_measure();
    t->arena.used = 0;
    candidate_layout(c, &t->arena);
    lists_layout(c, &size);
    const tileprop_status status = tp_arena_create(&c->lists, size.used, error);
    if (status == TILEPROP_OK)
        lists_layout(c, &c->lists);
    return status;
}

/* Times the candidates, if there is time for two rounds of two steps. */
static tileprop_status time_steps(struct trial *t, struct tp_error *error)
{
    const struct tp_autotune *autotune = t->autotune;
    size_t bytes = 0, members = autotune->members;
    tileprop_status status = TILEPROP_OK;
    for (size_t i = 0; i < t->count && status == TILEPROP_OK; i++) {
        struct tp_arena size = tp_arena_measure();
        status = prepare(autotune, &t->candidates[i], error);
        if (status == TILEPROP_OK)
            candidate_layout(&t->candidates[i], &size);
        bytes = size.used > bytes ? size.used : bytes;
    }
    const bool pays =
        autotune->probes || SETUP + (double)bytes / TOUCH + (double)(4 * t->count) * fastest(t) <= allowed(t);
    if (status != TILEPROP_OK || !pays)
        return status;

    t->batches = (INDEXES_MIN + autotune->batch - 1) / autotune->batch;
    t->index = malloc(t->batches * autotune->batch * sizeof *t->index);
    if (!t->index)
        return tp_fail_memory(error, NULL, "the samples of a probe");
    for (size_t i = 0; i < t->batches * autotune->batch; i++)
        t->index[i] = (uint32_t)(i * 2654435761u % autotune->train->count); /* scattered: 2^32 / golden ratio */
    status = tp_arena_create(&t->arena, bytes, error);
    for (size_t i = 0; i < t->count && status == TILEPROP_OK; i++)
        status = place(t, &t->candidates[i], error);
    if (status != TILEPROP_OK)
        return status;
    t->before = tp_clock_seconds() - t->began;
    status = tp_team_run(members, gather, t, error);
    return status == TILEPROP_OK ? tp_team_run(members, work, t, error) : status;
}

static tileprop_status add(struct trial *t, struct tp_plan plan, struct tp_error *error)
{
    struct candidate *c = &t->candidates[t->count++];
    plan.shards.count = t->autotune->shards;
    c->plan = plan;
    const tileprop_status status = tp_network_like(&c->network, t->autotune->network, error);
    if (status == TILEPROP_OK)
        tp_plan_cut(&plan, &c->network);
    return status;
}

/* A candidate for each power of two, and for all members, multiplying, skipping or both. */
static tileprop_status propose(struct trial *t, struct tp_error *error)
{
    const struct tp_autotune *a = t->autotune;
    const double zeros = a->zero_share;
    const bool skips = a->zeros == TILEPROP_ZEROS_SKIP || (a->zeros == TILEPROP_ZEROS_AUTO && zeros > ZEROS_FEW);
    const bool multiplies = !skips || (a->zeros == TILEPROP_ZEROS_AUTO && zeros < ZEROS_MANY);
    tileprop_status status = TILEPROP_OK;
    for (size_t m = a->exact ? a->members : 1;; m = 2 * m < a->members ? 2 * m : a->members) {
        if (multiplies)
            status = add(t, tp_plan_make(a->network, a->members, m, a->batch), error);
        if (skips && status == TILEPROP_OK)
            status = add(t, tp_plan_make_skipping(a->network, a->members, m, a->batch), error);
        if (m == a->members || t->count + 2 > TP_CANDIDATES_MAX || status != TILEPROP_OK)
            return status;
    }
}

/* Without timing: as many members as get a large share of a step, and skipping if half of the inputs are 0. */
static size_t untimed(const struct trial *t)
{
    size_t chosen = t->count;
    for (size_t i = 0; i < t->count; i++) {
        const struct tp_plan *plan = &t->candidates[i].plan;
        const bool good = plan->skips == (t->autotune->zero_share >= 0.5) || t->autotune->zeros != TILEPROP_ZEROS_AUTO;
        if (good && (chosen == t->count || step_flops(t->autotune) >= LARGE * (double)plan->step_members))
            chosen = i;
    }
    return chosen == t->count ? 0 : chosen;
}

static size_t fastest_plan(const struct trial *t)
{
    size_t chosen = 0;
    for (size_t i = 1; i < t->count; i++) {
        if (median(t->candidates[i].seconds, t->rounds) < GAIN_MIN * median(t->candidates[chosen].seconds, t->rounds))
            chosen = i;
    }
    return chosen;
}

tileprop_status tp_autotune_plan(const struct tp_autotune *autotune, struct tp_autotune_result *result,
                                 struct tp_error *error)
{
    *result = (struct tp_autotune_result){0};
    struct trial *t = calloc(1, sizeof *t);
    if (!t)
        return tp_fail_memory(error, NULL, "plans to be timed");
    t->autotune = autotune;
    t->began = tp_clock_seconds();
    tileprop_status status = propose(t, error);
    if (status == TILEPROP_OK && (t->count > 1 || autotune->probes))
        status = time_steps(t, error);
    if (status == TILEPROP_OK) {
        result->plan = t->candidates[t->rounds ? fastest_plan(t) : untimed(t)].plan;
        result->count = t->count;
        for (size_t i = 0; i < t->count; i++)
            result->candidates[i] =
                (tileprop_candidate){.threads = t->candidates[i].plan.step_members,
                                     .skips = t->candidates[i].plan.skips,
                                     .measured = t->rounds ? median(t->candidates[i].seconds, t->rounds) : 0};
    }
    for (size_t i = 0; i < TP_CANDIDATES_MAX; i++) {
        tp_network_free(&t->candidates[i].network);
        free(t->candidates[i].members);
        tp_arena_destroy(&t->candidates[i].lists);
    }
    tp_arena_destroy(&t->arena);
    free(t->index);
    result->seconds = tp_clock_seconds() - t->began;
    free(t);
    return status;
}
