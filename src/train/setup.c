#include "train/setup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "system/memory.h"
#include "train/training_options.h"

static size_t largest_set(const struct tp_training *training)
{
    size_t most = training->train->count;
    if (training->validation->count > most)
        most = training->validation->count;
    return training->test && training->test->count > most ? training->test->count : most;
}

/* Takes memory that all members share. */
static void shared_layout(struct tp_trainer *t, struct tp_arena *arena)
{
    const size_t samples = largest_set(t->training);
    tp_step_layout(&t->step, arena);
    if (t->step.exchange) {
        tp_exchange_layout(&t->exchange, arena);
        t->statements = tp_arena_take(arena, t->exchange.ranks->count, sizeof *t->statements);
        t->ranks = tp_arena_take(arena, t->exchange.ranks->count, sizeof *t->ranks);
    }
    t->order = tp_arena_take(arena, t->training->train->count, sizeof *t->order);
    t->predictions.loss = tp_arena_take(arena, samples, sizeof *t->predictions.loss);
    t->predictions.predicted = tp_arena_take(arena, samples, sizeof *t->predictions.predicted);
}

/* Takes memory that a member owns. */
static void member_layout(struct tp_trainer *t, struct tp_member *member, struct tp_arena *arena)
{
    tp_network_layout(&t->network, member->step.index, arena);
    if (member->step.index < t->plan.step_members) {
        tp_step_member_layout(&t->step, &member->step, arena);
        tp_step_lists_layout(&t->step, &member->step, arena);
    }
    tp_evaluator_layout(&t->evaluator, &member->buffers, arena);
}

/* Checks that there is memory for all that is allocated next, and for what the caller has not touched yet. */
static tileprop_status check_memory(struct tp_trainer *t, struct tp_error *error)
{
    struct tp_arena size = tp_arena_measure();
    shared_layout(t, &size);
    for (size_t m = 0; m < t->plan.members; m++) {
        struct tp_member member = {.step.index = m};
        member_layout(t, &member, &size);
    }
    return tp_memory_check("/proc", "/sys/fs/cgroup", size.used, t->training->pending_bytes, error);
}

/* Creates every member's arena and the shared one, without touching them. */
static tileprop_status allocate(struct tp_trainer *t, struct tp_error *error)
{
    const struct tp_training *training = t->training;
    const struct tp_dataset *const sets[TP_PLACEMENT_SETS] = {training->train, training->validation, training->test};
    const size_t members = t->plan.members;
    struct tp_arena size = tp_arena_measure();
    t->members = aligned_alloc(_Alignof(struct tp_member), members * sizeof *t->members);
    if (!t->members)
        return tp_fail_memory(error, NULL, "threads");
    memset(t->members, 0, members * sizeof *t->members);
    if (t->run_options->times && !(t->profiles = calloc(t->plan.step_members, sizeof *t->profiles)))
        return tp_fail_memory(error, NULL, "the profiles of threads");
    tileprop_status status = tp_placement_create(&t->placement, t->options.numa, members, sets, error);
    if (status != TILEPROP_OK)
        return status;
    shared_layout(t, &size);
    status = tp_arena_create(&t->shared, size.used, error);
    if (status != TILEPROP_OK)
        return status;
    shared_layout(t, &t->shared);
    for (size_t m = 0; m < members; m++) {
        struct tp_member *member = &t->members[m];
        member->step.index = m;
        member->step.profile = t->profiles && m < t->plan.step_members ? &t->profiles[m] : NULL;
        size = tp_arena_measure();
        member_layout(t, member, &size);
        status = tp_arena_create(&member->arena, size.used, error);
        if (status != TILEPROP_OK)
            return status;
        member_layout(t, member, &member->arena);
    }
    for (size_t i = 0; i < training->train->count; i++)
        t->order[i] = (uint32_t)i;
    return TILEPROP_OK;
}

