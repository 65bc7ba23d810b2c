/*
 * tileprop: trains multi-layer perceptrons that classify, and uses them, on the CPU.
 *
 *     tileprop_model *model;
 *     char message[256];
 *     if (tileprop_model_load(&model, "digits.safetensors", message, sizeof message) != TILEPROP_OK)
 *         ... message says what is wrong ...
 *     tileprop_predict_u8(model, pixels, 1, probabilities, NULL);
 *     tileprop_model_free(model);
 *
 * Link with `pkg-config --cflags --libs tileprop`. C11 and C++17. With --static the flags are those that
 * libtileprop.a needs too, which is taken where -l:libtileprop.a stands for -ltileprop, or with gcc -static.
 *
 * What the library does not do. It prints nothing, ends no process, handles no signal, reads no environment
 * variable (OpenMP's runtime reads its own), and changes nothing that outlives a call: no locale, no OpenMP
 * setting, no floating-point state (rounding, flush-to-zero), no affinity of a thread unless `bind` asks for
 * it, no memory policy unless `numa` does. OpenMP keeps the threads of a training asleep for the next one.
 *
 * Matrices are row by row, one sample a row, without gaps, at any alignment that their type allows. No buffer
 * may overlap another one, and none is kept or written to unless it says so.
 *
 * NULL is allowed where it says so alone. Elsewhere functions that return a status answer USAGE and name the
 * argument or member; in the others it is undefined.
 *
 * Errors. Functions that can fail return a status and write one line, what was found and what was expected,
 * to message[size], cut off where it does not fit; message may be NULL. Without an error nothing is written
 * there. Options have the names of the program's in messages: --lr is learning_rate.
 * Functions that return no status cannot fail.
 *
 * Threads. Any number of threads may call any functions at a time, also on one model; only what takes a model
 * that is not const needs it for itself. After fork() the child may use everything, its parent's models too.
 *
 * Bits. Weights depend on data, options and seed alone, and predictions on weights and samples: never on the
 * number of threads, the CPU, or the rows that are predicted together.
 */
#ifndef TILEPROP_TILEPROP_H
#define TILEPROP_TILEPROP_H

#include <stddef.h>
#include <stdint.h>

#include "choices.h"
#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TILEPROP_API __attribute__((visibility("default")))
#else
#define TILEPROP_API
#endif

/* The version of the library that is there at run time; TILEPROP_VERSION is that of this header. */
TILEPROP_API const char *tileprop_version(void);

/*
 * The instructions that kernels were built for, by index from 0, slowest first; NULL behind the last ones.
 * *runs_here says whether this CPU has them.
 */
TILEPROP_API const char *tileprop_isa(size_t index, int *runs_here);

/* How many threads there are to be had, by CPUs, affinity, quota and OpenMP's limit, and at most `most`; 0:
 * any. */
TILEPROP_API size_t tileprop_threads(size_t most);

/* --- Models ------------------------------------------------------------------------------------------- */

/* A trained network with the normalization of its inputs and the names of its classes. */
typedef struct tileprop_model tileprop_model;

/*
 * Loads a model, a safetensors file as tileprop writes it, from a path or from bytes, and makes it ready to
 * predict; the bytes may go afterwards. *model is to be freed; NULL on error. All memory that predictions
 * need is allocated here: about twice that of the weights, and buffers that take memory once they are used.
 * Errors: BAD_INPUT for a file that cannot be read or is no such model, FAILURE without memory.
 */
TILEPROP_API tileprop_status tileprop_model_load(tileprop_model **model, const char *path, char *message,
                                                 size_t size);
TILEPROP_API tileprop_status tileprop_model_load_memory(tileprop_model **model, const void *bytes,
                                                        size_t count, char *message, size_t size);

/*
 * Makes the model predict with these instructions, one of the names that `train --version` lists, instead of
 * the fastest ones that the CPU has ("auto"); no bit of a prediction changes. Errors: USAGE for instructions
 * that are not here, FAILURE without memory; the model stays as it was.
 */
TILEPROP_API tileprop_status tileprop_model_use_isa(tileprop_model *model, const char *isa, char *message,
                                                    size_t size);

/* NULL is allowed. No thread may be using the model. */
TILEPROP_API void tileprop_model_free(tileprop_model *model);

