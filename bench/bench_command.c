#include "bench_command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/program.h"
#include "data/choices.h"

#define UNITS_MAX  65536
#define AT(member) offsetof(struct bench_command, member)

static const struct bench_command defaults = {.batch = 32,
                                              .rounds = 15,
                                              .operation = BENCH_KINDS,
                                              .activation = TILEPROP_LECUN_TANH,
                                              .optimizer = TILEPROP_MOMENTUM,
                                              .isa = "auto"};

static const tileprop_choice operations[] = {{"all", BENCH_KINDS},
                                             {"forward", BENCH_FORWARD},
                                             {"backward", BENCH_BACKWARD},
                                             {"update", BENCH_UPDATE},
                                             {NULL, 0}};

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("all", AT(all), SWITCH, "Kernels",
               .help = "every kernel and shape on every instruction set that is here, with warm and with cold caches"), .flag = true},
    {TP_OPTION("gemm", AT(gemm), TEXT, "Kernels", .argument = "SHAPES", .keyword = "none",
               .help = "matrix products of these shapes instead, MxNxK as in 32x64x785,500x500x500: the result is M "
                       "x N, and K is summed over")},
    {TP_OPTION("op", AT(operation), CHOICE, "Kernels", .argument = "NAME", .choices = operations,
               .help = "only these products, and nothing else")},
    {TP_OPTION("activation", AT(activation), CHOICE, "Kernels", .argument = "NAME", .choices = tp_activation_choices,
               .help = "of forward and backward")},
    {TP_OPTION("optimizer", AT(optimizer), CHOICE, "Kernels", .argument = "NAME", .choices = tp_optimizer_choices,
               .help = "whose rule is part of update")},
    {TP_OPTION("compare", AT(compare), SWITCH, "Kernels",
               .help = "print a table of the products instead, beside naive loops and the libraries that are here; "
                       "with --all, of every shape"), .flag = true},
    {TP_OPTION("list", AT(list), SWITCH, "Kernels",
               .help = "print the names of what would be timed and exit"), .flag = true, .command_only = true},

    {TP_OPTION("layers", AT(layers), SIZES, "Network", .argument = "SIZES", .count_offset = AT(layer_count),
               .items = TILEPROP_HIDDEN_MAX + 2, .least = 1, .most = UNITS_MAX,
               .help = "print that table of a network's products, whole steps and evaluations, as in 784,64,64,10: "
                       "inputs, hidden layers, classes")},
    {TP_OPTION("batch", AT(batch), COUNT, "Network", .argument = "N", .least = 1, .most = UNITS_MAX,
               .help = "samples per step")},

    {TP_OPTION("against", AT(against), TEXT, "Comparison", .argument = "REF", .keyword = "none",
               .help = "build another commit and compare its workloads with this build's, in turn; baseline: the "
                       "commit that bench/baseline names. To be run in the project's folder")},
    {TP_OPTION("workload", AT(workload), TEXT, "Comparison", .argument = "NAME", .keyword = "none",
               .help = "time one of the workloads that builds are compared by, or all of them, and print JSON; with "
                       "--against, --gate, --limits: only this one")},
    {TP_OPTION("limits", AT(limits), SWITCH, "Comparison",
               .help = "time products and steps among the workloads beside the peak and plain loops, and print JSON"), .flag = true},
    {TP_OPTION("gate", AT(gate), SWITCH, "Comparison",
               .help = "compare their share of the peak and their factor over plain loops with the floors in "
                       "bench/floors. To be run in the project's folder"), .flag = true},
    {TP_OPTION("barrier", AT(barrier), SWITCH, "Comparison",
               .help = "time the team's barrier beside libgomp's, on --threads or on 1 to 16 threads"), .flag = true},
    {TP_OPTION("record", AT(record), SWITCH, "Comparison",
               .help = "with --gate: raise the floors to what is measured"), .flag = true},
    {TP_OPTION("lower", AT(lower), TEXT, "Comparison", .argument = "NAME", .keyword = "none",
               .help = "with --gate: lower one floor, as in avx2/forward-32x64x785")},
    {TP_OPTION("reason", AT(reason), TEXT, "Comparison", .argument = "TEXT", .keyword = "none",
               .help = "why; kept in bench/floors")},
    {TP_OPTION("rounds", AT(rounds), COUNT, "Comparison", .argument = "N", .least = 1, .most = 1000,
               .help = "of a workload")},

    {TP_OPTION("threads", AT(threads), SIZES, "Machine", .argument = "COUNTS", .count_offset = AT(thread_count),
               .items = BENCH_THREADS_MAX, .least = 1, .most = 256,
               .help = "exact counts of threads, as in 1,2,4; none: one, and one per CPU")},
    {TP_OPTION("isa", AT(isa), NAME, "Machine", .argument = "NAME", .choices = tp_isa_choices,
               .help = "instruction set of the kernels; auto: the best one that is here, with --all and --limits "
                       "each of them, but the best one with --compare. TILEPROP_ISA in the environment names one "
                       "that is not exceeded")},

    {TP_OPTION("json", AT(json), SWITCH, "Output",
               .help = "with --compare and --layers: end standard output with one line that is a JSON object"), .flag = true},
    {TP_OPTION("config", AT(config), PATH, "Program", .argument = "FILE",
               .help = "read options from a file of lines key = value"), .command_only = true},
    {TP_OPTION("help", AT(help), SWITCH, "Program",
               .help = "print this text and exit"), .flag = true, .command_only = true},
    {TP_OPTION("version", AT(version), SWITCH, "Program",
               .help = "print the version and what this build has, and exit"), .flag = true, .command_only = true},
};
/* clang-format on */

