#include "cli/sweep_ranks.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/program.h"
#include "cli/ranks.h"

#define TP_PATIENCE 0.3 /* seconds for the others to end after a signal, which mpirun sends to all */

enum { TAG_ASK = TP_TAG_PROGRAM + 1, TAG_DEAL };

/* What all ranks need to know. */
struct plan {
    bool given;
    size_t seeds, folds, size; /* size: of the first configuration's text, which follows */
    bool keeps_histories;
    char histories[PATH_MAX]; /* for messages */
};

/* From a worker: the outcome of its last run, if any, and a request for another, unless its rank leaves. */
struct ask {
    bool ran, leaves;
    int signal; /* that came; 0: none */
    size_t index;
    struct tp_sweep_outcome outcome; /* its history follows */
};

/* To a worker: a run. */
struct deal {
    bool given;
    size_t index, size; /* size: of the configuration's text, which follows */
};

static void send_bytes(const tileprop_ranks *ranks, size_t to, int tag, const void *bytes, size_t count)
{
    ranks->send(ranks->context, to, tag, bytes, count);
    ranks->finish(ranks->context);
}

static void receive_bytes(const tileprop_ranks *ranks, size_t from, int tag, void *bytes, size_t count)
{
    ranks->receive(ranks->context, from, tag, bytes, count);
    ranks->finish(ranks->context);
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = 500000};
    nanosleep(&pause, NULL);
}

/* Waits for a message without using the CPU. */
static void await(int tag)
{
    size_t from;
    while (!tp_ranks_arrived(tag, &from))
        rest();
}

/* --- Rank 0 ------------------------------------------------------------------------------------------------------- */

void tp_sweep_tell(const tileprop_ranks *ranks, const struct tp_sweep_command *command)
{
    struct plan plan = {.given = command};
    char *text = NULL;
    if (!ranks)
        return;
    if (command) {
        text = tp_ranks_need(tp_train_command_text(&command->train, &plan.size));
        plan.seeds = command->seeds;
        plan.folds = command->folds;
        plan.keeps_histories = command->histories;
        snprintf(plan.histories, sizeof plan.histories, "%s", command->histories ? command->histories : "");
    }
    tp_ranks_broadcast(ranks, &plan, sizeof plan);
    if (text)
        tp_ranks_broadcast(ranks, text, plan.size);
    free(text);
}

/* A signal that came to another rank alone is meant for all. */
static void pass_on(struct tp_sweep_pool *pool, size_t from, int number)
{
    if (!number || tp_program_stopped())
        return;
    raise(number);
    if (!tp_program_stopped() && pool->status == TILEPROP_OK)
        pool->status = tp_fail(pool->error, TILEPROP_FAILURE, "rank %zu: stopped by SIG%s", from, sigabbrev_np(number));
}

static void receive_ask(struct tp_sweep_pool *pool, size_t from, struct ask *ask)
{
    const tileprop_ranks *ranks = pool->sweep->ranks;
    struct tp_sweep_outcome *outcome = &ask->outcome;
    receive_bytes(ranks, from, TAG_ASK, ask, sizeof *ask);
    if (outcome->history) {
        outcome->history = tp_ranks_need(malloc(outcome->history_size + 1));
        receive_bytes(ranks, from, TAG_ASK, outcome->history, outcome->history_size);
        tp_sweep_write_history(pool->sweep, ask->index, outcome);
    }
}

