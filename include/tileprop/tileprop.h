/*
 * tileprop: trains multi-layer perceptrons for classification, and runs them, on the CPU.
 *
 *     tileprop_model *model;
 *     char message[256];
 *     if (tileprop_model_load(&model, "digits.safetensors", message, sizeof message) != TILEPROP_OK)
 *         ... message says what is wrong ...
 *     tileprop_predict_u8(model, pixels, 1, probabilities, NULL);
 *     tileprop_model_free(model);
 *
 * For C11 and C++17. Link with `pkg-config --cflags --libs tileprop`. --static adds the flags that
 * libtileprop.a needs; to link the archive, replace -ltileprop with -l:libtileprop.a, or use gcc -static.
 *
 * Side effects. The library prints nothing, never exits, handles no signals, reads no environment variables but
 * OMP_STACKSIZE and GOMP_STACKSIZE (OpenMP's runtime reads its own), and changes nothing that outlives a call: no
 * locale, OpenMP setting or floating-point state (rounding, flush-to-zero), no thread's affinity unless `bind` asks
 * for it, and no memory policy unless `numa` does. OpenMP keeps the threads of a training run asleep for the next one.
 *
 * Matrices are row-major, one sample per row, without padding unless they have a stride, at any alignment valid for
 * their type. Buffers must not overlap; none is retained or written to unless stated.
 *
 * NULL is allowed only where stated. Otherwise functions that return a status return USAGE and name the
 * argument or member; for all others it is undefined behaviour.
 *
 * Errors. Functions that can fail return a status and write one line, what was expected and what was found,
 * to message[size], truncated to fit; message may be NULL and is untouched on success. Messages name members and
 * arguments. Functions that return no status cannot fail.
 *
 * Threads. Any number of threads may call any functions at once, even on the same model; only a function that
 * takes a non-const model or trainer needs exclusive access to it. After fork() the child may use everything, including
 * its parent's models.
 *
 * If OpenMP's runtime cannot create a thread, it prints a message and ends the process. Before a team starts, the
 * library therefore creates as many threads itself, ends them, and returns FAILURE if it cannot create them. If other
 * code uses up a limit in between, or runs OpenMP regions on the same thread, the runtime still ends the process. Each
 * thread needs 64 KiB of stack; the caller needs 128 KiB, and 256 bytes for each thread of the team.
 *
 * Bits. Weights depend only on data, options and seed, and predictions only on weights and samples: never on
 * the number of threads, the CPU, or which rows are predicted together.
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
#define TILEPROP_TRY TILEPROP_API __attribute__((warn_unused_result)) /* returns a status */
#else
#define TILEPROP_API
#define TILEPROP_TRY
#endif

/* The version of the library at run time; TILEPROP_VERSION is that of this header. */
TILEPROP_API const char *tileprop_version(void);

/* Frees memory that a function returned for the caller to free; NULL is allowed. */
TILEPROP_API void tileprop_free(void *memory);

/*
 * The instruction set at an index, from 0 and slowest first, among those with kernels in this build; NULL
 * past the end. *runs_here says whether this CPU supports it.
 */
TILEPROP_API const char *tileprop_isa(size_t index, int *runs_here);

/*
 * Number of threads available, by CPUs, affinity, CPU quota and OpenMP's limit; at most `most` (0: no cap).
 * The quota is that of the first call.
 */
TILEPROP_API size_t tileprop_threads(size_t most);

/* --- Models ------------------------------------------------------------------------------------------- */

/* A trained network with its input normalization and class names. */
typedef struct tileprop_model tileprop_model;

