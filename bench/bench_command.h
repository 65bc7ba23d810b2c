/* The command line of bench. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "cli/options.h"
#include "tileprop/tileprop.h"

#define BENCH_SIZE_MAX    65536 /* of a layer, a batch */
#define BENCH_LAYERS_MAX  (TILEPROP_HIDDEN_MAX + 2)
#define BENCH_THREADS_MAX 16 /* counts of threads */
#define BENCH_ROUNDS_MAX  1000

/* All modes except the first are selected by an option. */
enum bench_mode { BENCH_KERNELS, BENCH_LAYERS, BENCH_AGAINST, BENCH_WORKLOAD, BENCH_MODES };

struct bench_command {
    enum bench_mode mode;
    size_t layers[BENCH_LAYERS_MAX]; /* widths, inputs first */
    size_t layer_count;
    size_t batch;
    size_t threads[BENCH_THREADS_MAX];
    size_t thread_count; /* 0 on the command line: 1 and the number of CPUs */
    const char *isa;
    bool isa_given;
    const char *against;  /* a commit; NULL: none */
    const char *workload; /* names; NULL: none */
    size_t rounds;
    int once; /* run workloads once, untimed */
    int json;
    int help, version;
    char *storage; /* owned; texts above may point into it */
};

/*
 * Fills *command from the command line without Google Benchmark's options; google is the first of these, or NULL.
 * The caller frees command->storage, on error too.
 * Errors: TILEPROP_USAGE, as tp_options_parse(), and for an option that has no effect in the mode.
 */
tileprop_status bench_command_parse(struct bench_command *command, int argc, char *const *argv, const char *google,
                                    struct tp_error *error);

/* Writes --help, or other text generated from the options. */
void bench_command_write(tp_options_writer *write, FILE *out);
