/*
 * tileprop: a training from within, for programs that say what it does while it goes on, explain where its
 * time went, and let it go on after it was interrupted. `tileprop-train` is one.
 *
 *     tileprop_run_options more = {.size = sizeof more, .started = say, .context = &report};
 *     options.run = &more;
 *     tileprop_train(&options, ...);
 *
 * Callbacks come from one thread of the training, the caller's but for the child of a fork(); the others
 * wait, except in those asked in each step and in the last checkpoint. What they are given is valid during
 * the call alone. They may do what tileprop.h says of progress.
 */
#ifndef TILEPROP_RUN_H
#define TILEPROP_RUN_H

#include <stdio.h>

#include "tileprop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Replaces what options leave to the data and to each other, for so many samples of this type to train on. */
TILEPROP_API void tileprop_options_resolve(tileprop_options *options, tileprop_type type, size_t rows);

/*
 * The floating-point operations per second that so many threads can do with these instructions, an FMA
 * counting as two, measured in 10 to 20 ms; 0 where the measurement does not prove itself.
 */
TILEPROP_API double tileprop_peak(const char *isa, size_t threads);

/* "epochs", "early-stop", "accuracy", "loss", "time", "signal" (the callbacks' wish), "diverged". */
TILEPROP_API const char *tileprop_stop_name(tileprop_stop stop);

/*
 * Writes the model as tileprop_model_save() does, to a stream. What that cannot write is left to its
 * ferror(), with errno.
 * Errors: FAILURE without memory.
 */
TILEPROP_API tileprop_status tileprop_model_write(const tileprop_model *model, FILE *out, char *message,
                                                  size_t size);

/* --- What a run is ------------------------------------------------------------------------------------ */

/* A number of threads that steps might have had, and the seconds of a step. */
typedef struct tileprop_candidate {
    size_t threads;
    double measured; /* 0: it was not */
} tileprop_candidate;

/* What became of the options; known before the first step. */
typedef struct tileprop_run {
    size_t size;
    const char *isa, *tile; /* the instructions, and their largest tile; live as long as the library */
    size_t threads_most;    /* that were asked for, or could be had */
    size_t threads, threads_of_steps, threads_bound; /* each to a core */
    const char *plan; /* who computes what, an operation a line; empty unless times are wanted */
    const tileprop_candidate *candidates;
    size_t candidate_count; /* 0: the number of threads was given */
    double seconds_planning;
    size_t inputs, classes, layers, parameters; /* layers: hidden_count + 1 */
    double learning_rate;
    size_t batch; /* rows of a full batch: no more than there are samples */
    size_t steps_per_epoch, steps_planned;
    size_t steps_before;    /* done before the run was resumed; 0: it was not */
    double seconds_before;  /* that these took, with their evaluations */
    double flops_per_step;  /* 2 rows in out per product; no backward for the first layer */
    double mean, deviation; /* of the training samples */
} tileprop_run;

/* "pack", "forward", "loss", "backward", "update". */
TILEPROP_API const char *tileprop_verb_name(int verb);

/* Of all steps, means over the threads that took part; and the longest work of one of these. */
typedef struct tileprop_time {
    double seconds, waited, longest;
} tileprop_time;

/* --- Checkpoints -------------------------------------------------------------------------------------- */

/* Where a run stands between two steps. */
typedef struct tileprop_training_state tileprop_training_state;

/*
 * Writes all that the run needs to go on from there to out: a model's file with more in it, and any bytes of
 * the caller's (NULL: none). What the stream cannot write is left to its ferror(), with errno.
 * Errors: FAILURE for weights or optimizer state that are not finite (nothing is written then: the next step
 * will find that the run diverges), and without memory.
 */
TILEPROP_API tileprop_status tileprop_checkpoint_write(const tileprop_training_state *state, FILE *out,
                                                       const void *attachment, size_t attachment_size,
                                                       char *message, size_t size);

typedef struct tileprop_checkpoint tileprop_checkpoint;

/*
 * Reads what that wrote. *checkpoint is to be freed; NULL on error.
 * Errors: BAD_INPUT for a file that cannot be read or is no checkpoint, FAILURE without memory.
 */
TILEPROP_API tileprop_status tileprop_checkpoint_load(tileprop_checkpoint **checkpoint, const char *path,
                                                      char *message, size_t size);

/* NULL is allowed. */
TILEPROP_API void tileprop_checkpoint_free(tileprop_checkpoint *checkpoint);

/* The caller's bytes and their number, as long as the checkpoint lives; NULL: there are none. */
TILEPROP_API const void *tileprop_checkpoint_attachment(const tileprop_checkpoint *checkpoint, size_t *size);

/* Whether it has the best weights so far: whether the run was to give its best model. */
TILEPROP_API int tileprop_checkpoint_has_best(const tileprop_checkpoint *checkpoint);

/* --- Options ------------------------------------------------------------------------------------------ */

/* All of it may be 0 or NULL but for size. */
typedef struct tileprop_run_options {
    size_t size;               /* sizeof(tileprop_run_options) */
    const tileprop_data *test; /* evaluated once, at the end */
    tileprop_time *times; /* [verb * layers + layer], TILEPROP_VERBS * layers: has steps timed, and filled */

    /*
     * What models say of the run that trained them: lines `name = value`. A run is resumed with the same
     * lines but for the values of epochs and max-seconds.
     */
    const char *text;

    /* Where to go on. The same data are expected, and options that are the same but for the threads. */
    const tileprop_checkpoint *resume;
    int resume_inexact; /* also if the version that wrote it computed other bits */

    void *context;                                           /* of the callbacks */
    void (*started)(void *context, const tileprop_run *run); /* before the first step */
    /* Asked in each step, quickly. What is not 0 ends the run behind it and the evaluation that may follow.
     */
    int (*interrupted)(void *context);
    /* Asked in each step; what is not 0 has checkpoint called behind it, which also comes when the last step
     * is done, unless the run diverged. */
    int (*checkpoint_due)(void *context, size_t step);
    void (*checkpoint)(void *context, const tileprop_training_state *state);
} tileprop_run_options;

#ifdef __cplusplus
}
#endif
#endif