/*
 * Writes the model to a file, which is there whole or not at all, or to memory: *bytes[*count], which free()
 * frees; NULL on error. The same model gives the same bytes.
 * Errors: FAILURE if it cannot be written or without memory.
 */
TILEPROP_API tileprop_status tileprop_model_save(const tileprop_model *model, const char *path, char *message,
                                                 size_t size);
TILEPROP_API tileprop_status tileprop_model_save_memory(const tileprop_model *model, void **bytes,
                                                        size_t *count, char *message, size_t size);

/* Values of a sample, classes, weights and biases together, layers, and the units of one, from 0 on. */
TILEPROP_API size_t tileprop_model_features(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_classes(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_parameters(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_layers(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_units(const tileprop_model *model, size_t layer);

/*
 * What the model's file says under a key, as long as the model lives; NULL where it says nothing:
 * "activation" (of the hidden layers), "options" (of the run that trained it, a line for each), "schema" (the
 * columns of the table that it was trained on, JSON).
 */
TILEPROP_API const char *tileprop_model_text(const tileprop_model *model, const char *key);

/* The name of a class, UTF-8; it lives as long as the model. NULL for a class that is not there. */
TILEPROP_API const char *tileprop_model_class_name(const tileprop_model *model, size_t class_index);

/*
 * The weights [units][inputs] of a layer, whose inputs are the units of the one before or the features, and,
 * in *bias, its biases [units], NULL if it has none; the constant 1 among the inputs is the first layer's
 * bias. Values below FLT_MIN count as 0. Both live as long as the model. NULL for a layer that is not there.
 */
TILEPROP_API const float *tileprop_model_weights(const tileprop_model *model, size_t layer,
                                                 const float **bias);

/* scale[features], and in *shift shift[features]: the network's inputs are fma(sample, scale, shift). They
 * live as long as the model. */
TILEPROP_API const float *tileprop_model_normalization(const tileprop_model *model, const float **shift);

/* XXH3-64 of the weights: the number that `tileprop-train` prints. */
TILEPROP_API uint64_t tileprop_model_hash(const tileprop_model *model);

/* --- Predictions -------------------------------------------------------------------------------------- */

/*
 * Predicts samples [rows][features] as they are in the data that the model was trained on: the model
 * normalizes them; what a missing value of a table becomes is in its "schema", for the caller to put there.
 * Writes probabilities[rows][classes] and classes[rows], the most probable one or the lowest
 * of them, where these are not NULL. A sample with a value that is not finite has NaN probabilities and some
 * class. Runs in the calling thread, allocates nothing, takes no lock; up to 64 threads at a time have
 * buffers of their own (fewer with layers of more than ten thousand units), more wait for each other.
 */
TILEPROP_API void tileprop_predict_f32(const tileprop_model *model, const float *samples, size_t rows,
                                       float *probabilities, uint16_t *classes);
TILEPROP_API void tileprop_predict_u8(const tileprop_model *model, const uint8_t *samples, size_t rows,
                                      float *probabilities, uint16_t *classes);

/* Labelled samples, all the caller's. */
typedef struct tileprop_data {
    size_t size;              /* sizeof(tileprop_data) */
    const void *samples;      /* [rows][features]; finite */
    tileprop_type type;       /* of them */
    const void *labels;       /* [rows], each from 0 */
    tileprop_type label_type; /* of them */
    size_t rows, features;
    size_t classes;                 /* at most 65536; 0: one more than the largest label */
    const float *class_weights;     /* [classes] factors of a sample's loss and gradient, >= 0; NULL: all 1 */
    const char *const *class_names; /* [classes], UTF-8, for models; NULL: their numbers */
    const char *schema;             /* of a table's columns, for models, as their text "schema"; NULL: none */
    const char *name;               /* of the data, for messages; NULL: train, validation, data */
} tileprop_data;

/*
 * Predicts as tileprop_predict_f32() and tileprop_predict_u8() do, on exactly so many threads (0: as many as
 * tileprop_threads() says), and the losses[rows] of the true classes, in nats. What is NULL is not wanted;
 * without losses labels may be NULL too.
 * Errors: BAD_INPUT for data that do not fit the model, FAILURE without memory or threads.
 */
TILEPROP_API tileprop_status tileprop_evaluate(const tileprop_model *model, const tileprop_data *data,
                                               size_t threads, float *losses, float *probabilities,
                                               uint16_t *classes, char *message, size_t size);

/* --- Training ----------------------------------------------------------------------------------------- */

#define TILEPROP_HIDDEN_MAX 64

/*
 * What happened; valid during the callback. After each step, and once more where an evaluation follows it.
 */
typedef struct tileprop_progress {
    size_t size;
    size_t step, epoch; /* the step, from 0, and its epoch, from 1 */
    double loss;        /* of the step's batch, mean cross-entropy in nats */
    int evaluated;      /* what follows is there */
    double validation_loss, validation_accuracy;
    double train_accuracy;        /* NaN without eval_train */
    int best;                     /* no evaluation before had so low a validation loss */
    int train_evaluated;          /* train_accuracy is there */
    const double *gradient_norms; /* [layers], of the step, with log_gradients; NULL */
} tileprop_progress;

/* The options of `tileprop-train`, whose --help says more of each, and the ranges of the values. */
typedef struct tileprop_options {
    size_t size;                        /* sizeof(tileprop_options) */
    size_t hidden[TILEPROP_HIDDEN_MAX]; /* units of the hidden layers */
    size_t hidden_count;                /* 0: softmax regression */
    tileprop_activation activation;
    tileprop_init init;
    int bias;      /* TILEPROP_BIAS_... or TILEPROP_AUTO */
    int normalize; /* TILEPROP_NORMALIZE_... or TILEPROP_AUTO */
    tileprop_optimizer optimizer;
    double learning_rate; /* 0: 0.001 for adam, 0.1 for sgd, 0.02 for the others */
    double momentum, beta1, beta2, epsilon, weight_decay;
    size_t batch;
    size_t epochs; /* 0: 10, for f32 at least as many as give 2000 steps */
    int shuffle;
    int drop_last; /* leave out what does not fill the last batch; TILEPROP_AUTO: for u8 */
    size_t evals_per_epoch;
    int eval_train; /* the whole training set at each evaluation too */
    uint64_t seed;
    const tileprop_model *initial_weights; /* of the same layers; NULL: random ones */
    size_t early_stop;                     /* evaluations without a better validation loss; 0: never */
    double stop_at_accuracy, stop_at_loss, max_seconds; /* at most 1, 1000, 1e9; 0: never */
    size_t threads;       /* at most so many, and no more than CPUs; 0: as many as CPUs */
    size_t threads_exact; /* exactly so many; 0: choose */
    tileprop_bind bind;   /* none, unlike tileprop-train's */
    tileprop_numa numa;   /* off, unlike tileprop-train's */
    const char *isa;      /* "auto", or a name that `train --version` lists */

    /*
     * Called after each step from one thread of the training, the caller's but for the child of a fork();
     * the others wait for it. What is not 0 ends the run, after one more step at most. It must not throw,
     * longjmp() out or end its thread. It may call anything here, with threads = 1 a training too.
     */
    int (*progress)(void *context, const tileprop_progress *progress);
    void *context;

    const struct tileprop_run_options *run; /* of tileprop/run.h; NULL */

    int log_gradients;     /* has progress told the gradients' norms at each evaluation */
    const char *init_from; /* a file with first weights: a model, or layers alone; not with initial_weights */
} tileprop_options;

/* Fills *options with the defaults; size is sizeof *options. */
TILEPROP_API void tileprop_options_init(tileprop_options *options, size_t size);

/*
 * Sets one option as `tileprop-train` does: ("lr", "0.01"), ("hidden", "64,64"), ("shuffle", "off"). *options
 * is initialized. A text that is a path is not copied: it must live as long as the options are used.
 * Errors: USAGE for an option that there is not, also in a struct of an older size, and for a value that is
 * none of it; *options is as before then.
 */
TILEPROP_API tileprop_status tileprop_options_set(tileprop_options *options, const char *name,
                                                  const char *value, char *message, size_t size);

/* What the value of an option is, and how the struct has it. */
typedef enum tileprop_option_kind {
    TILEPROP_OPTION_SWITCH, /* int; "on" or "off" */
    TILEPROP_OPTION_COUNT,  /* size_t from least to most */
    TILEPROP_OPTION_SEED,   /* uint64_t from least to most */
    TILEPROP_OPTION_REAL,   /* double from low to high */
    TILEPROP_OPTION_CHOICE, /* int or an enum; the value of one of choices */
    TILEPROP_OPTION_NAME,   /* const char *; the name of one of choices */
    TILEPROP_OPTION_SIZES,  /* size_t [items] and a size_t count, each from least to most, with commas between
                               them; "none" for an empty list */
    TILEPROP_OPTION_TEXT,   /* const char *; no control characters, no double quotes */
    TILEPROP_OPTION_PATH    /* likewise, the path of a file or a folder */
} tileprop_option_kind;

/* A value by its name. Several names may have one value. */
typedef struct tileprop_choice {
    const char *name;
    int value; /* of kind CHOICE */
} tileprop_choice;

/* What there is to say of an option. Texts that it has not are NULL; later versions may say more. */
typedef struct tileprop_option {
    const char *name;     /* "lr" */
    const char *group;    /* "Optimizer"; options of a group are neighbours */
    const char *help;     /* a few words to a few sentences */
    const char *argument; /* what help calls the value: "X" */
    const char *initial;  /* the default */
    const char *keyword;  /* numbers, paths: stands for 0 or NULL, which cannot be given otherwise */
    const tileprop_choice *choices; /* up to a name that is NULL; of a path: words that are no paths */
    tileprop_option_kind kind;
    int above, below;    /* reals: low, high are not in the range */
    int fraction;        /* reals: a fraction, which is easily given as a percentage */
    size_t offset;       /* of the value in tileprop_options */
    size_t count_offset; /* sizes: of the number of items */
    size_t items;        /* sizes: the most there may be */
    uint64_t least, most;
    double low, high;
} tileprop_option;

/* The options that tileprop_options_set() takes, by index from 0; NULL behind the last one. */
TILEPROP_API const tileprop_option *tileprop_option_at(size_t index);

/* Losses are means in nats per sample, accuracies fractions. */
typedef struct tileprop_result {
    size_t size; /* sizeof(tileprop_result), filled by the caller */
    tileprop_stop stopped_by;
    size_t steps, epochs;                        /* done */
    double train_loss, train_accuracy;           /* of the final weights */
    double validation_loss, validation_accuracy; /* likewise */
    double best_validation_loss, best_validation_accuracy;
    size_t best_step; /* of that loss, from 0 */
    double seconds_training, seconds_evaluation;
    uint64_t weights_hash;           /* of the final weights */
    size_t threads;                  /* that there were */
    const char *isa;                 /* the instructions that were used; lives as long as the library */
    double test_loss, test_accuracy; /* of run.h's test set; NaN without */
    size_t threads_worked;           /* that computed a part of at least one step */
    tileprop_numa numa;              /* what was done; never auto */
    size_t numa_nodes;               /* memory nodes that threads were on; 1 where nothing was done */
} tileprop_result;

/*
 * Trains on train and evaluates on validation, which has the same features and no more classes. Stores the
 * final model in *last and the one with the lowest validation loss in *best, to be freed, where these are not
 * NULL. result may be NULL too. Copies labels that are not u16; allocates weights, optimizer state, and per
 * thread the activations of a batch. Inside a parallel region of OpenMP use threads = 1.
 * Errors: USAGE for options that do not fit each other or the data, BAD_INPUT for data that do not fit each
 * other, are empty or have a label below 0 or too large, FAILURE without memory or threads, DIVERGED where
 * the loss is not finite: then *last is NULL, and *best and result are there as far as the run went. Else on
 * error both are NULL.
 */
TILEPROP_API tileprop_status tileprop_train(const tileprop_options *options, const tileprop_data *train,
                                            const tileprop_data *validation, tileprop_model **last,
                                            tileprop_model **best, tileprop_result *result, char *message,
                                            size_t size);

/*
 * The same, validating on the last ceil(fraction * rows) samples (0 < fraction < 1) instead of training on
 * them.
 */
TILEPROP_API tileprop_status tileprop_train_split(const tileprop_options *options, const tileprop_data *data,
                                                  double fraction, tileprop_model **last,
                                                  tileprop_model **best, tileprop_result *result,
                                                  char *message, size_t size);

#ifdef __cplusplus
}
#endif
#endif