static const struct tp_options options = {
    .usage = "Usage: bench [OPTION]... [--benchmark_...]\n"
             "Time the kernels of tileprop, against the peak measured in the same run.\n"
             "\n"
             "Options of Google Benchmark, which times the kernels, begin with --benchmark_:\n"
             "--benchmark_filter=REGEX, --benchmark_min_time=0.1, --benchmark_format=json.\n",
    .notes = "\n"
             "A product of M x N x K counts as 2 M N K operations, whatever is done to its\n"
             "elements besides: activation, slope, the optimizer's rule. Every kernel but\n"
             "those of --workload and --limits is compared with the reference before it is\n"
             "timed.\n"
             "\n"
             "Examples:\n"
             "  bench\n"
             "  bench --gemm 32x64x785 --op forward --isa avx2 --threads 1\n"
             "  bench --compare --gemm 512x1024x1024 --threads 1,2\n"
             "  bench --layers 784,64,64,10 --batch 32\n"
             "  bench --against HEAD~1\n"
             "  bench --gate\n"
             "\n"
             "Exit codes:\n"
             "  0   done\n"
             "  1   failure: a kernel that is wrong, slower than in the other commit, or below its floor\n"
             "  2   wrong use: an option, or one that means nothing beside the others\n"
             "  3   bad input: a file of bench/, or another build that cannot be used\n"
             "  77  inconclusive: too noisy a machine, or nothing to compare with\n",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .config = "config",
};

static const char *const mode_options[BENCH_MODES] = {NULL,       "--against", "--barrier", "--gate",
                                                      "--limits", "--layers",  "--compare", "--workload"};

static enum bench_mode mode_of(const struct bench_command *c)
{
    return c->against       ? BENCH_AGAINST
           : c->barrier     ? BENCH_BARRIER
           : c->gate        ? BENCH_GATE
           : c->limits      ? BENCH_LIMITS
           : c->layer_count ? BENCH_LAYERS
           : c->compare     ? BENCH_COMPARE
           : c->workload    ? BENCH_WORKLOAD
                            : BENCH_TIME_KERNELS;
}

#define IN(mode)   (1u << BENCH_##mode)
#define IN_TABLES  (IN(LAYERS) | IN(COMPARE))
#define IN_KERNELS (IN(TIME_KERNELS) | IN(COMPARE))
#define IN_ROUNDS  (IN(WORKLOAD) | IN(LIMITS))