/*
 * Loads a model, a safetensors file as written by tileprop, from a path or from memory, which need not
 * outlive the call. The caller frees *model; it is NULL on error. Allocates all memory that predictions need:
 * about twice that of the weights, plus buffers that become resident on first use.
 * Errors: BAD_INPUT for a file that cannot be read, is not such a model, or does not match its checksum; FAILURE if
 * out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_model_load(tileprop_model **model, const char *path, char *message, size_t size);
TILEPROP_TRY tileprop_status tileprop_model_load_memory(tileprop_model **model, const void *bytes, size_t count,
                                                        char *message, size_t size);

/* A model as arrays. Everything but size, features, layers and units may be 0 or NULL. */
typedef struct tileprop_model_parts {
    size_t size; /* sizeof(tileprop_model_parts) */
    size_t features;
    size_t layers;                    /* at most TILEPROP_HIDDEN_MAX + 1 */
    const size_t *units;              /* [layers]; those of the last are the classes, at most 65535 */
    tileprop_activation activation;   /* of the hidden layers, which need one */
    const float *const *weights;      /* [layers] of [units][inputs]; NULL: zeros */
    const float *const *biases;       /* [layers] of [units]; NULL: no biases */
    const float *scale, *shift;       /* [features]: the inputs are fma(sample, scale, shift); NULL: 1, 0 */
    const float *imputed;             /* [features], as tileprop_model_imputed() returns it; NULL: none may be */
    const char *const *feature_names; /* [features], UTF-8 */
    const char *const *class_names;   /* [classes], UTF-8; NULL: their numbers */
    const float *split;               /* [features], as tileprop_model_split() returns it; NULL: 0 */
    const double *offset;             /* [features], as tileprop_model_offsets() returns it; NULL: 0 */
} tileprop_model_parts;

/*
 * Makes a model from arrays, for example from another program's weights. All values must be finite. The caller
 * frees *model; it is NULL on error.
 * Errors: USAGE naming the member, BAD_INPUT for a value that is not finite and for names too long for a model file,
 * FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_model_create(tileprop_model **model, const tileprop_model_parts *parts,
                                                   char *message, size_t size);

/*
 * Replaces a layer's weights [units][inputs] and biases [units], in the layout of tileprop_model_weights(). NULL
 * leaves them as they are.
 * Errors, of which only FAILURE changes the model: USAGE for a layer out of range or biases for a layer that has none,
 * BAD_INPUT for a value that is not finite, FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_model_set_weights(tileprop_model *model, size_t layer, const float *weights,
                                                        const float *bias, char *message, size_t size);

/*
 * Makes the model predict with this instruction set, one of those listed by `train --version`, instead of the
 * fastest that the CPU has ("auto"). No bit of a prediction changes. On error the model is unchanged.
 * Errors: USAGE for an instruction set not available here, FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_model_use_isa(tileprop_model *model, const char *isa, char *message, size_t size);

/* model may be NULL. No thread may be using it. */
TILEPROP_API void tileprop_model_free(tileprop_model *model);