/* CPU seconds of all threads of this process so far. */
static double process_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Shapes the network for as many members as there may be, and decides what each of them does. */
static tileprop_status make_plan(struct tp_trainer *t, size_t batch, struct tp_error *error)
{
    const struct tp_training *training = t->training;
    const struct tp_dataset *train = training->train;
    const tileprop_options *o = &t->options;
    const size_t threads = training->plan ? training->plan->members : tp_options_threads(o);
    tileprop_status status = tp_network_shape(&t->network, o, train->features, train->classes, threads, error);
    tp_network_shift(&t->network, &t->normalization);
    if (status == TILEPROP_OK)
        status = tp_cpus_choose(&t->binding, o->bind, threads, error);
    if (status != TILEPROP_OK)
        return status;
    t->run.threads_most = o->threads_exact ? o->threads_exact : o->threads ? o->threads : threads;
    if (training->plan) {
        t->plan = *training->plan;
        return TILEPROP_OK;
    }
    const struct tp_shards *shards = &t->plan.shards;
    const struct tp_range own = tp_shards_of_rank(shards, shards->rank);
    const struct tp_autotune autotune = {.tier = t->step.tier,
                                         .network = &t->network,
                                         .train = train,
                                         .normalization = &t->normalization,
                                         .optimizer = o->optimizer,
                                         .binding = &t->binding,
                                         .members = threads,
                                         .exact = o->threads_exact > 0,
                                         .batch = tp_shards_rows_max(shards, batch),
                                         .shards = own.end - own.begin,
                                         .steps = t->run.steps_planned,
                                         .zeros = o->zeros,
                                         .zero_share = t->run.zeros,
                                         .seconds = process_seconds()};
    status = tp_autotune_plan(&autotune, &t->found, error);
    t->found.plan.shards = *shards;
    t->found.plan.batch = batch;
    t->plan = t->found.plan;
    return status;
}

/* Divides the batches among the ranks. Each keeps optimizer state for what it owns; rank 0 has room for all of it. */
static tileprop_status join_ranks(struct tp_trainer *t, struct tp_error *error)
{
    const tileprop_ranks *ranks = t->run_options->ranks;
    t->plan.shards = (struct tp_shards){.count = t->options.shards, .ranks = 1};
    if (!ranks || ranks->count == 1)
        return TILEPROP_OK;
    if (ranks->count > t->options.shards)
        return tp_fail(error, TILEPROP_USAGE,
                       "--shards: expected at least %zu, found %zu: each process computes whole shards", ranks->count,
                       t->options.shards);
    if (t->options.log_gradients || t->options.log_activations)
        return tp_fail(error, TILEPROP_USAGE, "--log-%s: valid only with one process, found %zu",
                       t->options.log_gradients ? "gradients" : "activations", ranks->count);
    t->plan.shards.rank = ranks->rank;
    t->plan.shards.ranks = ranks->count;
    t->exchange = (struct tp_exchange){
        .ranks = ranks, .plan = &t->plan, .network = &t->network, .states = tp_optimizer_states(t->options.optimizer)};
    t->step.exchange = &t->exchange;
    return TILEPROP_OK;
}

/* The plan's text, for reports of where the time goes. */
static tileprop_status write_plan(struct tp_trainer *t, struct tp_error *error)
{
    size_t size;
    if (!t->run_options->times)
        return TILEPROP_OK;
    FILE *stream = open_memstream(&t->plan_text, &size);
    bool written = stream && tp_plan_write(&t->plan, &t->network, t->step.measures, stream);
    written &= stream && fclose(stream) == 0;
    return written ? TILEPROP_OK : tp_fail_memory(error, NULL, "the plan as text");
}

/* Describes the run, for its report. */
static void describe(struct tp_trainer *t)
{
    tileprop_run *run = &t->run;
    run->size = sizeof *run;
    run->isa = t->step.tier->name;
    run->tile = t->step.tier->blocks->tile;
    run->threads = t->plan.members;
    run->threads_of_steps = t->plan.step_members;
    run->threads_bound = t->binding.bound;
    run->plan = t->plan_text ? t->plan_text : "";
    run->candidates = t->found.candidates;
    run->candidate_count = t->found.count;
    run->seconds_planning = t->found.seconds;
    run->inputs = t->training->train->features;
    run->classes = t->training->train->classes;
    run->layers = t->network.layer_count;
    run->parameters = tp_network_parameters(&t->network);
    run->learning_rate = t->options.learning_rate;
    run->batch = t->plan.batch;
    run->mean = t->normalization.mean;
    run->deviation = t->normalization.deviation;
    run->skips = t->plan.skips;
    run->unverified = t->training->unverified;
    for (size_t l = 0; l < t->network.layer_count; l++) {
        const struct tp_layer *layer = &t->network.layers[l];
        const double gemm = 2 * (double)run->batch * (double)(layer->inputs + layer->bias) * (double)layer->units;
        const double multiplied = l == 0 && run->skips ? 1 - run->zeros : 1;
        run->flops_per_step += (l == 0 ? 2 : 3) * multiplied * gemm;
    }
}

/* Continues from the state of a resumed run; one that had ended is evaluated once more. */
static tileprop_status resume(struct tp_trainer *t, struct tp_error *error)
{
    const struct tp_training_state *resumed = t->training->resumed;
    if (!resumed)
        return TILEPROP_OK;
    if (resumed->steps > t->run.steps_planned)
        return tp_fail(error, TILEPROP_USAGE,
                       "--epochs: expected at least the %zu steps that the run has done, found %zu, which is %zu steps",
                       resumed->steps, t->options.epochs, t->run.steps_planned);
    t->state = *resumed;
    t->run.steps_before = resumed->steps;
    t->run.seconds_before = resumed->seconds;
    t->result->seconds_training = resumed->seconds_training;
    t->result->seconds_evaluation = resumed->seconds_evaluation;
    if (resumed->ended) {
        t->pause = TP_END;
        t->result->stopped_by = resumed->ended;
    }
    return TILEPROP_OK;
}

