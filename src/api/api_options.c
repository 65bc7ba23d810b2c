#include <stddef.h>
#include <string.h>

#include "api/api.h"
#include "train/train_wishes.h"

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

static tileprop_status check_choices(const tileprop_options *g, struct tp_error *error)
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
            return tp_fail(error, TILEPROP_USAGE, "%s: %d found, expected %d to %d", all[i].name,
                           all[i].value, all[i].least, all[i].most);
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
            return tp_fail(error, TILEPROP_USAGE, "%s: %g found, expected 0 to %g", reals[i].name,
                           reals[i].value, reals[i].most);
    if (g->evals_per_epoch == 0 || g->batch == 0)
        return tp_fail(error, TILEPROP_USAGE, "%s: 0 found, expected at least 1",
                       g->batch ? "evals_per_epoch" : "batch");
    return g->isa ? TILEPROP_OK
                  : tp_fail(error, TILEPROP_USAGE, "isa: NULL found, expected \"auto\" or a tier's name");
}

/* A caller that knows fewer options than this library gets the defaults of the others. */
tileprop_status tp_api_options(const tileprop_options *given, tileprop_options *g,
                               struct tp_train_options *options, struct tp_error *error)
{
    const tileprop_status there = tp_api_need(given, "options", error);
    if (there != TILEPROP_OK)
        return there;
    tileprop_options_init(g, sizeof *g);
    if (given->size > sizeof *g || given->size < offsetof(tileprop_options, progress))
        return tp_fail(error, TILEPROP_USAGE,
                       "options: size %zu found, expected at most %zu: use tileprop_options_init()",
                       given->size, sizeof *g);
    memcpy(g, given, given->size);
    if (g->hidden_count > TILEPROP_HIDDEN_MAX)
        return tp_fail(error, TILEPROP_USAGE, "hidden_count: %zu found, expected at most %d", g->hidden_count,
                       TILEPROP_HIDDEN_MAX);
    const tileprop_status status = check_choices(g, error);
    *options = (struct tp_train_options){.hidden_count = g->hidden_count,
                                         .activation = (tileprop_activation)g->activation,
                                         .init = (tileprop_init)g->init,
                                         .optimizer = (tileprop_optimizer)g->optimizer,
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
                                         .bind = (tileprop_bind)g->bind,
                                         .isa = g->isa,
                                         .numa = (tileprop_numa)g->numa};
    memcpy(options->hidden, g->hidden, sizeof options->hidden);
    return status;
}

void tp_api_resolve(const tileprop_options *given, const struct tp_dataset *train,
                    struct tp_train_options *options)
{
    const struct tp_train_wishes wishes = {given->normalize, given->bias, given->drop_last, given->epochs};
    tp_train_wishes_resolve(&wishes, train->type == TILEPROP_F32, train->count, options);
}

void tileprop_options_resolve(tileprop_options *options, tileprop_type type, size_t rows)
{
    const struct tp_train_wishes wishes = {options->normalize, options->bias, options->drop_last,
                                           options->epochs};
    struct tp_train_options own = {.activation = (tileprop_activation)options->activation,
                                   .init = (tileprop_init)options->init,
                                   .optimizer = (tileprop_optimizer)options->optimizer,
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