/*
 * Writes the model to a file, atomically, or to memory: *bytes[*count], which the caller passes to
 * tileprop_free(), or to free() of the same C library; NULL on error. The same model always gives the same bytes.
 * Errors: FAILURE if it cannot be written or if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_model_save(const tileprop_model *model, const char *path, char *message,
                                                 size_t size);
TILEPROP_TRY tileprop_status tileprop_model_save_memory(const tileprop_model *model, void **bytes, size_t *count,
                                                        char *message, size_t size);

/* Features per sample, classes, parameters (weights and biases), layers, and units of a layer, from 0. */
TILEPROP_API size_t tileprop_model_features(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_classes(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_parameters(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_layers(const tileprop_model *model);
TILEPROP_API size_t tileprop_model_units(const tileprop_model *model, size_t layer);

/*
 * The text under a key of the model's file, valid as long as the model; NULL if absent: "activation" (of the
 * hidden layers), "normalize", "mean" (of all the values it was trained on), "options" (of the run that trained it, one
 * per line), "schema" (the columns of the table it was trained on, JSON).
 */
TILEPROP_API const char *tileprop_model_text(const tileprop_model *model, const char *key);

/* A class's name, UTF-8, valid as long as the model; NULL for an index out of range. */
TILEPROP_API const char *tileprop_model_class_name(const tileprop_model *model, size_t class_index);

/*
 * The name of the column that a feature comes from, UTF-8, valid as long as the model; NULL if it has none or is
 * out of range.
 */
TILEPROP_API const char *tileprop_model_feature_name(const tileprop_model *model, size_t feature);

/*
 * [features]: what a missing value becomes, with its feature's offset already subtracted. NULL: none may be missing.
 * Valid as long as the model.
 */
TILEPROP_API const float *tileprop_model_imputed(const tileprop_model *model);

/*
 * The weights [units][inputs] of a layer, whose inputs are the previous layer's units or the features, and in
 * *bias its biases [units], NULL if it has none. The constant input 1 is returned as the first layer's bias.
 * Values below FLT_MIN count as 0. Both are valid as long as the model. NULL for a layer out of range.
 */
TILEPROP_API const float *tileprop_model_weights(const tileprop_model *model, size_t layer, const float **bias);

/*
 * scale[features], and in *shift shift[features]: the network's inputs are fma(x, scale, shift), x being a sample's
 * values minus their offsets. Both are valid as long as the model.
 */
TILEPROP_API const float *tileprop_model_normalization(const tileprop_model *model, const float **shift);

/*
 * split[features]: 1 where the shift enters the first layer's sums as a whole and not with each sample, so that zeros
 * stay zeros and can be skipped, else 0. It affects rounding only. Valid as long as the model.
 */
TILEPROP_API const float *tileprop_model_split(const tileprop_model *model);

/*
 * offset[features]: what is subtracted from samples, in double, before they are narrowed to float, so that timestamps
 * and coordinates keep their differences. NULL: nothing is. Training on f64 samples chooses offsets (with normalize
 * global and feature) where float would keep little of the differences. Valid as long as the model.
 */
TILEPROP_API const double *tileprop_model_offsets(const tileprop_model *model);

/*
 * Whether the model was loaded from a file with a checksum, which loading verifies. Files from other programs and
 * earlier versions have none, so that damage to them goes undetected. 0 for a model that was not loaded.
 */
TILEPROP_API int tileprop_model_verified(const tileprop_model *model);

/* XXH3-64 of the weights, as printed by `tileprop-train`. */
TILEPROP_API uint64_t tileprop_model_hash(const tileprop_model *model);

/* --- Predictions -------------------------------------------------------------------------------------- */

#define TILEPROP_NO_CLASS 0xffff

/*
 * Predicts samples [rows][features], given as in the training data: the model normalizes them. NaN marks a missing
 * value, which becomes its feature's value in tileprop_model_imputed(). Writes probabilities[rows][classes] and
 * classes[rows], the most probable class (the lowest on a tie); either may be NULL. A sample that cannot be predicted
 * gets NaN probabilities and the class TILEPROP_NO_CLASS: one with an infinite value, with NaN if the model imputes
 * nothing, or with values too large for the network. Runs in the calling thread, allocates nothing and takes no lock.
 * Up to 64 threads at a time have buffers of their own (fewer with layers of more than ten thousand units); any more
 * wait for one another. If tileprop_model_offsets() is not NULL, use f64: a float has lost what the offsets keep.
 */
TILEPROP_API void tileprop_predict_f32(const tileprop_model *model, const float *samples, size_t rows,
                                       float *probabilities, uint16_t *classes);
TILEPROP_API void tileprop_predict_u8(const tileprop_model *model, const uint8_t *samples, size_t rows,
                                      float *probabilities, uint16_t *classes);
TILEPROP_API void tileprop_predict_f64(const tileprop_model *model, const double *samples, size_t rows,
                                       float *probabilities, uint16_t *classes);

/*
 * Labelled samples; the caller owns everything. The same samples give the same bits as f32 and as CSR with the same
 * normalize. Where data have to fit each other, f32, f64 and CSR count as one type. f64 samples, rows with a stride and
 * samples whose offsets are not the model's are copied for the duration of the call, as are labels that are not u16.
 * f64 values, minus the model's offsets, are rounded to f32, and to 0 below FLT_MIN; a finite value too large for f32
 * is BAD_INPUT.
 */
typedef struct tileprop_data {
    size_t size;              /* sizeof(tileprop_data) */
    const void *samples;      /* [rows][features]; finite, except for predictions; unused with CSR */
    tileprop_type type;       /* of samples */
    const void *labels;       /* [rows], class indices from 0 */
    tileprop_type label_type; /* of labels */
    size_t rows, features;
    size_t classes;                 /* at most 65535; 0: one more than the largest label */
    const float *class_weights;     /* [classes] factors on loss and gradient, >= 0; NULL: all 1 */
    const char *const *class_names; /* [classes], UTF-8, stored in models; NULL: the initial weights', or numbers */
    const char *schema; /* a table's columns, stored in models as text "schema"; NULL: the initial weights', or none */
    const char *name;   /* of the data, for messages; NULL: train, validation or data */
    size_t stride;      /* distance between the starts of consecutive rows, in values; 0: features */
    const double *offset; /* [features], not with u8: already subtracted from the samples; NULL: nothing was */
    /* CSR: compressed sparse rows as in scipy.sparse.csr_matrix, in place of samples; without stride and offset. */
    const int64_t *indptr;  /* [rows + 1]: row r has entries indptr[r] to indptr[r + 1] - 1 */
    const int32_t *indices; /* each entry's feature, from 0, ascending within a row */
    const float *values;    /* each entry's value; all others are 0 */
    /*
     * [rows] factors on loss and gradient, finite and >= 0, on top of class_weights; NULL: all 1. They are not
     * rescaled: the loss of a step remains a sum divided by its number of rows. Losses and accuracies of whole sets
     * become sum(w x) / sum(w), and not all weights may be 0. tileprop_evaluate() and tileprop_trainer_create() do not
     * use them.
     */
    const float *sample_weights;
} tileprop_data;

/* What tileprop_evaluate() computes; any pointer may be NULL. */
typedef struct tileprop_outputs {
    size_t size;          /* sizeof(tileprop_outputs) */
    float *losses;        /* [rows], each sample's cross-entropy in nats */
    float *probabilities; /* [rows][classes] */
    float *logits;        /* [rows][classes], whose softmax the probabilities are */
    uint16_t *classes;    /* [rows] */
} tileprop_outputs;

/*
 * Predicts like tileprop_predict_f32() and tileprop_predict_u8(), on up to `threads` threads (at most 4096; 0: as many
 * as tileprop_threads() reports), and no more than there are blocks of rows. labels may be NULL if outputs->losses is.
 * The loss of a sample that cannot be predicted is NaN, and at least one of its logits is not finite.
 * Errors: USAGE for too many threads, BAD_INPUT for data that do not fit the model, FAILURE if out of memory or
 * threads.
 */
TILEPROP_TRY tileprop_status tileprop_evaluate(const tileprop_model *model, const tileprop_data *data, size_t threads,
                                               const tileprop_outputs *outputs, char *message, size_t size);

/* --- Training ----------------------------------------------------------------------------------------- */

#define TILEPROP_HIDDEN_MAX 64

/* Of a hidden layer's outputs for a step's batch. */
typedef struct tileprop_activity {
    double rms; /* root of the mean square */
    double
        saturation; /* share of them at which the derivative is below 5 % of its largest value; of relu: that are 0 */
} tileprop_activity;

/* Reported after each step, and again if an evaluation follows it. Valid only during the callback. */
typedef struct tileprop_progress {
    size_t size;
    size_t step, epoch; /* the step, from 0, and its epoch, from 1 */
    double loss;        /* mean cross-entropy of the step's mini-batch, in nats */
    int evaluated;      /* the members below are set */
    double validation_loss, validation_accuracy;
    double train_accuracy;             /* NaN without eval_train */
    int best;                          /* lowest validation loss so far */
    int train_evaluated;               /* train_accuracy is set */
    const double *gradient_norms;      /* [layers], of the step, with log_gradients; else NULL */
    const tileprop_activity *activity; /* [layers - 1], of the step, with log_activations; else NULL */
} tileprop_progress;

/* The options of `tileprop-train`; its --help says more about each, and gives the ranges. */
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
    size_t epochs; /* 0: 10, and for f32 and CSR at least enough for 2000 steps */
    int shuffle;
    int drop_last; /* drop an incomplete last batch; TILEPROP_AUTO: for u8 */
    size_t evals_per_epoch;
    int eval_train; /* also evaluate the whole training set each time */
    uint64_t seed;
    const tileprop_model *initial_weights;              /* with the same layers and columns; NULL: random */
    size_t early_stop;                                  /* evaluations without a lower validation loss; 0: never */
    double stop_at_accuracy, stop_at_loss, max_seconds; /* at most 1, 1000, 1e9; 0: never */
    size_t threads;                                     /* at most this many, and no more than CPUs; 0: one per CPU */
    size_t threads_exact;                               /* exactly this many; 0: choose */
    tileprop_bind bind;                                 /* default: none, unlike tileprop-train's */
    tileprop_numa numa;                                 /* default: off, unlike tileprop-train's */
    const char *isa;                                    /* "auto", or a name that `train --version` lists */

    /*
     * Called after each step from one of the run's threads while the others wait: the caller's, except in the
     * child of a fork(). Nonzero ends the run, after at most one more step. It must not throw, longjmp() out
     * or end its thread. It may call any function of the library, including training with threads = 1.
     */
    int (*progress)(void *context, const tileprop_progress *progress);
    void *context;

    const struct tileprop_run_options *run; /* see tileprop/run.h; may be NULL */

    int log_gradients;     /* reports gradient norms to progress at each evaluation */
    const char *init_from; /* file of initial weights: a model, or bare layers; excludes initial_weights */
    int renormalize;       /* fits the normalization to the data; 0: keeps that of the initial weights, if any */
    int option_names;      /* messages name options as the command line does: --lr, not learning_rate */
    tileprop_zeros zeros;  /* changes no bit */
    tileprop_schedule lr_schedule;
    size_t warmup; /* steps in which the learning rate rises linearly */
    size_t
        lr_steps; /* of warmup and schedule; 0: as many as are planned, which a trainer of single steps does not know */
    int log_activations; /* reports the activity of hidden layers to progress at each evaluation */
    size_t shards;       /* into which the rows of a batch are divided, for as many ranks at most (run.h) */
} tileprop_options;

/* Sets *options to the defaults; size is sizeof *options. */
TILEPROP_API void tileprop_options_init(tileprop_options *options, size_t size);

/*
 * Sets one option as `tileprop-train` does: ("lr", "0.01"), ("hidden", "64,64"), ("shuffle", "off"). *options
 * must be initialized. A path is not copied: it must live as long as the options are used. Messages use the name
 * that was given.
 * Errors: USAGE for an unknown option, including one missing from a struct of an older size, and for an
 * invalid value; *options is then unchanged.
 */
TILEPROP_TRY tileprop_status tileprop_options_set(tileprop_options *options, const char *name, const char *value,
                                                  char *message, size_t size);

/* The type of an option's value, and its representation in the struct. */
typedef enum tileprop_option_kind {
    TILEPROP_OPTION_SWITCH, /* int; "on" or "off" */
    TILEPROP_OPTION_COUNT,  /* size_t from least to most */
    TILEPROP_OPTION_SEED,   /* uint64_t from least to most */
    TILEPROP_OPTION_REAL,   /* double from low to high */
    TILEPROP_OPTION_CHOICE, /* int or an enum; the value of one of choices */
    TILEPROP_OPTION_NAME,   /* const char *; the name of one of choices */
    TILEPROP_OPTION_SIZES,  /* size_t [items] and a size_t count, each from least to most, comma-separated, or
                               "none" */
    TILEPROP_OPTION_TEXT,   /* const char *; no control characters, no double quotes */
    TILEPROP_OPTION_PATH    /* likewise, the path of a file or directory */
} tileprop_option_kind;

/* A named value. Several names may share one value. */
typedef struct tileprop_choice {
    const char *name;
    int value; /* for kind CHOICE */
} tileprop_choice;

/* An option's description. Texts that do not apply are NULL; later versions may add members. */
typedef struct tileprop_option {
    const char *name;               /* "lr" */
    const char *group;              /* "Optimizer"; options of a group are adjacent */
    const char *help;               /* from a few words to a few sentences */
    const char *argument;           /* the name of the value in help: "X" */
    const char *initial;            /* the default */
    const char *keyword;            /* numbers, paths: means 0 or NULL, which cannot be given otherwise */
    const tileprop_choice *choices; /* ends with a NULL name; for a path: words that are not paths */
    tileprop_option_kind kind;
    int above, below;    /* reals: low, high themselves are excluded */
    int fraction;        /* reals: a fraction, easily mistaken for a percentage */
    size_t offset;       /* of the value within tileprop_options */
    size_t count_offset; /* sizes: offset of the number of items */
    size_t items;        /* sizes: the maximum number */
    uint64_t least, most;
    double low, high;
} tileprop_option;

/* The options that tileprop_options_set() takes, by index from 0; NULL past the end. */
TILEPROP_API const tileprop_option *tileprop_option_at(size_t index);

/* Losses are means in nats per sample; accuracies are fractions. */
typedef struct tileprop_result {
    size_t size; /* sizeof(tileprop_result), set by the caller */
    tileprop_stop stopped_by;
    size_t steps, epochs;                        /* done */
    double train_loss, train_accuracy;           /* of the final weights */
    double validation_loss, validation_accuracy; /* likewise */
    double best_validation_loss, best_validation_accuracy;
    size_t best_step; /* with that loss, from 0 */
    double seconds_training, seconds_evaluation;
    uint64_t weights_hash;           /* of the final weights */
    size_t threads;                  /* in the team */
    const char *isa;                 /* the instruction set used; a static string */
    double test_loss, test_accuracy; /* on run.h's test set; NaN without one */
    size_t threads_worked;           /* computed part of at least one step */
    tileprop_numa numa;              /* what was done; never auto */
    size_t numa_nodes;               /* memory nodes that threads ran on; 1 if nothing was done */
    int evaluation_skips;            /* evaluations skipped zeros of the inputs */
    double seconds_multiplying;      /* per sample of an evaluation that multiplies them; 0: not timed */
    double seconds_skipping;         /* per sample of one that skips them; 0: not timed */
} tileprop_result;

/*
 * Trains on train and evaluates on validation, which must have the same features and no more classes. Stores
 * the final model in *last and the one with the lowest validation loss in *best, which the caller frees;
 * last, best and result may be NULL. Allocates copies of data as tileprop_data says, weights, optimizer state, and
 * each thread's activations for a batch, unless resource limits or free memory do not suffice. Inside an OpenMP
 * parallel region use threads = 1. With initial weights from a model, the model's normalization is kept unless
 * renormalize is set. Its columns and classes must match those of train, in the same order, where both have names.
 * Errors: USAGE for options that do not fit each other or the data; BAD_INPUT for data that do not fit each
 * other, are empty, or have a label below 0 or too large; FAILURE if out of memory or threads; DIVERGED if
 * the loss is not finite: then *last is NULL, and *best and *result cover the run up to there. On any other
 * error both models are NULL.
 */
TILEPROP_TRY tileprop_status tileprop_train(const tileprop_options *options, const tileprop_data *train,
                                            const tileprop_data *validation, tileprop_model **last,
                                            tileprop_model **best, tileprop_result *result, char *message, size_t size);

/* The same, but holds out the last ceil(fraction * rows) samples (0 < fraction < 1) for validation. */
TILEPROP_TRY tileprop_status tileprop_train_split(const tileprop_options *options, const tileprop_data *data,
                                                  double fraction, tileprop_model **last, tileprop_model **best,
                                                  tileprop_result *result, char *message, size_t size);

/* --- Training, step by step --------------------------------------------------------------------------- */

/* A network in training, whose caller supplies the batch of each step. tileprop_train() takes the same steps. */
typedef struct tileprop_trainer tileprop_trainer;

/*
 * Creates a trainer for the network that options describe. data describes the samples: type, features, classes,
 * class_weights, class_names, schema and offset. If classes is given, rows may be 0 and samples and labels NULL. The
 * normalization is scale[features], shift[features] and split[features] (tileprop_model_split(); NULL: 0); if all are
 * NULL, that of the initial weights; without those, it is fitted to the rows of data. scale and shift apply to samples
 * minus the offsets of data; batches may have other offsets. Options that control a whole run (epochs, shuffle,
 * drop_last, evaluations, stops, progress, numa) have no effect. Copies what it needs; the caller frees *trainer, which
 * is NULL on error. Errors: those of tileprop_train().
 */
TILEPROP_TRY tileprop_status tileprop_trainer_create(tileprop_trainer **trainer, const tileprop_options *options,
                                                     const tileprop_data *data, const float *scale, const float *shift,
                                                     const float *split, char *message, size_t size);

/*
 * Takes one step on all rows of batch, 1 to options.batch of them, of the type and features that the trainer was
 * created with. *loss (may be NULL): their mean cross-entropy before the step. The same batches in the same order give
 * the weights of tileprop_train(), whatever the number of threads.
 * Errors: USAGE and BAD_INPUT for a batch that does not fit, which changes nothing; FAILURE if out of memory or
 * threads; DIVERGED if the loss is not finite: the trainer is then usable only after
 * tileprop_trainer_restore().
 */
TILEPROP_TRY tileprop_status tileprop_trainer_step(tileprop_trainer *trainer, const tileprop_data *batch, double *loss,
                                                   char *message, size_t size);

/*
 * Mean cross-entropy in nats and accuracy of the current weights; either may be NULL. data may have any number of rows.
 * Errors: as tileprop_trainer_step(), but never DIVERGED: a loss that is not finite is returned.
 */
TILEPROP_TRY tileprop_status tileprop_trainer_evaluate(tileprop_trainer *trainer, const tileprop_data *data,
                                                       double *loss, double *accuracy, char *message, size_t size);

/*
 * Makes a model of a copy of the current weights, which the caller frees; NULL on error.
 * Errors: BAD_INPUT if weights are not finite, FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_trainer_model(tileprop_trainer *trainer, tileprop_model **model, char *message,
                                                    size_t size);

/*
 * tileprop_trainer_save() atomically writes everything needed to resume to a file: weights, optimizer state and number
 * of steps. tileprop_trainer_restore() resumes from such a file, written by a trainer with the same options, features
 * and classes. The following steps are bit-identical to those of an uninterrupted trainer.
 * Errors of save: FAILURE if the file cannot be written, if weights are not finite, or if out of memory. Errors of
 * restore, which then changes nothing: BAD_INPUT for a file that cannot be read, is damaged, or was not written by a
 * trainer; USAGE if the options differ; FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_trainer_save(tileprop_trainer *trainer, const char *path, char *message,
                                                   size_t size);
TILEPROP_TRY tileprop_status tileprop_trainer_restore(tileprop_trainer *trainer, const char *path, char *message,
                                                      size_t size);

/* trainer may be NULL. */
TILEPROP_API void tileprop_trainer_free(tileprop_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
