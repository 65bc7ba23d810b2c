#include <stddef.h>
#include <string.h>

#include "api/api.h"
#include "train/train_wishes.h"

#define SAME(public_name, own_name) ((int)(public_name) == (int)(own_name))

_Static_assert(SAME(TILEPROP_SIGMOID, TP_SIGMOID) && SAME(TILEPROP_LECUN_TANH, TP_LECUN_TANH) &&
                   SAME(TILEPROP_TANH, TP_TANH) && SAME(TILEPROP_RELU, TP_RELU) &&
                   SAME(TILEPROP_INIT_AUTO, TP_INIT_AUTO) && SAME(TILEPROP_INIT_UNIFORM, TP_INIT_UNIFORM) &&
                   SAME(TILEPROP_INIT_FAN_IN, TP_INIT_FAN_IN) && SAME(TILEPROP_INIT_HE, TP_INIT_HE) &&
                   SAME(TILEPROP_BIAS_INPUT, TP_BIAS_INPUT) && SAME(TILEPROP_BIAS_ALL, TP_BIAS_ALL) &&
                   SAME(TILEPROP_BIAS_NONE, TP_BIAS_NONE) &&
                   SAME(TILEPROP_NORMALIZE_GLOBAL, TP_NORMALIZE_GLOBAL) &&
                   SAME(TILEPROP_NORMALIZE_FEATURE, TP_NORMALIZE_FEATURE) &&
                   SAME(TILEPROP_NORMALIZE_UNIT, TP_NORMALIZE_UNIT) &&
                   SAME(TILEPROP_NORMALIZE_NONE, TP_NORMALIZE_NONE) && SAME(TILEPROP_SGD, TP_SGD) &&
                   SAME(TILEPROP_MOMENTUM, TP_MOMENTUM) && SAME(TILEPROP_LECUN_MOMENTUM, TP_LECUN_MOMENTUM) &&
                   SAME(TILEPROP_NESTEROV, TP_NESTEROV) && SAME(TILEPROP_ADAM, TP_ADAM) &&
                   SAME(TILEPROP_BIND_NONE, TP_BIND_NONE) && SAME(TILEPROP_BIND_AUTO, TP_BIND_AUTO) &&
                   SAME(TILEPROP_BIND_CORES, TP_BIND_CORES) && SAME(TILEPROP_NUMA_AUTO, TP_NUMA_AUTO) &&
                   SAME(TILEPROP_NUMA_OFF, TP_NUMA_OFF) &&
                   SAME(TILEPROP_NUMA_INTERLEAVE, TP_NUMA_INTERLEAVE) &&
                   SAME(TILEPROP_NUMA_REPLICATE, TP_NUMA_REPLICATE) &&
                   SAME(TILEPROP_STOP_EPOCHS, TP_STOP_EPOCHS) && SAME(TILEPROP_STOP_EARLY, TP_STOP_EARLY) &&
                   SAME(TILEPROP_STOP_ACCURACY, TP_STOP_ACCURACY) && SAME(TILEPROP_STOP_LOSS, TP_STOP_LOSS) &&
                   SAME(TILEPROP_STOP_TIME, TP_STOP_TIME) && SAME(TILEPROP_STOP_PROGRESS, TP_STOP_SIGNAL) &&
                   SAME(TILEPROP_STOP_DIVERGED, TP_STOP_DIVERGED) && SAME(TILEPROP_AUTO, TP_AUTO) &&
                   SAME(TILEPROP_HIDDEN_MAX, TP_HIDDEN_MAX),
               "what is public has the numbers that it has inside");

void tileprop_options_init(tileprop_options *options, size_t size)
{
    const struct tp_train_options o = tp_train_options_default();
    tileprop_options all = {.size = size,
                            .hidden_count = o.hidden_count,
                            .activation = (tileprop_activation)o.activation,
                            .init = (tileprop_init)o.init,
                            .bias = TILEPROP_AUTO,
                            .normalize = TILEPROP_AUTO,
                            .optimizer = (tileprop_optimizer)o.optimizer,
                            .learning_rate = o.learning_rate,
                            .momentum = o.momentum,
                            .beta1 = o.beta1,
                            .beta2 = o.beta2,
                            .epsilon = o.epsilon,
                            .weight_decay = o.weight_decay,
                            .batch = o.batch,
                            .shuffle = o.shuffle,
                            .drop_last = TILEPROP_AUTO,
                            .evals_per_epoch = o.evals_per_epoch,
                            .eval_train = o.eval_train,
                            .seed = o.seed,
                            .early_stop = o.early_stop,
                            .stop_at_accuracy = o.stop_at_accuracy,
                            .stop_at_loss = o.stop_at_loss,
                            .max_seconds = o.max_seconds,
                            .threads = o.threads,
                            .threads_exact = o.threads_exact,
                            .bind = TILEPROP_BIND_NONE,
                            .numa = TILEPROP_NUMA_OFF,
                            .isa = o.isa};
    memcpy(all.hidden, o.hidden, sizeof all.hidden);
    memcpy(options, &all, size < sizeof all ? size : sizeof all);
}