/* Answers one worker; false: its rank leaves. */
static bool serve_one(struct tp_sweep_pool *pool, size_t from)
{
    const struct tp_sweep *sweep = pool->sweep;
    struct ask ask;
    struct deal deal = {0};
    char *text = NULL;
    receive_ask(pool, from, &ask);
    pthread_mutex_lock(&pool->mutex);
    pass_on(pool, from, ask.signal);
    if (ask.ran)
        tp_sweep_give(pool, ask.index, &ask.outcome);
    if (ask.ran && sweep->progress)
        sweep->progress(sweep, pool->running);
    deal.given = !ask.leaves && tp_sweep_pick(pool, &deal.index);
    if (deal.given && sweep->progress)
        sweep->progress(sweep, pool->running);
    pthread_mutex_unlock(&pool->mutex);
    if (ask.leaves)
        return false;
    if (deal.given)
        text = tp_ranks_need(
            tp_train_command_text(&sweep->command->configurations[deal.index / sweep->repeats], &deal.size));
    send_bytes(sweep->ranks, from, TAG_DEAL, &deal, sizeof deal);
    if (text)
        send_bytes(sweep->ranks, from, TAG_DEAL, text, deal.size);
    free(text);
    return true;
}

static void *serve(void *context)
{
    struct tp_sweep_pool *pool = context;
    struct tp_sweep *sweep = pool->sweep;
    double running = tp_clock_seconds(); /* when no signal had come yet */
    for (size_t others = sweep->ranks->count - 1, from; others > 0;) {
        if (tp_ranks_arrived(TAG_ASK, &from)) {
            others -= !serve_one(pool, from);
            continue;
        }
        if (!tp_program_stopped())
            running = tp_clock_seconds();
        sweep->abandoned = tp_clock_seconds() - running > TP_PATIENCE;
        if (sweep->abandoned)
            break;
        rest();
    }
    return NULL;
}

void tp_sweep_serve(struct tp_sweep_pool *pool, void *(*work)(void *pool))
{
    pthread_t server;
    if (pthread_create(&server, NULL, serve, pool) != 0) { /* the other ranks then do all runs */
        serve(pool);
        return;
    }
    tp_sweep_work(pool, work);
    pthread_join(server, NULL);
}

/* --- All ranks ---------------------------------------------------------------------------------------------------- */

tileprop_status tp_sweep_join(struct tp_sweep *sweep, tileprop_status status, struct tp_error *error)
{
    const tileprop_ranks *ranks = sweep->ranks;
    struct {
        uint64_t hash;
        size_t left;
    } first = {0};
    uint64_t hash;
    status = tp_ranks_agree(ranks, status, error);
    if (!ranks || status != TILEPROP_OK)
        return status;
    status = tp_sweep_hash(sweep, 0, &hash, error);
    first.hash = hash;
    first.left = sweep->count - sweep->done;
    tp_ranks_broadcast(ranks, &first, sizeof first);
    if (status == TILEPROP_OK && hash != first.hash)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected the data of rank 0, found other data",
                         sweep->data.directory);
    if (ranks->rank > 0)
        tp_sweep_divide(sweep, first.left);
    return tp_ranks_agree(ranks, status, error);
}

void tp_sweep_divide(struct tp_sweep *sweep, size_t left)
{
    bool shared;
    const size_t given = sweep->command->train.options.threads, ranks = sweep->ranks ? sweep->ranks->count : 1;
    const size_t threads = sweep->ranks && !given ? tp_ranks_threads(&shared) : tileprop_threads(given);
    const size_t most = left / ranks + (left % ranks > 0);
    sweep->workers = most < threads ? most : threads;
    sweep->threads = sweep->workers ? threads / sweep->workers : 1;
}

/* --- The other ranks ---------------------------------------------------------------------------------------------- */

/*
 * Under the mutex, so that there is one exchange at a time: rank 0 never waits for a rank that waits for it. Returns
 * the outcome to rank 0 and frees its history. False: no run is left.
 */
static bool exchange(const tileprop_ranks *ranks, struct ask *ask, struct deal *deal, char **text)
{
    struct tp_sweep_outcome *outcome = &ask->outcome;
    ask->signal = tp_program_stopped();
    send_bytes(ranks, 0, TAG_ASK, ask, sizeof *ask);
    if (outcome->history)
        send_bytes(ranks, 0, TAG_ASK, outcome->history, outcome->history_size);
    free(outcome->history);
    *ask = (struct ask){0};
    await(TAG_DEAL);
    receive_bytes(ranks, 0, TAG_DEAL, deal, sizeof *deal);
    if (!deal->given)
        return false;
    *text = tp_ranks_need(malloc(deal->size + 1));
    receive_bytes(ranks, 0, TAG_DEAL, *text, deal->size);
    return true;
}