/* Ranks tell rank 0 about themselves. */
static void introduce(struct tp_trainer *t)
{
    const tileprop_ranks *ranks = t->exchange.ranks;
    tileprop_rank *own = &t->ranks[ranks->rank];
    snprintf(own->isa, sizeof own->isa, "%s", t->step.tier->name);
    own->threads = t->plan.step_members;
    own->bytes = t->shared.bytes;
    for (size_t m = 0; m < t->plan.members; m++)
        own->bytes += t->members[m].arena.bytes;
    tp_exchange_gather(&t->exchange, t->ranks, sizeof *t->ranks, ranks->count);
    t->run.ranks = t->ranks;
    t->run.rank_count = ranks->count;
    t->gathers = t->run_options->checkpoint != NULL;
    tp_exchange_broadcast(&t->exchange, &t->gathers, sizeof t->gathers);
    tp_exchange_wait_all(&t->exchange);
}

tileprop_status tp_trainer_prepare(struct tp_trainer *t, const struct tp_training *training, tileprop_result *result,
                                   struct tp_error *error)
{
    static const tileprop_run_options no_options = {0};
    tileprop_options *o = &t->options;
    t->training = training;
    t->run_options = training->run ? training->run : &no_options;
    t->options = *training->options;
    t->result = result;
    t->state = tp_training_state_begin();
    const size_t samples = training->train->count;
    tp_options_resolve(o, training->train->type, samples);
    tileprop_status status = tp_dataset_check_sets(training->train, training->validation, training->test, error);
    if (status == TILEPROP_OK)
        status = tp_options_check(o, samples, error);
    if (status != TILEPROP_OK)
        return status;
    const struct tp_tier *tier = tp_tier_find(o->isa);
    if (!tier)
        return tp_fail(error, TILEPROP_USAGE, "--isa: this CPU or this build has no tier \"%s\"", o->isa);
    const size_t batch = o->batch < samples ? o->batch : samples;
    t->run.steps_per_epoch = tp_options_steps_per_epoch(o, samples);
    t->run.steps_planned = t->run.steps_per_epoch * o->epochs;
    o->lr_steps = o->lr_steps ? o->lr_steps : t->run.steps_planned;
    status = training->normalization ? tp_normalization_copy(&t->normalization, training->normalization, error)
                                     : tp_normalization_fit(&t->normalization, o->normalize, training->train, error);
    if (status != TILEPROP_OK)
        return status;
    t->step = (struct tp_step){.tier = tier,
                               .network = &t->network,
                               .plan = &t->plan,
                               .normalization = &t->normalization,
                               .last_rows = o->drop_last ? 0 : samples % batch,
                               .measures = o->log_gradients != 0,
                               .losses_ready = tp_trainer_losses_ready,
                               .context = t};
    t->run.zeros = tp_normalization_zeros(&t->normalization, training->train);
    if ((status = join_ranks(t, error)) || (status = make_plan(t, batch, error)))
        return status;
    if (t->step.exchange && !t->run_options->checkpoint)
        t->network.states = 0;
    tp_plan_cut(&t->plan, &t->network);
    t->evaluator = (struct tp_evaluator){.tier = tier,
                                         .network = &t->network,
                                         .normalization = &t->normalization,
                                         .rows = t->plan.evaluation_rows,
                                         .zeros = o->zeros};
    if (o->bind == TILEPROP_BIND_AUTO && t->plan.step_members < t->plan.members)
        t->binding.bound = 0; /* the system places a single thread */
    if ((status = write_plan(t, error)))
        return status;
    describe(t);
    status = resume(t, error);
    if (status == TILEPROP_OK)
        status = check_memory(t, error);
    if (status == TILEPROP_OK)
        status = allocate(t, error);
    if (status == TILEPROP_OK && t->step.exchange)
        introduce(t);
    return status;
}

void tp_trainer_free(struct tp_trainer *t)
{
    for (size_t m = 0; t->members && m < t->plan.members; m++)
        tp_arena_destroy(&t->members[m].arena);
    free(t->members);
    free(t->profiles);
    free(t->plan_text);
    tp_cpus_free(&t->binding);
    tp_arena_destroy(&t->shared);
    tp_placement_end(&t->placement);
    tp_network_free(&t->network);
    tp_normalization_free(&t->normalization);
}
