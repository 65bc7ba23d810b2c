/*
 * --checkpoint and --resume: writes checkpoints while a run goes on, and has a run go on from one.
 */
#ifndef TP_KEEPER_H
#define TP_KEEPER_H

#include "checkpoint.h"
#include "history.h"
#include "saver.h"
#include "train_command.h"
#include "train_data.h"
#include "trainer.h"

#define TP_HISTORIES 2

struct tp_keeper {
    const struct tp_train_command *command;
    const struct tp_saver *saver; /* what the run's models have in common, and its best weights */
    struct tp_history
        *histories[TP_HISTORIES]; /* of --history and --plot; the same rows, of those that are open */
    struct tp_safe_file file;     /* the next checkpoint, open from the start to the end of the run */
    struct tp_checkpoint next;    /* what is the same in all, and room for the rest */
    struct tp_checkpoint from;    /* what the run goes on from, if it is resumed */
    struct tp_resumed resumed;
    size_t steps_per_epoch;
    double written;        /* when the last one was, in seconds on the monotonic clock */
    enum tp_status status; /* of the last one */
    struct tp_error error;
};

/*
 * Opens the checkpoint that is to be written and reads the one that the run is to go on from.
 * Errors: as tp_safe_file_open and tp_checkpoint_read. The keeper may be discarded either way.
 */
enum tp_status tp_keeper_open(struct tp_keeper *keeper, const struct tp_train_command *command,
                              struct tp_error *error);

/* Whether the run goes on from a checkpoint. */
bool tp_keeper_resumes(const struct tp_keeper *keeper);

/*
 * Has the command's options, the saver and the histories, which are prepared and open unless they are not
 * asked for, go on where the checkpoint is. All of them are to outlive the keeper. Errors: TP_USAGE for
 * options or data that are not those of the run; TP_BAD_INPUT for another numerics version and for weights
 * that are not of the network; TP_FAILURE without memory.
 */
enum tp_status tp_keeper_prepare(struct tp_keeper *keeper, struct tp_train_command *command,
                                 const struct tp_train_data *data, struct tp_saver *saver,
                                 struct tp_history *history, struct tp_history *plotted,
                                 struct tp_error *error);

/* The observer's callbacks of the trainer. */
void tp_keeper_started(struct tp_keeper *keeper, const struct tp_run *run);
bool tp_keeper_due(const struct tp_keeper *keeper, size_t step);
void tp_keeper_checkpoint(struct tp_keeper *keeper, const struct tp_checkpoint_shown *shown);

/* Errors: TP_FAILURE if the last checkpoint could not be written; the one before it is still there then. */
enum tp_status tp_keeper_finish(const struct tp_keeper *keeper, struct tp_error *error);

void tp_keeper_discard(struct tp_keeper *keeper);

#endif