static void *work_for_rank_0(void *context)
{
    struct tp_sweep_pool *pool = context;
    const struct tp_sweep *sweep = pool->sweep;
    struct ask ask = {0};
    struct deal deal;
    char *text;
    pthread_mutex_lock(&pool->mutex);
    while (exchange(sweep->ranks, &ask, &deal, &text)) {
        struct tp_train_command command;
        struct tp_sweep_outcome *outcome = &ask.outcome;
        const size_t repeat = deal.index % sweep->repeats;
        ask.ran = true;
        ask.index = deal.index;
        outcome->status = tp_sweep_open_part(pool, repeat, &outcome->why);
        if (outcome->status == TILEPROP_OK)
            outcome->status = tp_train_command_parse_text(&command, text, deal.size, &outcome->why);
        free(text);
        if (outcome->status == TILEPROP_OK) {
            pthread_mutex_unlock(&pool->mutex);
            tp_sweep_train(pool, deal.index, &command.options, outcome);
            free(command.storage);
            pthread_mutex_lock(&pool->mutex);
        }
        tp_sweep_close_part(pool, repeat);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Receives the plan; false: there is nothing to do. */
static bool receive_plan(const tileprop_ranks *ranks, struct tp_sweep_command *command, struct plan *plan,
                         tileprop_status *status, struct tp_error *error)
{
    await(TP_TAG_PROGRAM);
    tp_ranks_broadcast(ranks, plan, sizeof *plan);
    if (!plan->given)
        return false;
    char *text = tp_ranks_need(malloc(plan->size + 1));
    tp_ranks_broadcast(ranks, text, plan->size);
    command->configurations = tp_ranks_need(calloc(1, sizeof *command->configurations));
    command->grid.count = 1;
    command->seeds = plan->seeds;
    command->folds = plan->folds;
    command->histories = plan->keeps_histories ? plan->histories : NULL;
    *status = tp_train_command_parse_text(&command->configurations[0], text, plan->size, error);
    command->train = command->configurations[0];
    free(text);
    return true;
}

static void follow(const tileprop_ranks *ranks, struct tp_sweep *sweep, struct tp_sweep_command *command,
                   struct plan *plan)
{
    struct tp_error error;
    struct tp_sweep_pool pool = {.sweep = sweep, .mutex = PTHREAD_MUTEX_INITIALIZER, .error = &error};
    tileprop_status status = TILEPROP_OK;
    if (!receive_plan(ranks, command, plan, &status, &error))
        return;
    sweep->ranks = ranks;
    sweep->command = command;
    if (status == TILEPROP_OK)
        status = tp_program_choose_isa(&command->train.options.isa, getenv("TILEPROP_ISA"), &error);
    if (status == TILEPROP_OK)
        status = tp_sweep_begin(sweep, command, ranks, &error);
    status = tp_sweep_join(sweep, status, &error);
    if (status != TILEPROP_OK)
        return;
    pool.parts = tp_ranks_need(calloc(sweep->repeats, sizeof *pool.parts));
    if (tp_ranks_agree(ranks, status, &error) == TILEPROP_OK) {
        const struct ask leave = {.leaves = true};
        tp_sweep_work(&pool, work_for_rank_0);
        send_bytes(ranks, 0, TAG_ASK, &leave, sizeof leave);
    }
    tp_sweep_free_parts(&pool);
}

int tp_sweep_follow(const tileprop_ranks *ranks)
{
    struct tp_sweep sweep = {0};
    struct tp_sweep_command command = {0};
    struct plan plan;
    int code;
    follow(ranks, &sweep, &command, &plan);
    tp_sweep_free(&sweep);
    tp_sweep_command_free(&command);
    await(TP_TAG_PROGRAM);
    tp_ranks_broadcast(ranks, &code, sizeof code);
    return code;
}
