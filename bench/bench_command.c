#include "bench_command.h"

#include <string.h>

#include "data/choices.h"
#include "system/cpus.h"

#define UNITS_MAX  65536
#define AT(member) offsetof(struct bench_command, member)

static const struct bench_command defaults = {.batch = 32, .rounds = 15, .isa = "auto"};

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("gemm", AT(gemm), TEXT, "Kernels", .argument = "SHAPES", .keyword = "none",
               .help = "time the three products of these shapes instead, MxNxK as in 32x64x785,500x500x500: the "
                       "result is M x N, and K is summed over")},

    {TP_OPTION("layers", AT(layers), SIZES, "Network", .argument = "SIZES", .count_offset = AT(layer_count),
               .items = BENCH_LAYERS_MAX, .least = 1, .most = UNITS_MAX,
               .help = "print a table of a network's products, steps and evaluations beside naive loops and the "
                       "libraries that are here, as in 784,64,64,10: inputs, hidden layers, classes")},
    {TP_OPTION("batch", AT(batch), COUNT, "Network", .argument = "N", .least = 1, .most = UNITS_MAX,
               .help = "samples per step")},
    {TP_OPTION("json", AT(json), SWITCH, "Network",
               .help = "print a JSON object instead of the table"), .flag = true},
    {TP_OPTION("csv", AT(csv), SWITCH, "Network",
               .help = "print comma-separated values instead of the table"), .flag = true},

    {TP_OPTION("against", AT(against), TEXT, "Guard", .argument = "REF", .keyword = "none",
               .help = "build this tree and another commit, and compare the speed of their workloads, and their size and "
                       "memory; baseline: the commit that bench/baseline names. Run it in the project's folder")},
    {TP_OPTION("workload", AT(workload), TEXT, "Guard", .argument = "NAMES", .keyword = "none",
               .help = "with --against: compare only these, separated by commas; alone: time them, or all of them, "
                       "and print JSON")},
    {TP_OPTION("once", AT(once), SWITCH, "Guard",
               .help = "with --workload: run each once, untimed, for tools that count"), .flag = true},
    {TP_OPTION("rounds", AT(rounds), COUNT, "Guard", .argument = "N", .least = 1, .most = BENCH_ROUNDS_MAX,
               .help = "of --layers and --workload, in which all that is timed takes turns")},

    {TP_OPTION("threads", AT(threads), SIZES, "Machine", .argument = "COUNTS", .count_offset = AT(thread_count),
               .items = BENCH_THREADS_MAX, .least = 1, .most = 256,
               .help = "exact counts of threads, as in 1,2,4; none: one, and one per CPU")},
    {TP_OPTION("isa", AT(isa), NAME, "Machine", .argument = "NAME", .choices = tp_isa_choices,
               .help = "instruction set of the kernels; auto: the best one that is here, and with --benchmark_filter "
                       "each. TILEPROP_ISA in the environment names one that is not exceeded")},

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
             "Without options it times the course's layers. Options of Google Benchmark, which\n"
             "runs the kernels, begin with --benchmark_: --benchmark_list_tests lists\n"
             "everything, --benchmark_filter=REGEX chooses from that list,\n"
             "--benchmark_format=json or csv prints for programs.\n",
    .notes = "\n"
             "A product of M x N x K counts as 2 M N K operations, whatever is done to its\n"
             "elements besides. Every kernel is compared with the reference before it is\n"
             "timed, but for those of --workload.\n"
             "\n"
             "Examples:\n"
             "  bench\n"
             "  bench --benchmark_filter=avx2/update\n"
             "  bench --gemm 512x1024x1024 --threads 1,2\n"
             "  bench --layers 784,64,64,10 --batch 32\n"
             "  bench --against HEAD~1\n"
             "\n"
             "Exit codes:\n"
             "  0   done\n"
             "  1   failure: a kernel that is wrong, or slower than in the other commit\n"
             "  2   wrong use: an option, or one that does nothing beside the others\n"
             "  3   bad input: a file of bench/, or another build that cannot be used\n"
             "  77  inconclusive: too noisy a machine, or nothing to compare with\n",
    .table = table,
    .count = sizeof table / sizeof table[0],
};

/* What asks for a mode, and the options that act in it. */
static const struct {
    const char *asked_by, *options;
} modes[BENCH_MODES] = {{"", " gemm threads isa "},
                        {"--layers", " layers batch json csv rounds threads isa "},
                        {"--against", " against workload "},
                        {"--workload", " workload once json rounds "}};

static bool acts(const char *option, size_t mode)
{
    char word[24];
    snprintf(word, sizeof word, " %s ", option);
    return strstr(modes[mode].options, word) != NULL;
}

/* An option that does nothing in the mode. */
static tileprop_status fail_option(const char *option, size_t mode, struct tp_error *error)
{
    if (mode != BENCH_KERNELS)
        return tp_fail(error, TILEPROP_USAGE, "--%s: expected without %s", option, modes[mode].asked_by);
    while (!acts(option, mode))
        mode++;
    return tp_fail(error, TILEPROP_USAGE, "--%s: expected with %s", option, modes[mode].asked_by);
}

static tileprop_status check_shapes(const char *shapes, struct tp_error *error)
{
    for (const char *next = shapes; *next;) {
        const size_t length = strcspn(next, ",");
        unsigned m = 0, n = 0, k = 0;
        int read = 0;
        sscanf(next, "%5ux%5ux%5u%n", &m, &n, &k, &read);
        if ((size_t)read != length || !m || !n || !k || m > UNITS_MAX || n > UNITS_MAX || k > UNITS_MAX)
            return tp_fail(error, TILEPROP_USAGE, "--gemm: expected MxNxK with sizes from 1 to %d, found \"%.*s\"",
                           UNITS_MAX, (int)length, next);
        next += length + (next[length] == ',');
    }
    return TILEPROP_OK;
}

tileprop_status bench_command_parse(struct bench_command *c, int argc, char *const *argv, const char *google,
                                    struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    *c = defaults;
    const tileprop_status status = tp_options_parse(&options, argc, argv, c, sources, &c->storage, error);
    if (status || c->help || c->version)
        return status;
    c->mode = c->against ? BENCH_AGAINST : c->layer_count ? BENCH_LAYERS : c->workload ? BENCH_WORKLOAD : BENCH_KERNELS;
    c->isa_given = sources[tp_options_index(&options, "isa")] != TP_FROM_DEFAULT;
    if (c->layer_count == 1)
        return tp_fail(error, TILEPROP_USAGE, "--layers: expected inputs, hidden layers, classes, found one size");
    for (size_t i = 0; i < options.count; i++)
        if (sources[i] != TP_FROM_DEFAULT && !acts(table[i].is->name, c->mode))
            return fail_option(table[i].is->name, c->mode, error);
    if (c->json && c->csv)
        return tp_fail(error, TILEPROP_USAGE, "--csv: expected without --json");
    if (google && c->mode != BENCH_KERNELS)
        return fail_option(google + 2, c->mode, error);
    if (c->gemm && check_shapes(c->gemm, error))
        return TILEPROP_USAGE;
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
