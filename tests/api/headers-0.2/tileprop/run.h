/*
 * tileprop: a training run from the inside, for programs that report progress, show where the time went, and
 * resume interrupted runs. `tileprop-train` is one.
 *
 *     tileprop_run_options more = {.size = sizeof more, .started = say, .context = &report};
 *     options.run = &more;
 *     tileprop_train(&options, ...);
 *
 * Callbacks run on a single thread: the caller's, except in the child of a fork(). The other threads wait,
 * except during interrupted and checkpoint_due, and during the last checkpoint. Arguments are valid only
 * during the call. Callbacks may do whatever tileprop.h allows progress to do.
 */
#ifndef TILEPROP_RUN_H
#define TILEPROP_RUN_H

#include <stdio.h>

#include "tileprop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Resolves options that depend on the data or on each other, for `rows` training samples of this type. */
TILEPROP_API void tileprop_options_resolve(tileprop_options *options, tileprop_type type, size_t rows);

/*
 * Checks the options of a run on `rows` training samples of this type, as far as they are enough to tell.
 * Errors: USAGE for a value out of its range, and for options that do not fit each other or the samples.
 */
TILEPROP_TRY tileprop_status tileprop_options_check(const tileprop_options *options, tileprop_type type, size_t rows,
                                                    char *message, size_t size);

/*
 * Peak floating-point operations per second of this many threads with this instruction set, an FMA counting
 * as two. Measured in 10 to 20 ms; 0 if the measurement fails its own check.
 */
TILEPROP_API double tileprop_peak(const char *isa, size_t threads);

/* "epochs", "early-stop", "accuracy", "loss", "time", "signal" (a callback asked to stop), "diverged". */
TILEPROP_API const char *tileprop_stop_name(tileprop_stop stop);

/*
 * Writes the model to a stream, as tileprop_model_save() does to a file. Write errors are left to ferror(out)
 * and errno.
 * Errors: FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_model_write(const tileprop_model *model, FILE *out, char *message, size_t size);

/* --- Facts about a run -------------------------------------------------------------------------------- */

/* A way to take steps and what a step takes. */
typedef struct tileprop_candidate {
    size_t threads;
    int skips;       /* zeros of the inputs are skipped */
    double measured; /* 0: not measured */
} tileprop_candidate;

/* A rank: one process of a run. */
typedef struct tileprop_rank {
    char isa[16];   /* the instruction set, which may differ from rank to rank */
    size_t threads; /* in steps */
    size_t bytes;   /* memory besides its data */
} tileprop_rank;

/* What the options resolved to; known before the first step. */
typedef struct tileprop_run {
    size_t size;
    const char *isa, *tile;                          /* the instruction set and its largest tile; static strings */
    size_t threads_most;                             /* requested; if none were, available */
    size_t threads, threads_of_steps, threads_bound; /* threads bound to a core of their own */
    const char *plan; /* who computes what, one operation per line; empty unless times are wanted */
    const tileprop_candidate *candidates;
    size_t candidate_count; /* 0: there was no choice */
    double seconds_planning;
    size_t inputs, classes, layers, parameters; /* layers: hidden_count + 1 */
    double learning_rate;
    size_t batch; /* rows of a full batch; at most the number of samples */
    size_t steps_per_epoch, steps_planned;
    size_t steps_before;    /* done before the run was resumed; 0: not resumed */
    double seconds_before;  /* seconds taken by those steps, evaluations included */
    double flops_per_step;  /* 2 rows in out per GEMM; no backward for the first layer, no zeros that are skipped */
    double mean, deviation; /* of the training samples, or of those of the initial weights */
    int unverified;         /* the file of initial weights, or the checkpoint, has no checksum */
    int skips;              /* steps skip zeros of the inputs */
    double zeros;           /* fraction of the inputs that can be skipped, in a sample of the training data */

    /* For a run on several ranks: */
    const tileprop_rank *ranks;
    size_t rank_count;         /* 0: this process is alone */
    double seconds_alone;      /* a step without shards on rank 0 alone; estimated if it takes long */
    double seconds_together;   /* a step on all ranks, measured */
    double seconds_exchanging; /* the exchange of a step without computation, measured */
    size_t batch_that_pays;    /* estimated batch size from which all ranks are faster than one */
} tileprop_run;

/* "pack", "forward", "loss", "backward", "update", "exchange"; NULL for any other number. */
TILEPROP_API const char *tileprop_verb_name(int verb);

/* Totals over all steps: means over the threads that took part, and the busiest thread's work. */
typedef struct tileprop_time {
    double seconds, waited, longest;
} tileprop_time;

/* --- Many processes ----------------------------------------------------------------------------------- */