/* Options that mean something in these modes only; all others do in every one. */
static const struct {
    const char *option;
    unsigned modes;
} meanings[] = {
    {"all", IN_KERNELS},
    {"gemm", IN_KERNELS},
    {"op", IN_KERNELS},
    {"activation", IN(TIME_KERNELS) | IN_TABLES},
    {"optimizer", IN(TIME_KERNELS) | IN_TABLES},
    {"batch", IN(TIME_KERNELS) | IN_TABLES},
    {"threads", IN(TIME_KERNELS) | IN_TABLES | IN(BARRIER)},
    {"list", IN(TIME_KERNELS)},
    {"compare", IN(COMPARE)},
    {"layers", IN(LAYERS)},
    {"against", IN(AGAINST)},
    {"barrier", IN(BARRIER)},
    {"workload", IN_ROUNDS | IN(AGAINST) | IN(GATE)},
    {"limits", IN(LIMITS)},
    {"gate", IN(GATE)},
    {"record", IN(GATE)},
    {"lower", IN(GATE)},
    {"reason", IN(GATE)},
    {"rounds", IN_ROUNDS},
    {"isa", ~(IN(AGAINST) | IN(BARRIER))},
    {"json", IN_TABLES | IN_ROUNDS},
};

/* Of two options the first means nothing beside the second in these modes. */
static const struct {
    const char *option, *other;
    unsigned modes;
} pairs[] = {
    {"batch", "gemm", IN_KERNELS},
    {"batch", "all", IN(COMPARE)},
    {"all", "gemm", IN(COMPARE)},
};

static bool is_given(const enum tp_option_source *sources, const char *name)
{
    return sources[tp_options_index(&options, name)] != TP_FROM_DEFAULT;
}

static tileprop_status fail_meaning(const char *option, unsigned modes, enum bench_mode mode,
                                    struct tp_error *error)
{
    if (mode != BENCH_TIME_KERNELS)
        return tp_fail(error, TILEPROP_USAGE, "%s: expected without %s", option, mode_options[mode]);
    char expected[128] = "";
    for (size_t i = 1; i < BENCH_MODES; i++)
        if (modes & 1u << i)
            tp_option_append(expected, sizeof expected, "%s%s", *expected ? " or " : "", mode_options[i]);
    return tp_fail(error, TILEPROP_USAGE, "%s: expected with %s", option, expected);
}

static tileprop_status check_meanings(enum bench_mode mode, const enum tp_option_source *sources,
                                      const char *google, struct tp_error *error)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (!is_given(sources, meanings[i].option) || meanings[i].modes & 1u << mode)
            continue;
        char option[16];
        snprintf(option, sizeof option, "--%s", meanings[i].option);
        return fail_meaning(option, meanings[i].modes, mode, error);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (is_given(sources, pairs[i].option) && is_given(sources, pairs[i].other) &&
            pairs[i].modes & 1u << mode)
            return tp_fail(error, TILEPROP_USAGE, "--%s: expected without --%s", pairs[i].option,
                           pairs[i].other);
    if (google && mode != BENCH_TIME_KERNELS)
        return fail_meaning(google, IN(TIME_KERNELS), mode, error);
    if (google && is_given(sources, "list"))
        return tp_fail(error, TILEPROP_USAGE, "%s: expected without --list", google);
    return TILEPROP_OK;
}

tileprop_status bench_command_parse(struct bench_command *command, int argc, char *const *argv,
                                    const char *google, struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    *command = defaults;
    tileprop_status status =
        tp_options_parse(&options, argc, argv, command, sources, &command->storage, error);
    if (status || command->help || command->version)
        return status;
    command->mode = mode_of(command);
    if (command->layer_count == 1)
        return tp_fail(error, TILEPROP_USAGE,
                       "--layers: expected inputs, hidden layers, classes, found one size");
    return check_meanings(command->mode, sources, google, error);
}

tileprop_status bench_command_tier(const struct bench_command *command, const char *ceiling,
                                   const struct tp_tier **tier, struct tp_error *error)
{
    const char *isa = command->isa;
    const tileprop_status status = tp_program_choose_isa(&isa, ceiling, error);
    *tier = status ? NULL : tp_tier_find(isa);
    return status;
}

bool bench_command_wants(const struct bench_command *command, const struct tp_tier *tier,
                         const struct tp_tier *candidate)
{
    size_t place = 0, highest = 0;
    for (size_t i = 0; tp_tiers[i]; i++) {
        place = tp_tiers[i] == candidate ? i : place;
        highest = tp_tiers[i] == tier ? i : highest;
    }
    if ((command->all || command->limits) && strcmp(command->isa, "auto") == 0)
        return place <= highest && tp_tier_runs_here(candidate);
    return candidate == tier;
}

void bench_command_write(tp_options_writer *write, FILE *out)
{
    write(&options, &defaults, out);
}
