/* The command line of `sweep`: its own options, and those of `train` that say what is trained. */
#pragma once

#include "cli/grid.h"
#include "cli/train_command.h"

#define TP_REPEATS_MAX 1000 /* seeds or folds */

struct tp_sweep_command {
    struct tp_train_command train;           /* the first configuration's; data and machine are those of all runs */
    struct tp_train_command *configurations; /* [grid.count], owned */
    const char *vary;                        /* stays NULL: the option may be repeated and fills the grid */
    struct tp_grid grid;
    size_t seeds, folds;   /* folds 0: no cross-validation */
    const char *runs;      /* CSV of the runs, from which a sweep continues; NULL: none, like the members below */
    const char *histories; /* folder of the runs' histories */
    const char *table;     /* CSV of the configurations */
    const char *best;      /* the best one's options, for train */
    const char *plot;      /* drawing of the metric against each option that varies */
    int metric;            /* enum tp_metric */
    int json, quiet;
    int help, version;
    char *storage;
};

enum tp_metric { TP_METRIC_ACCURACY, TP_METRIC_LOSS };

/*
 * Fills *command from the command line, which must outlive it. Errors: those of tp_options_parse(), tp_grid_add() and,
 * for each configuration, tp_train_command_parse(); TILEPROP_USAGE for options of train that a sweep cannot use. Free
 * it in any case.
 */
tileprop_status tp_sweep_command_parse(struct tp_sweep_command *command, int argc, char *const *argv,
                                       struct tp_error *error);

/* "--vary lr=0.1 hidden=8: " */
void tp_sweep_command_describe(const struct tp_sweep_command *command, size_t configuration, struct tp_error *text);

/* Writes --help, or other texts made from the options. */
void tp_sweep_command_write(tp_options_writer *write, FILE *out);

void tp_sweep_command_free(struct tp_sweep_command *command);
