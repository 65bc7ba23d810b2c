/*
 * The command line of `bench`.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../src/status.h"
#include "../src/train_options.h"
#include "call.h"

#define BENCH_THREADS_MOST 16 /* counts of threads */

struct bench_command {
    size_t layers[TP_HIDDEN_MAX + 2]; /* widths, inputs first; none: time kernels */
    size_t layer_count;
    size_t batch;
    size_t threads[BENCH_THREADS_MOST];
    size_t thread_count; /* 0: one, and as many as there are CPUs */
    const char *gemm;    /* shapes; NULL: those of the course's networks */
    int operation;       /* an enum bench_kind; BENCH_KINDS: all three products */
    enum tp_activation activation;
    enum tp_rule_kind optimizer;
    const char *isa;
    bool all, list, json;
    const char *workload; /* NULL: none */
    size_t rounds;        /* of a workload */
    const char *against;  /* a commit; NULL: none */
    bool limits, gate;    /* print workloads beside the machine's limit; compare them with bench/floors */
    bool record;          /* gate: raise the floors */
    const char *lower;    /* gate: a floor; NULL: none */
    const char *reason;   /* why it is lowered */
    const char *config;
    bool help, version;
    char *storage; /* owned; texts above may point into it */
};

/*
 * Fills *command from the command line without the options of Google Benchmark; free(command->storage)
 * afterwards, on error too.
 * Errors: TP_USAGE, as tp_options_parse().
 */
enum tp_status bench_command_parse(struct bench_command *command, int argc, char *const *argv,
                                   struct tp_error *error);
void bench_command_write_help(FILE *out);

/* One MxNxK of the list at *next, which moves behind it. False at the end, or with *status for what is none.
 */
bool bench_command_next_shape(const char **next, struct bench_call *call, enum tp_status *status,
                              struct tp_error *error);

#endif
