/* The state that the workers of a process share, whether the process chooses its runs or rank 0 deals them. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/history.h"
#include "cli/sweep_runs.h"

/* The samples of one seed or fold, while runs need them. */
struct tp_sweep_part {
    struct tp_train_data data;
    size_t users; /* runs under way */
    bool ready;
};

struct tp_sweep_pool {
    struct tp_sweep *sweep;
    struct tp_sweep_part *parts; /* [repeats] */
    size_t newest;               /* the part that the last run began with */
    pthread_mutex_t mutex;
    size_t next, running;
    FILE *log;              /* NULL: --runs is not given */
    tileprop_status status; /* the first error, which ends the runs */
    struct tp_error *error;
};

/* The outcome of a run. */
struct tp_sweep_outcome {
    tileprop_status status;
    bool stopped;            /* by a signal: it is lost */
    struct tp_sweep_run run; /* unless stopped, and unless status is an error */
    char *history;           /* owned; NULL: not wanted, or none */
    size_t history_size;
    struct tp_error why;
};

/* Under the mutex: the next run. False: there is none left, or an error or a signal came. */
bool tp_sweep_pick(struct tp_sweep_pool *pool, size_t *index);

/* Under the mutex: prepares the samples of a run, and frees those no longer needed. */
tileprop_status tp_sweep_open_part(struct tp_sweep_pool *pool, size_t repeat, struct tp_error *error);
void tp_sweep_close_part(struct tp_sweep_pool *pool, size_t repeat);
void tp_sweep_free_parts(struct tp_sweep_pool *pool);

/* Trains, with options of the run's configuration. */
void tp_sweep_train(struct tp_sweep_pool *pool, size_t index, const tileprop_options *options,
                    struct tp_sweep_outcome *outcome);

/* Writes the history, which it frees, and, under the mutex, keeps the run. */
void tp_sweep_write_history(const struct tp_sweep *sweep, size_t index, struct tp_sweep_outcome *outcome);
void tp_sweep_give(struct tp_sweep_pool *pool, size_t index, const struct tp_sweep_outcome *outcome);

/* A hash of the data and of that many configurations. Errors: those of class weights; TILEPROP_FAILURE. */
tileprop_status tp_sweep_hash(const struct tp_sweep *sweep, size_t configurations, uint64_t *hash,
                              struct tp_error *error);

/* The number of workers for the remaining runs, and their threads. */
void tp_sweep_divide(struct tp_sweep *sweep, size_t left);

/* Runs work on the workers' threads and on this one. */
void tp_sweep_work(struct tp_sweep_pool *pool, void *(*work)(void *pool));
