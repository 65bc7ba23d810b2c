/* Internals of the public functions: the contents of handles, and how a call begins and ends. */
#pragma once

#include <locale.h>

#include "model/checkpoint.h"
#include "model/model.h"
#include "model/predictor.h"
#include "tileprop/run.h"
#include "train/trainer.h"

struct tileprop_model {
    struct tp_model model;
    struct tp_predictor *predictor;
    char *schema;  /* JSON; NULL: nothing is known about columns */
    char mean[32]; /* of the training inputs, as text */
    uint64_t hash;
};

struct tileprop_checkpoint {
    struct tp_checkpoint own;
    char *path;
};

/*
 * A call that can fail. Numbers are read and written in the C locale, whatever the caller's, which is
 * restored at the end.
 */
struct tp_call {
    struct tp_error error; /* names options as the command line does: --lr */
    bool members;          /* the caller wants their members instead: learning_rate */
    locale_t locale;
};

void tp_call_begin(struct tp_call *call);

/* Returns the status and, on error, writes the message to the caller's buffer. */
tileprop_status tp_call_end(struct tp_call *call, tileprop_status status, char *message, size_t size);

/*
 * Makes a model, complete with its description, ready to predict. Takes ownership of it, even on error, when
 * *handle becomes NULL.
 * Errors: TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_api_model(tileprop_model **handle, struct tp_model *model, struct tp_error *error);

/* The same with a copy of the model, by way of its file. */
tileprop_status tp_api_copy(tileprop_model **handle, const struct tp_model *model, struct tp_error *error);

/*
 * Copies a caller's options, adding the members that an older struct lacks, and sets call->members as they ask.
 * Errors: TILEPROP_USAGE naming the option.
 */
tileprop_status tp_api_options(const tileprop_options *options, tileprop_options *completed, struct tp_call *call);

/* What a program that embeds the library calls this option of the command line; NULL if nothing. */
const char *tp_api_member(const char *name, size_t length);

/* Models and checkpoints of a run: tp_training's snapshots. Requested models have their description set. */
struct tp_snapshots {
    struct tp_checkpoint next; /* the part common to all checkpoints, and room for the rest */
    struct tp_model last, best;
    bool has_last, has_best; /* weights are set */
};

/* Checks that a required pointer is not NULL. Errors: TILEPROP_USAGE naming it. */
tileprop_status tp_api_need(const void *pointer, const char *name, struct tp_error *error);

/*
 * Copies a caller's struct, whose first member is its size, to *to, which has `most` bytes; members that an older
 * struct lacks become 0. least: the size of the first version.
 * Errors: TILEPROP_USAGE naming the struct, if it is NULL or has a size that no version had.
 */
tileprop_status tp_api_take(void *to, size_t least, size_t most, const void *given, const char *name,
                            struct tp_error *error);

/* Checks that values are finite; NULL has none. Errors: TILEPROP_BAD_INPUT naming the first that is not. */
tileprop_status tp_api_finite(const char *name, const float *values, size_t count, struct tp_error *error);

/* Checks that values are flags, 0 or 1, likewise. */
tileprop_status tp_api_split(const char *name, const float *values, size_t count, struct tp_error *error);

/* Checks that a struct's size is one that some version had. Errors: TILEPROP_USAGE naming the struct. */
tileprop_status tp_api_size(const char *name, size_t found, size_t least, size_t most, struct tp_error *error);

/* A caller's data. */
struct tp_set {
    tileprop_data given; /* with the members that an older struct lacks */
    struct tp_dataset own;
    uint16_t *labels; /* converted copy of labels that are not u16, or NULL */
    void *samples;    /* copy of samples that are f64 or have a stride or other offsets, or NULL */
    double *offset;   /* [features] of own, or NULL: nothing is subtracted */
};

/*
 * Takes data, whose values must all be finite; `name` is used if they have none. Does not write through their
 * pointers. like (NULL: none): the set that they are evaluated with, which they must fit. offset (NULL: 0): subtracted
 * from them if wanted is TP_OFFSETS_KNOWN. Otherwise offsets are found in f64 samples as wanted says, and f32 samples
 * keep their own. The caller frees *set, initially 0, on error too.
 * Errors: TILEPROP_USAGE for a size that no version had, missing samples or labels, or an invalid type;
 * TILEPROP_BAD_INPUT for more data than memory can hold, invalid values or labels, and data that do not fit;
 * TILEPROP_FAILURE if out of memory. Messages name the data.
 */
tileprop_status tp_set_take(struct tp_set *set, const char *name, const tileprop_data *given, const struct tp_set *like,
                            enum tp_offsets wanted, const double *offset, struct tp_error *error);

/* Checks the weights of the first `count` samples. Errors: TILEPROP_BAD_INPUT naming the data if all are 0. */
tileprop_status tp_set_check_weights(const struct tp_set *set, size_t count, struct tp_error *error);

/* Frees what the set owns. */
void tp_set_free(struct tp_set *set);

/*
 * Takes what data say of their samples, apart from the samples: type, features, and, unless there are rows, classes.
 * Errors: TILEPROP_USAGE as tp_set_take().
 */
tileprop_status tp_set_describe(struct tp_set *set, const char *name, const tileprop_data *given,
                                struct tp_error *error);

/*
 * Checks that data can be trained on with the weights of a model, which mean something only for the columns and
 * classes that they were trained with, in their order. What either has no names for is not compared. path: the
 * model's, for messages.
 * Errors: TILEPROP_BAD_INPUT naming data and column or class; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_set_check_model(const struct tp_set *set, const struct tp_model *start, const char *path,
                                   struct tp_error *error);

/*
 * Checks that the run whose own checkpoints would be `next` can resume from a checkpoint.
 * Errors: TILEPROP_USAGE for options or data that differ from those of the checkpoint's run;
 * TILEPROP_BAD_INPUT for another numerics version, unless inexact, and for weights that do not fit the
 * network; TILEPROP_FAILURE if out of memory.
 */
tileprop_status tp_api_resumable(const tileprop_checkpoint *from, bool inexact, const struct tp_checkpoint *next,
                                 struct tp_error *error);