static enum tp_status check_choices(const tileprop_options *g, struct tp_error *error)
{
    const struct {
        const char *name;
        int value, least, most;
    } all[] = {{"activation", (int)g->activation, TILEPROP_SIGMOID, TILEPROP_RELU},
               {"init", (int)g->init, TILEPROP_INIT_AUTO, TILEPROP_INIT_HE},
               {"bias", g->bias, TILEPROP_AUTO, TILEPROP_BIAS_NONE},
               {"normalize", g->normalize, TILEPROP_AUTO, TILEPROP_NORMALIZE_NONE},
               {"optimizer", (int)g->optimizer, TILEPROP_SGD, TILEPROP_ADAM},
               {"bind", (int)g->bind, TILEPROP_BIND_NONE, TILEPROP_BIND_CORES},
               {"numa", (int)g->numa, TILEPROP_NUMA_AUTO, TILEPROP_NUMA_REPLICATE}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].value < all[i].least || all[i].value > all[i].most)
            return tp_fail(error, TP_USAGE, "%s: %d found, expected %d to %d", all[i].name, all[i].value,
                           all[i].least, all[i].most);
    const struct {
        const char *name;
        double value, most; /* from 0 on */
    } reals[] = {{"learning_rate", g->learning_rate, 1000},
                 {"momentum", g->momentum, 1},
                 {"beta1", g->beta1, 1},
                 {"beta2", g->beta2, 1},
                 {"epsilon", g->epsilon, 1},
                 {"weight_decay", g->weight_decay, 1000},
                 {"stop_at_accuracy", g->stop_at_accuracy, 1},
                 {"stop_at_loss", g->stop_at_loss, 1000},
                 {"max_seconds", g->max_seconds, 1e9}};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        if (!(reals[i].value >= 0 && reals[i].value <= reals[i].most))
            return tp_fail(error, TP_USAGE, "%s: %g found, expected 0 to %g", reals[i].name, reals[i].value,
                           reals[i].most);
    if (g->evals_per_epoch == 0 || g->batch == 0)
        return tp_fail(error, TP_USAGE, "%s: 0 found, expected at least 1",
                       g->batch ? "evals_per_epoch" : "batch");
    return g->isa ? TP_OK : tp_fail(error, TP_USAGE, "isa: NULL found, expected \"auto\" or a tier's name");
}

/* A caller that knows fewer options than this library gets the defaults of the others. */
enum tp_status tp_api_options(const tileprop_options *given, tileprop_options *g,
                              struct tp_train_options *options, struct tp_error *error)
{
    const enum tp_status there = tp_api_need(given, "options", error);
    if (there != TP_OK)
        return there;
    tileprop_options_init(g, sizeof *g);
    if (given->size > sizeof *g || given->size < offsetof(tileprop_options, progress))
        return tp_fail(error, TP_USAGE,
                       "options: size %zu found, expected at most %zu: use tileprop_options_init()",
                       given->size, sizeof *g);
    memcpy(g, given, given->size);
    if (g->hidden_count > TILEPROP_HIDDEN_MAX)
        return tp_fail(error, TP_USAGE, "hidden_count: %zu found, expected at most %d", g->hidden_count,
                       TILEPROP_HIDDEN_MAX);
    const enum tp_status status = check_choices(g, error);
    *options = (struct tp_train_options){.hidden_count = g->hidden_count,
                                         .activation = (enum tp_activation)g->activation,
                                         .init = (enum tp_init)g->init,
                                         .optimizer = (enum tp_optimizer_kind)g->optimizer,
                                         .learning_rate = g->learning_rate,
                                         .momentum = g->momentum,
                                         .beta1 = g->beta1,
                                         .beta2 = g->beta2,
                                         .epsilon = g->epsilon,
                                         .weight_decay = g->weight_decay,
                                         .batch = g->batch,
                                         .shuffle = g->shuffle != 0,
                                         .evals_per_epoch = g->evals_per_epoch,
                                         .eval_train = g->eval_train != 0,
                                         .seed = g->seed,
                                         .early_stop = g->early_stop,
                                         .stop_at_accuracy = g->stop_at_accuracy,
                                         .stop_at_loss = g->stop_at_loss,
                                         .max_seconds = g->max_seconds,
                                         .threads = g->threads,
                                         .threads_exact = g->threads_exact,
                                         .bind = (enum tp_bind)g->bind,
                                         .isa = g->isa,
                                         .numa = (enum tp_numa_mode)g->numa};
    memcpy(options->hidden, g->hidden, sizeof options->hidden);
    return status;
}

void tp_api_resolve(const tileprop_options *given, const struct tp_dataset *train,
                    struct tp_train_options *options)
{
    const struct tp_train_wishes wishes = {given->normalize, given->bias, given->drop_last, given->epochs};
    tp_train_wishes_resolve(&wishes, train->type == TP_SAMPLE_F32, train->count, options);
}

void tileprop_options_resolve(tileprop_options *options, tileprop_type type, size_t rows)
{
    const struct tp_train_wishes wishes = {options->normalize, options->bias, options->drop_last,
                                           options->epochs};
    struct tp_train_options own = {.activation = (enum tp_activation)options->activation,
                                   .init = (enum tp_init)options->init,
                                   .optimizer = (enum tp_optimizer_kind)options->optimizer,
                                   .learning_rate = options->learning_rate,
                                   .batch = options->batch ? options->batch : 1};
    tp_train_wishes_resolve(&wishes, type == TILEPROP_F32, rows, &own);
    options->normalize = (int)own.normalize;
    options->bias = (int)own.bias;
    options->drop_last = own.drop_last;
    options->epochs = own.epochs;
    options->learning_rate = tp_train_options_rate(&own);
    options->init = (tileprop_init)tp_train_options_init(&own);
}
