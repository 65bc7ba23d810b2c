/*
 * Behind the public functions: what a handle holds, and what begins and ends a call.
 */
#ifndef TP_API_H
#define TP_API_H

#include <locale.h>

#include "model/checkpoint.h"
#include "model/model.h"
#include "model/predictor.h"
#include "tileprop/run.h"
#include "train/trainer.h"

struct tileprop_model {
    struct tp_model model;
    struct tp_predictor *predictor;
    char *schema; /* as text; NULL: nothing is known of columns */
    uint64_t hash;
};

struct tileprop_checkpoint {
    struct tp_checkpoint own;
    char *path;
};

/* A call that can fail. Numbers are read and written as in C, whatever the caller's locale, which is back at
 * its end. */
struct tp_call {
    struct tp_error error;
    locale_t locale;
};

void tp_call_begin(struct tp_call *call);

/* The status, and with an error its message to the caller's buffer. */
tileprop_status tp_call_end(struct tp_call *call, tileprop_status status, char *message, size_t size);

/*
 * Makes a described model ready to predict and takes it over, on error too; then *handle is NULL.
 * Errors: TILEPROP_FAILURE without memory.
 */
tileprop_status tp_api_model(tileprop_model **handle, struct tp_model *model, struct tp_error *error);

/*
 * A caller's options, completed to all that there are now. Errors: TILEPROP_USAGE naming the option.
 */
tileprop_status tp_api_options(const tileprop_options *options, tileprop_options *completed,
                               struct tp_error *error);

/* What a run keeps for models and checkpoints: a tp_training's keeper. Those that are wanted are described.
 */
struct tp_keeper {
    struct tp_checkpoint next; /* what is the same in all, and room for the rest */
    struct tp_model last, best;
    bool has_last, has_best; /* weights */
};

/* Whether a pointer that a call needs is there. Errors: TILEPROP_USAGE naming it. */
tileprop_status tp_api_need(const void *pointer, const char *name, struct tp_error *error);

/*
 * Whether a struct's size is one that any version had. Errors: TILEPROP_USAGE naming the struct.
 */
tileprop_status tp_api_size(const char *name, size_t found, size_t least, size_t most,
                            struct tp_error *error);

/* A caller's data. */
struct tp_set {
    tileprop_data given; /* completed to all that there is now */
    struct tp_dataset own;
    uint16_t *labels; /* a copy of other labels than u16, or NULL; to be freed, on error too */
};

/*
 * Takes data whose values are all finite; the name is theirs unless they have one. Their pointers are not
 * written through. like (NULL: none): the set that they are evaluated with, which they must fit.
 * Errors: TILEPROP_USAGE for another size than any had, without samples or labels or for no type of them;
 * TILEPROP_BAD_INPUT for more of them than memory can hold, for other values and labels than are allowed, and
 * for what does not fit; TILEPROP_FAILURE without memory. They name the data.
 */
tileprop_status tp_set_take(struct tp_set *set, const char *name, const tileprop_data *given,
                            const struct tp_set *like, struct tp_error *error);

/*
 * Whether a run can go on from there whose own checkpoints would be `next`.
 * Errors: TILEPROP_USAGE for options or data that are not those of the run; TILEPROP_BAD_INPUT for another
 * numerics version, unless it may be inexact, and for weights that are not of the network; TILEPROP_FAILURE
 * without memory.
 */
tileprop_status tp_api_resumable(const tileprop_checkpoint *from, bool inexact,
                                 const struct tp_checkpoint *next, struct tp_error *error);

#endif