/*
 * How a process reaches the others of a run: what moves the bytes. The library adds gradients itself, in an order that
 * does not depend on the number of processes. `tileprop-train` fills this in from MPI.
 *
 * A rank whose call fails leaves the others waiting for it: its program ends them. What all ranks find, such as other
 * weights on one of them, ends the calls of all.
 *
 * Only one thread at a time calls the functions. Messages from one rank to another that have the same tag arrive in the
 * order in which they were sent. None returns an error: one that loses a peer ends the process.
 */
typedef struct tileprop_ranks {
    size_t size;        /* sizeof(tileprop_ranks) */
    size_t rank, count; /* this process and their number, at most options.shards */
    void *context;      /* passed to the functions */
    /* Start a transfer and return how many were started so far. The bytes must not be touched until it is done. */
    size_t (*send)(void *context, size_t to, int tag, const void *bytes, size_t count);
    size_t (*receive)(void *context, size_t from, int tag, void *bytes, size_t count);
    void (*wait)(void *context, size_t begin, size_t end); /* waits until transfers [begin, end) are done */
    void (*finish)(void *context);                         /* waits until all are done; counting then restarts from 0 */
    void (*progress)(void *context); /* called often while transfers are under way; must return at once */
} tileprop_ranks;

/* --- Checkpoints -------------------------------------------------------------------------------------- */

/* The state of a run between two steps. */
typedef struct tileprop_training_state tileprop_training_state;

/*
 * Writes to out everything the run needs to continue from this state: a model file with additional contents,
 * and any bytes of the caller's (NULL: none). Write errors are left to ferror(out) and errno.
 * Errors: FAILURE if weights or optimizer state are not finite (nothing is written; the next step will find
 * that the run diverges), or if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_checkpoint_write(const tileprop_training_state *state, FILE *out,
                                                       const void *attachment, size_t attachment_size, char *message,
                                                       size_t size);

typedef struct tileprop_checkpoint tileprop_checkpoint;

/*
 * Reads a checkpoint. The caller frees *checkpoint; it is NULL on error.
 * Errors: BAD_INPUT for a file that cannot be read or is not a checkpoint, FAILURE if out of memory.
 */
TILEPROP_TRY tileprop_status tileprop_checkpoint_load(tileprop_checkpoint **checkpoint, const char *path, char *message,
                                                      size_t size);

/* checkpoint may be NULL. */
TILEPROP_API void tileprop_checkpoint_free(tileprop_checkpoint *checkpoint);

/* The caller's bytes and their count, valid as long as the checkpoint; NULL if there are none. */
TILEPROP_API const void *tileprop_checkpoint_attachment(const tileprop_checkpoint *checkpoint, size_t *size);

/* Whether it holds the best weights so far, that is, whether the run was to return its best model. */
TILEPROP_API int tileprop_checkpoint_has_best(const tileprop_checkpoint *checkpoint);

/* --- Options ------------------------------------------------------------------------------------------ */

/* Everything except size may be 0 or NULL. */
typedef struct tileprop_run_options {
    size_t size;               /* sizeof(tileprop_run_options) */
    const tileprop_data *test; /* evaluated once, at the end */
    tileprop_time *times;      /* [verb * layers + layer], TILEPROP_VERBS * layers: filled in; steps are timed */

    /*
     * What models record about the run that trained them: lines `name = value`. A resumed run must have the
     * same lines, except for the values of epochs and max-seconds.
     */
    const char *text;

    /* Where to resume. The data must be the same, and so must all options except those for threads. */
    const tileprop_checkpoint *resume;
    int resume_inexact; /* even if written by a version that computes different bits */

    /*
     * The processes that share the run; NULL: this one is alone. All call tileprop_train() with the same options and
     * data. Only rank 0's callbacks are called, except interrupted, and only its results are complete.
     */
    const tileprop_ranks *ranks;

    void *context;                                           /* passed to the callbacks */
    void (*started)(void *context, const tileprop_run *run); /* before the first step */
    /*
     * Polled before each operation of a step and each block of an evaluation; must be fast. Nonzero ends the run, and
     * discards the current step unless it has begun to update weights, or the current evaluation. checkpoint is called
     * with the state; no further evaluation takes place, and unknown metrics are NaN. A run ends within one operation,
     * one step's updates, or two blocks of an evaluation. A resumed run begins with the evaluation that was due.
     */
    int (*interrupted)(void *context);
    /*
     * Polled in every step; nonzero has checkpoint called after it. checkpoint is also called after the last
     * step, unless the run diverged.
     */
    int (*checkpoint_due)(void *context, size_t step);
    void (*checkpoint)(void *context, const tileprop_training_state *state);
} tileprop_run_options;

#ifdef __cplusplus
}
#endif
#endif
