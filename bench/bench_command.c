#include "bench_command.h"

#include <string.h>

#include "data/choices.h"
#include "system/cpus.h"

#define AT(member) offsetof(struct bench_command, member)

static const struct bench_command defaults = {.batch = 32, .rounds = 15, .isa = "auto"};

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("layers", AT(layers), SIZES, "Network", .argument = "SIZES", .count_offset = AT(layer_count),
               .items = BENCH_LAYERS_MAX, .least = 1, .most = BENCH_SIZE_MAX,
               .help = "compare a network's products, steps and evaluations with naive loops and the installed "
                       "libraries; inputs, hidden layers, classes, as in 784,64,64,10")},
    {TP_OPTION("batch", AT(batch), COUNT, "Network", .argument = "N", .least = 1, .most = BENCH_SIZE_MAX,
               .help = "samples per step")},
    {TP_OPTION("json", AT(json), SWITCH, "Network", .help = "print JSON instead of the table"), .flag = true},

    {TP_OPTION("against", AT(against), TEXT, "Guard", .argument = "REF", .keyword = "none",
               .help = "build this tree and commit REF, and compare speed, program size and memory; baseline: the commit "
                       "in bench/baseline. Run it in the project root")},
    {TP_OPTION("workload", AT(workload), TEXT, "Guard", .argument = "NAMES", .keyword = "none",
               .help = "comma-separated workloads, or all; with --against: compare only these; alone: time them and "
                       "print JSON")},
    {TP_OPTION("once", AT(once), SWITCH, "Guard",
               .help = "with --workload: run each once, untimed, for profilers such as callgrind"), .flag = true},
    {TP_OPTION("rounds", AT(rounds), COUNT, "Guard", .argument = "N", .least = 1, .most = BENCH_ROUNDS_MAX,
               .help = "rounds of --layers and --workload; each round times every contender once")},

    {TP_OPTION("threads", AT(threads), SIZES, "Machine", .argument = "COUNTS", .count_offset = AT(thread_count),
               .items = BENCH_THREADS_MAX, .least = 1, .most = 256,
               .help = "thread counts to time, as in 1,2,4; none: 1 and the number of CPUs")},
    {TP_OPTION("isa", AT(isa), NAME, "Machine", .argument = "NAME", .choices = tp_isa_choices,
               .help = "instruction set of the kernels; auto: the best available, or all of them with "
                       "--benchmark_filter. The environment variable TILEPROP_ISA sets an upper limit")},

    {TP_OPTION("help", AT(help), CHOICE, "Program", .choices = tp_help_choices,
               .help = "print this text and exit; -h does the same"), .flag = true, .apart = "all", .command_only = true},
    {TP_OPTION("version", AT(version), SWITCH, "Program", .help = "print the version and build features, and exit"),
     .flag = true, .command_only = true},
};
/* clang-format on */

static const struct tp_options options = {
    .usage = "Usage: bench [OPTION]... [--benchmark_...]\n"
             "Benchmark tileprop's kernels against the FMA peak measured in the same run.\n"
             "\n"
             "Without options, bench times the course's networks. Kernels run under Google\n"
             "Benchmark, whose options begin with --benchmark_: --benchmark_list_tests lists\n"
             "all benchmarks, --benchmark_filter=REGEX selects from that list, and\n"
             "--benchmark_format=json or csv gives machine-readable output.\n",
    .notes = "\n"
             "An M x N x K product counts as 2 M N K operations, without its epilogue. Names\n"
             "that end in 19%: 81 % of the inputs are 0, skipped and not counted. Every kernel\n"
             "is verified against the reference before it is timed, except with --workload.\n"
             "\n"
             "Examples:\n"
             "  bench\n"
             "  bench --benchmark_filter=avx2/update\n"
             "  bench --layers 784,64,64,10 --batch 32\n"
             "  bench --against HEAD~1\n"
             "\n"
             "Exit codes:\n"
             "  0   done\n"
             "  1   failure: a wrong kernel, or a regression against REF\n"
             "  2   usage error: an invalid option, or one with no effect here\n"
             "  3   bad input: a file in bench/, or a build that cannot be used\n"
             "  77  inconclusive: machine too noisy, or nothing to compare with\n",
    .table = table,
    .count = sizeof table / sizeof table[0],
};

/* The option that selects each mode, and the options valid in it. */
static const struct {
    const char *asked_by, *options;
} modes[BENCH_MODES] = {{"", " threads isa "},
                        {"--layers", " layers batch json rounds threads isa "},
                        {"--against", " against workload "},
                        {"--workload", " workload once json rounds "}};

static bool acts(const char *option, size_t mode)
{
    char word[24];
    snprintf(word, sizeof word, " %s ", option);
    return strstr(modes[mode].options, word) != NULL;
}

/* Reports an option that has no effect in the mode. */
static tileprop_status fail_option(const char *option, size_t mode, struct tp_error *error)
{
    if (mode != BENCH_KERNELS)
        return tp_fail(error, TILEPROP_USAGE, "--%s: not valid with %s", option, modes[mode].asked_by);
    while (!acts(option, mode))
        mode++;
    return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with %s", option, modes[mode].asked_by);
}

tileprop_status bench_command_parse(struct bench_command *c, int argc, char *const *argv, const char *google,
                                    struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    *c = defaults;
    const tileprop_status status = tp_options_parse(&options, argc, argv, c, sources, &c->storage, error);
    if (status || c->help || c->version)
        return status;
    const bool layers_given = sources[tp_options_index(&options, "layers")] != TP_FROM_DEFAULT;
    c->mode = c->against ? BENCH_AGAINST : layers_given ? BENCH_LAYERS : c->workload ? BENCH_WORKLOAD : BENCH_KERNELS;
    c->isa_given = sources[tp_options_index(&options, "isa")] != TP_FROM_DEFAULT;
    if (layers_given && c->layer_count < 2)
        return tp_fail(error, TILEPROP_USAGE, "--layers: expected inputs, hidden layers, classes, found %zu sizes",
                       c->layer_count);
    for (size_t i = 0; i < options.count; i++)
        if (sources[i] != TP_FROM_DEFAULT && !acts(table[i].is->name, c->mode))
            return fail_option(table[i].is->name, c->mode, error);
    if (google && c->mode != BENCH_KERNELS)
        return fail_option(google + 2, c->mode, error);
    if (!c->thread_count) {
        const size_t cpus = tp_cpus_available();
        c->threads[0] = 1;
        c->threads[1] = c->mode == BENCH_WORKLOAD ? 2 : cpus;
        c->thread_count = cpus > 1 ? 2 : 1;
    }
    return TILEPROP_OK;
}

void bench_command_write(tp_options_writer *write, FILE *out)
{
    write(&options, &defaults, out);
}
