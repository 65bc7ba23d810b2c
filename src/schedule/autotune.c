#include "schedule/autotune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "network/step.h"
#include "schedule/cost.h"
#include "system/team.h"

#define SECONDS_MAX  0.02
#define SHARE_MAX    0.01  /* of what the process will take; what counts is 0.02, and the model errs */
#define SETUP        1e-4  /* seconds */
#define TOUCH        2e9   /* bytes per second at which memory is touched first */
#define BURST        2e-4  /* seconds of steps in a row: long beside a clock and a wake-up */
#define ROUNDS_MAX   64    /* of bursts, one of each candidate */
#define INDEXES_MIN  16384 /* samples that bursts walk through, so that they do not stay in the caches */
#define GAIN_MIN     0.98  /* a plan of more members is to take no more than this share of the time */
#define WEIGHT_BYTES 0x3c  /* 0x3c3c3c3c is 0.0115 */

/* A plan, and the scratch network that it divides. All candidates share one piece of memory. */
struct candidate {
    struct tp_plan plan;
    struct tp_network network;
    struct tp_step step;
    struct tp_step_member *members;
    double model, seconds[ROUNDS_MAX];
    size_t steps; /* of a burst */
};

struct trial {
    const struct tp_autotune *probe;
    struct candidate candidates[TP_CANDIDATES_MAX];
    size_t count, rounds;
    struct tp_arena arena;
    uint32_t *index;
    size_t batches, next; /* of index; the one that comes next */
    double began;
    double before; /* seconds until the team was called */
    bool done;
};

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void nothing(void *context, size_t rows)
{
    (void)context, (void)rows;
}

