/*
 * Everything that decides what is trained and how, with the defaults of the course's final network.
 */
#ifndef TP_TRAIN_OPTIONS_H
#define TP_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "data/dataset.h"
#include "kernels/kernels.h"
#include "system/numa.h"

#define TILEPROP_HIDDEN_MAX 64

struct tp_resumed;
struct tp_weights;

struct tp_train_options {
    size_t hidden[TILEPROP_HIDDEN_MAX]; /* units of each hidden layer; the output layer is not among them */
    size_t hidden_count;
    tileprop_activation activation;
    tileprop_init init;
    int bias;
    int normalize;

    tileprop_optimizer optimizer;
    double learning_rate; /* 0: the optimizer's default (adam 0.001, sgd 0.1, others 0.02) */
    double momentum;
    double beta1, beta2, epsilon;
    double weight_decay;

    size_t batch;
    size_t epochs;
    bool shuffle;
    bool drop_last;
    size_t evals_per_epoch;
    bool eval_train;    /* accuracy on the whole training set at each evaluation */
    bool log_gradients; /* norms of the gradients at each evaluation */
    uint64_t seed;
    const struct tp_weights *initial_weights; /* instead of random ones; NULL: none. Of the network's shape */
    const struct tp_resumed *resumed;         /* progress.h; NULL: the run begins */

    size_t early_stop;       /* evaluations without a better validation loss; 0: never */
    double stop_at_accuracy; /* validation accuracy, a fraction; 0: never */
    double stop_at_loss;     /* validation loss; 0: never */
    double max_seconds;      /* of training and evaluation; 0: no limit */

    size_t threads;       /* ceiling; 0: as many as the process may use */
    size_t threads_exact; /* run exactly so many; 0: choose */
    tileprop_bind bind;
    const char *plan; /* a file that says who computes what, on how many threads; NULL: choose */
    bool explain;     /* time every verb */
    const char *isa;  /* "auto" or a tier's name */
    tileprop_numa numa;
};

struct tp_train_options tp_train_options_default(void);

/* The learning rate: that of the optimizer where none is asked for. */
double tp_train_options_rate(const struct tp_train_options *options);

/* The first weights: those that suit the activation where none are asked for. */
tileprop_init tp_train_options_init(const struct tp_train_options *options);

/*
 * Whether a network can be trained so on train, with validation and, unless it is NULL, test.
 * Errors: TILEPROP_USAGE for options that do not fit each other or the data, TILEPROP_BAD_INPUT for data sets
 * that do not fit each other or are empty.
 */
tileprop_status tp_train_options_check(const struct tp_train_options *options, const struct tp_dataset *train,
                                       const struct tp_dataset *validation, const struct tp_dataset *test,
                                       struct tp_error *error);

#endif
