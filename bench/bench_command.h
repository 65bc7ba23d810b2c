/*
 * The command line of `bench`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "call.h"
#include "cli/options.h"
#include "tileprop/tileprop.h"

#define BENCH_THREADS_MAX 16 /* counts of threads */

/* What a run does; each but the first is asked for by one option. */
enum bench_mode {
    BENCH_TIME_KERNELS,
    BENCH_AGAINST,
    BENCH_BARRIER,
    BENCH_GATE,
    BENCH_LIMITS,
    BENCH_LAYERS,
    BENCH_COMPARE,
    BENCH_WORKLOAD,
    BENCH_MODES
};

struct bench_command {
    enum bench_mode mode;
    size_t layers[TILEPROP_HIDDEN_MAX + 2]; /* widths, inputs first; none: time kernels */
    size_t layer_count;
    size_t batch;
    size_t threads[BENCH_THREADS_MAX];
    size_t thread_count; /* 0: one, and as many as there are CPUs */
    const char *gemm;    /* shapes; NULL: those of the course's networks */
    int operation;       /* an enum bench_kind; BENCH_KINDS: all three products */
    tileprop_activation activation;
    tileprop_optimizer optimizer;
    const char *isa;
    int all, list, json, compare;
    const char *workload; /* NULL: none */
    size_t rounds;        /* of a workload */
    const char *against;  /* a commit; NULL: none */
    int barrier;          /* print times of barriers */
    int limits, gate;     /* print workloads beside the machine's limit; compare them with bench/floors */
    int record;           /* gate: raise the floors */
    const char *lower;    /* gate: a floor; NULL: none */
    const char *reason;   /* why it is lowered */
    const char *config;
    int help, version;
    char *storage; /* owned; texts above may point into it */
};

/*
 * Fills *command from the command line without the options of Google Benchmark; free(command->storage)
 * afterwards, on error too. google: the first of those, NULL if there is none.
 * Errors: TILEPROP_USAGE, as tp_options_parse(), and for an option that means nothing in that mode.
 */
tileprop_status bench_command_parse(struct bench_command *command, int argc, char *const *argv,
                                    const char *google, struct tp_error *error);
/*
 * The tier that --isa names, or a lower one if `ceiling` (the environment's TILEPROP_ISA; NULL or empty:
 * none) names that. Errors: TILEPROP_USAGE, as tp_program_choose_isa().
 */
tileprop_status bench_command_tier(const struct bench_command *command, const char *ceiling,
                                   const struct tp_tier **tier, struct tp_error *error);

/* Whether a candidate is to be timed: the tier that was found, or with --all every one up to it. */
bool bench_command_wants(const struct bench_command *command, const struct tp_tier *tier,
                         const struct tp_tier *candidate);

/* Writes --help, or what else is made of the options. */
void bench_command_write(tp_options_writer *write, FILE *out);

#define BENCH_CALLS_MAX 512

struct bench_calls {
    struct bench_call call[BENCH_CALLS_MAX];
    size_t count;
};

/*
 * The calls that are asked for: those of --gemm, all, or those of the course's networks, and of the products
 * among them only the one that --op names, of which alone there are with --compare.
 * Errors: TILEPROP_USAGE for a shape that is none, and for too many.
 */
tileprop_status bench_command_calls(const struct bench_command *command, struct bench_calls *calls,
                                    struct tp_error *error);
