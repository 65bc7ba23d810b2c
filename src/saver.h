/*
 * --save and --save-best: keeps weights while a run goes on, and writes them as models when it has ended.
 */
#ifndef TP_SAVER_H
#define TP_SAVER_H

#include "checkpoint.h"
#include "train_command.h"
#include "trainer.h"

/* One of the two files. */
struct tp_saved {
    const char *path; /* as asked for; NULL: it was not */
    struct tp_safe_file file;
    struct tp_weights weights;
    bool filled;  /* there were such weights */
    bool written; /* and they are in the file */
    size_t step;
    struct tp_score validation;
};

struct tp_saver {
    struct tp_saved last, best;
    struct tp_model model; /* all that is the same in both, and in checkpoints */
};

/*
 * Opens the files that the command asks for.
 * Errors: as tp_safe_file_open; TP_USAGE for one file twice. The saver may be discarded either way.
 */
enum tp_status tp_saver_open(struct tp_saver *saver, const struct tp_train_command *command,
                             struct tp_error *error);

/*
 * Fills the model, if the command saves weights, writes checkpoints or resumes, but for weights and
 * normalization, and makes room for the weights of the network that the command trains on this set, whose
 * schema is to outlive the saver.
 * Errors: TP_BAD_INPUT for names that are not UTF-8, and as tp_model_check(); TP_FAILURE without memory.
 */
enum tp_status tp_saver_prepare(struct tp_saver *saver, const struct tp_train_command *command,
                                const struct tp_dataset *train, struct tp_error *error);

/* Where a run is resumed: the checkpoint's best weights, which are there and of the saver's shape. */
void tp_saver_restore(struct tp_saver *saver, const struct tp_checkpoint *from);

/* The observer's callback of the trainer. */
void tp_saver_weights(struct tp_saver *saver, const struct tp_weights_shown *shown);

/*
 * Writes the files for which there were weights.
 * Errors: TP_FAILURE if one could not be written; what was there before is still there then.
 */
enum tp_status tp_saver_finish(struct tp_saver *saver, struct tp_error *error);

/* Frees the weights, and leaves nothing of files that are not finished. */
void tp_saver_discard(struct tp_saver *saver);

#endif