/* Steps of one candidate by one of its members, the first of which refills the caches and is not timed. */
static void burst(struct trial *t, struct candidate *c, size_t member)
{
    size_t batch = t->probe->batch, next = t->next;
    double began = 0;
    for (size_t s = 0; s <= c->steps; s++) {
        if (s == 1 && member == 0)
            began = tp_clock_seconds();
        const uint32_t *present = t->index + next * batch;
        next = (next + 1) % t->batches;
        tp_step_run(&c->step, &c->members[member], present, batch, t->index + next * batch, batch, nothing,
                    t);
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

/* Seconds of the fastest candidate's step: measured, or what the model says. */
static double fastest(const struct trial *t)
{
    double best = INFINITY;
    for (size_t i = 0; i < t->count; i++)
        best = least(best, t->rounds ? median(t->candidates[i].seconds, t->rounds) : t->candidates[i].model);
    return best;
}

/* Seconds that all of the probe may take. */
static double allowed(const struct trial *t)
{
    return least(SECONDS_MAX, SHARE_MAX * (t->probe->seconds + (double)t->probe->steps * fastest(t)));
}

/*
 * Member 0, after each round: whether there is time for one more. The first finds out how long steps are, and
 * counts only where there is no second.
 */
static void judge(struct trial *t)
{
    double spent = tp_clock_seconds() - t->began, round = 0;
    bool first = t->rounds == 0 && t->candidates[0].steps == 1;
    for (size_t i = 0; i < t->count; i++) {
        struct candidate *c = &t->candidates[i];
        if (first)
            c->steps = c->seconds[0] > BURST / 2 ? 2 : (size_t)least(1e6, BURST / c->seconds[0]);
        round += (double)(c->steps + 1) * c->seconds[t->rounds];
    }
    t->rounds++;
    t->done = t->rounds == ROUNDS_MAX || spent + round > allowed(t);
    if (first && !t->done)
        t->rounds = 0;
}

/* Threads come into being, which takes milliseconds where CPUs are busy, and which the run needs anyway. */
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
    void *unbound = tp_binding_enter(t->probe->binding, member);
    struct tp_range share = tp_plan_share(t->arena.bytes, member, members);
    memset(t->arena.base + share.begin, WEIGHT_BYTES, share.end - share.begin);
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
    tp_binding_leave(unbound);
}

/* Bytes of what a candidate needs, from the start of the arena. */
static size_t candidate_bytes(const struct candidate *c)
{
    size_t bytes = tp_step_bytes(&c->network, &c->plan, 0);
    for (size_t m = 0; m < c->plan.step_members; m++)
        bytes = tp_step_member_bytes(&c->network, &c->plan, tp_network_bytes(&c->network, m, bytes));
    return bytes;
}

static tileprop_status place(struct trial *t, struct candidate *c, struct tp_error *error)
{
    static const struct tp_optimizer still = {.keep = 1, .root_correction = 1, .epsilon = 1};
    const struct tp_autotune *probe = t->probe;
    c->members = calloc(c->plan.step_members, sizeof *c->members);
    if (!c->members)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: a plan of %zu threads", c->plan.step_members);
    c->step = (struct tp_step){.tier = probe->tier,
                               .network = &c->network,
                               .plan = &c->plan,
                               .normalization = probe->normalization,
                               .optimizer = still};
    c->step.optimizer.kind = probe->optimizer;
    c->steps = 1;
    t->arena.used = 0;
    tp_step_place(&c->step, &t->arena);
    for (size_t m = 0; m < c->plan.step_members; m++) {
        c->members[m].index = m;
        c->members[m].train = probe->train;
        tp_network_place(&c->network, m, &t->arena);
        tp_step_member_place(&c->step, &c->members[m], &t->arena);
    }
    return TILEPROP_OK;
}

/* Times what is left of the candidates, if there is time for that. */
static tileprop_status time_steps(struct trial *t, struct tp_error *error)
{
    const struct tp_autotune *probe = t->probe;
    size_t bytes = 0, members = probe->members;
    double needed = SETUP;
    for (size_t i = 0; i < t->count; i++) {
        size_t own = candidate_bytes(&t->candidates[i]);
        bytes = own > bytes ? own : bytes;
        needed += 4 * t->candidates[i].model; /* two rounds of two steps */
    }
    if (needed + (double)bytes / TOUCH > allowed(t))
        return TILEPROP_OK;

    t->batches = (INDEXES_MIN + probe->batch - 1) / probe->batch;
    t->index = malloc(t->batches * probe->batch * sizeof *t->index);
    if (!t->index)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: the samples of a probe");
    for (size_t i = 0; i < t->batches * probe->batch; i++)
        t->index[i] = (uint32_t)(i * 2654435761u % probe->train->count); /* scattered: 2^32 / golden ratio */
    tileprop_status status = tp_arena_create(&t->arena, bytes, error);
    for (size_t i = 0; status == TILEPROP_OK && i < t->count; i++)
        status = place(t, &t->candidates[i], error);
    if (status)
        return status;
    t->before = tp_clock_seconds() - t->began;
    size_t granted = tp_team_run(members, gather, t);
    if (granted == members)
        granted = tp_team_run(members, work, t);
    return granted == members
               ? TILEPROP_OK
               : tp_fail(error, TILEPROP_FAILURE, "the system granted %zu of %zu threads", granted, members);
}

/* A candidate for each power of two, and for all members. */
static tileprop_status propose(struct trial *t, struct tp_error *error)
{
    const struct tp_autotune *probe = t->probe;
    tileprop_status status = TILEPROP_OK;
    for (size_t m = 1; status == TILEPROP_OK; m = 2 * m < probe->members ? 2 * m : probe->members) {
        struct candidate *c = &t->candidates[t->count++];
        status = tp_network_like(&c->network, probe->network, error);
        if (status)
            break;
        c->plan = tp_plan_make(probe->network, probe->members, m, probe->batch);
        tp_plan_cut(&c->plan, &c->network);
        c->model = tp_cost_step(probe->network, &c->plan, &tp_cost_usual);
        if (m == probe->members || t->count == TP_CANDIDATES_MAX)
            break;
    }
    return status;
}

/* Drops the candidates that even on the best machine take longer than another one on the worst. */
static void prune(struct trial *t)
{
    double bound = INFINITY;
    for (size_t i = 0; i < t->count; i++)
        bound = least(bound, tp_cost_step(t->probe->network, &t->candidates[i].plan, &tp_cost_worst));
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (tp_cost_step(t->probe->network, &t->candidates[i].plan, &tp_cost_best) > bound) {
            tp_network_free(&t->candidates[i].network);
            continue;
        }
        t->candidates[kept] = t->candidates[i];
        if (kept++ < i)
            t->candidates[i] = (struct candidate){0};
    }
    t->count = kept;
}

static void choose(const struct trial *t, struct tp_plan *plan, struct tp_autotune_result *found)
{
    double best = INFINITY;
    for (size_t i = 0; i < t->count; i++) {
        const struct candidate *c = &t->candidates[i];
        double measured = t->rounds ? median(c->seconds, t->rounds) : 0;
        double seconds = t->rounds ? measured : c->model;
        found->candidates[i].step_members = c->plan.step_members;
        found->candidates[i].model = c->model;
        found->candidates[i].measured = measured;
        if (seconds < GAIN_MIN * best) {
            best = seconds;
            *plan = c->plan;
        }
    }
    found->count = t->count;
}

tileprop_status tp_autotune_plan(const struct tp_autotune *probe, struct tp_plan *plan,
                                 struct tp_autotune_result *found, struct tp_error *error)
{
    *found = (struct tp_autotune_result){0};
    struct trial *t = calloc(1, sizeof *t);
    if (!t)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: a probe");
    t->probe = probe;
    t->began = tp_clock_seconds();
    tileprop_status status = propose(t, error);
    if (status == TILEPROP_OK) {
        prune(t);
        if (t->count > 1)
            status = time_steps(t, error);
    }
    if (status == TILEPROP_OK)
        choose(t, plan, found);
    for (size_t i = 0; i < TP_CANDIDATES_MAX; i++) {
        tp_network_free(&t->candidates[i].network);
        free(t->candidates[i].members);
    }
    tp_arena_destroy(&t->arena);
    free(t->index);
    found->seconds = tp_clock_seconds() - t->began;
    free(t);
    return status;
}
