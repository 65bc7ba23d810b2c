#include "cli/train_command.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/plot.h"

#define TP_COUNT_MAX   1000000000
#define TP_UNITS_MAX   1048576
#define TP_THREADS_MAX 4096

#define AT(member) offsetof(struct tp_train_command, member)

_Static_assert(sizeof(tileprop_activation) == sizeof(int) && sizeof(tileprop_init) == sizeof(int) &&
                   sizeof(tileprop_optimizer) == sizeof(int) && sizeof(tileprop_bind) == sizeof(int) &&
                   sizeof(tileprop_numa) == sizeof(int) && sizeof(enum tp_header) == sizeof(int) &&
                   sizeof(enum tp_missing) == sizeof(int),
               "options store choices as int");

static const struct tp_choice normalizations[] = {{"auto", TILEPROP_AUTO},
                                                  {"global", TILEPROP_NORMALIZE_GLOBAL},
                                                  {"feature", TILEPROP_NORMALIZE_FEATURE},
                                                  {"unit", TILEPROP_NORMALIZE_UNIT},
                                                  {"none", TILEPROP_NORMALIZE_NONE},
                                                  {NULL, 0}};

const struct tp_choice tp_activation_choices[] = {{"sigmoid", TILEPROP_SIGMOID},
                                                  {"lecun-tanh", TILEPROP_LECUN_TANH},
                                                  {"improved-sigmoid", TILEPROP_LECUN_TANH},
                                                  {"tanh", TILEPROP_TANH},
                                                  {"relu", TILEPROP_RELU},
                                                  {NULL, 0}};

static const struct tp_choice inits[] = {{"auto", TILEPROP_INIT_AUTO},
                                         {"uniform", TILEPROP_INIT_UNIFORM},
                                         {"fan-in", TILEPROP_INIT_FAN_IN},
                                         {"he", TILEPROP_INIT_HE},
                                         {NULL, 0}};

static const struct tp_choice biases[] = {{"auto", TILEPROP_AUTO},
                                          {"input", TILEPROP_BIAS_INPUT},
                                          {"all", TILEPROP_BIAS_ALL},
                                          {"none", TILEPROP_BIAS_NONE},
                                          {NULL, 0}};

static const struct tp_choice automatic_switch[] = {
    {"auto", TILEPROP_AUTO}, {"on", true}, {"off", false}, {NULL, 0}};

const struct tp_choice tp_header_choices[] = {
    {"auto", TP_HEADER_AUTO}, {"yes", TP_HEADER_YES}, {"no", TP_HEADER_NO}, {NULL, 0}};

static const struct tp_choice missings[] = {
    {"error", TP_MISSING_ERROR}, {"mean", TP_MISSING_MEAN}, {NULL, 0}};

static const struct tp_choice resumptions[] = {{"auto", 0}, {NULL, 0}};

static const struct tp_choice class_weights[] = {{"balanced", 0}, {NULL, 0}};

static const struct tp_choice bindings[] = {
    {"auto", TILEPROP_BIND_AUTO}, {"none", TILEPROP_BIND_NONE}, {"cores", TILEPROP_BIND_CORES}, {NULL, 0}};

const struct tp_choice tp_optimizer_choices[] = {{"sgd", TILEPROP_SGD},
                                                 {"momentum", TILEPROP_MOMENTUM},
                                                 {"lecun-momentum", TILEPROP_LECUN_MOMENTUM},
                                                 {"nesterov", TILEPROP_NESTEROV},
                                                 {"adam", TILEPROP_ADAM},
                                                 {NULL, 0}};

const struct tp_choice tp_tier_choices[] = {
    {"auto", 0}, {"reference", 0}, {"avx2", 0}, {"avx512", 0}, {NULL, 0}};

static const struct tp_choice numa_modes[] = {{"auto", TILEPROP_NUMA_AUTO},
                                              {"off", TILEPROP_NUMA_OFF},
                                              {"interleave", TILEPROP_NUMA_INTERLEAVE},
                                              {"replicate", TILEPROP_NUMA_REPLICATE},
                                              {NULL, 0}};

/* A paragraph for each option, not a line for each field. */
/* clang-format off */
static const struct tp_option table[] = {
    {.name = "data", .group = "Data", .argument = "PATH", .kind = TP_OPTION_PATH, .keyword = "auto",
     .offset = AT(data),
     .help = "a directory with the IDX files train-images, train-labels, t10k-images and t10k-labels; or a "
             "table: CSV, TSV or libsvm's text; or a NumPy array (.npy). All may be gzip. auto: the MNIST that "
             "comes with tileprop"},
    {.name = "labels", .group = "Data", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .offset = AT(labels),
     .help = "the labels of a NumPy array, an array too"},
    {.name = "val-data", .group = "Data", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .offset = AT(val_data),
     .help = "validate on this table or array instead of on part of the training data"},
    {.name = "val-labels", .group = "Data", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .offset = AT(val_labels),
     .help = "the labels of --val-data"},
    {.name = "label", .group = "Data", .argument = "COLUMN", .kind = TP_OPTION_TEXT, .offset = AT(table.label),
     .help = "a table's column with the classes, numbers or text: its name, its place from 1, first or last"},
    {.name = "header", .group = "Data", .argument = "NAME", .kind = TP_OPTION_CHOICE, .choices = tp_header_choices,
     .offset = AT(table.header),
     .help = "whether a table's first line holds the columns' names; auto: yes, if it can hold nothing else, "
             "and an error where that is not sure"},
    {.name = "skip-lines", .group = "Data", .argument = "N", .kind = TP_OPTION_COUNT, .least = 0,
     .most = TP_COUNT_MAX, .offset = AT(table.skip_lines),
     .help = "leave out the first N lines of a table"},
    {.name = "categorical", .group = "Data", .argument = "COLUMNS", .kind = TP_OPTION_TEXT, .keyword = "auto",
     .offset = AT(table.categorical),
     .help = "columns of a table, by name or place with commas between them, to be taken as categories, one input "
             "for each; auto: those that begin with text"},
    {.name = "leave-out", .group = "Data", .argument = "COLUMNS", .kind = TP_OPTION_TEXT, .keyword = "none",
     .offset = AT(table.leave_out),
     .help = "columns of a table with a header that are no inputs, such as one of numbers of rows, named likewise"},
    {.name = "missing", .group = "Data", .argument = "NAME", .kind = TP_OPTION_CHOICE, .choices = missings,
     .offset = AT(table.missing),
     .help = "what a cell that is empty, ?, NA, N/A, NaN or null is: an error, or the mean of the training samples"},
    {.name = "class-weight", .group = "Data", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .choices = class_weights, .offset = AT(class_weight),
     .help = "multiply each training sample's loss and gradient by its class's weight, from a file of lines "
             "CLASS,WEIGHT; balanced: samples / (classes * samples of the class)"},
    {.name = "train-limit", .group = "Data", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "all",
     .least = 1, .most = TP_COUNT_MAX, .offset = AT(train_limit),
     .help = "train on the first N samples of the training set at most"},
    {.name = "val-limit", .group = "Data", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "all",
     .least = 1, .most = TP_COUNT_MAX, .offset = AT(val_limit),
     .help = "validate on the first N samples of the validation set at most"},
    {.name = "val-split", .group = "Data", .argument = "F", .kind = TP_OPTION_REAL, .keyword = "none",
     .low = 0, .high = 1, .above = true, .below = true, .fraction = true, .offset = AT(val_split),
     .help = "validate on the last fraction F of the training files instead of on the t10k files, before "
             "any limit; of a table or an array: on a fraction F drawn from each class. Without it and --val-data "
             "that is 0.2"},
    {.name = "test-holdout", .group = "Data", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "none",
     .least = 1, .most = TP_COUNT_MAX, .offset = AT(test_holdout),
     .help = "keep the N samples of the training files that follow the training samples as a test set, "
             "which is evaluated once, at the end"},
    {.name = "normalize", .group = "Data", .argument = "NAME", .kind = TP_OPTION_CHOICE,
     .choices = normalizations, .offset = AT(options.normalize),
     .help = "to mean 0 and deviation 1 over all inputs or for each feature, to [0, 1], or not; auto: global, of a "
             "table feature"},

    {.name = "hidden", .group = "Network", .argument = "SIZES", .kind = TP_OPTION_SIZES,
     .offset = AT(options.hidden), .count_offset = AT(options.hidden_count), .items = TILEPROP_HIDDEN_MAX,
     .least = 1, .most = TP_UNITS_MAX,
     .help = "units of each hidden layer, as in 64,64; none: softmax regression. The output layer is not "
             "part of the list: it has one unit per class and is always there"},
    {.name = "activation", .group = "Network", .argument = "NAME", .kind = TP_OPTION_CHOICE,
     .choices = tp_activation_choices, .offset = AT(options.activation),
     .help = "of the hidden layers; lecun-tanh is 1.7159 tanh(2x/3), and improved-sigmoid another name of "
             "it"},
    {.name = "init", .group = "Network", .argument = "NAME", .kind = TP_OPTION_CHOICE, .choices = inits,
     .offset = AT(options.init),
     .help = "first weights: uniform in [-1, 1), or normal with deviation sqrt(1/inputs) or sqrt(2/inputs) "
             "of the layer; auto: he for relu, else fan-in"},
    {.name = "bias", .group = "Network", .argument = "NAME", .kind = TP_OPTION_CHOICE,
     .choices = biases, .offset = AT(options.bias),
     .help = "a constant 1 among the inputs, or that and a bias in every other layer, or none; auto: input, with a "
             "table all"},

    {.name = "init-from", .group = "Network", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .offset = AT(run.init_from),
     .help = "first weights from this model, which --save wrote or PyTorch with the same names; only the "
             "weights: inputs are normalized as --normalize says"},

    {.name = "optimizer", .group = "Optimizer", .argument = "NAME", .kind = TP_OPTION_CHOICE,
     .choices = tp_optimizer_choices, .offset = AT(options.optimizer),
     .help = "the rule that updates the weights"},
    {.name = "lr", .group = "Optimizer", .argument = "X", .kind = TP_OPTION_REAL, .keyword = "auto",
     .low = 1e-30, .high = 1000, .offset = AT(options.learning_rate),
     .help = "learning rate; auto: 0.001 for adam, 0.1 for sgd, 0.02 for the others"},
    {.name = "momentum", .group = "Optimizer", .argument = "X", .kind = TP_OPTION_REAL, .low = 0,
     .high = 1, .below = true, .offset = AT(options.momentum),
     .help = "of momentum, lecun-momentum and nesterov"},
    {.name = "beta1", .group = "Optimizer", .argument = "X", .kind = TP_OPTION_REAL, .low = 0,
     .high = 1, .below = true, .offset = AT(options.beta1),
     .help = "of adam: decay of the mean gradient"},
    {.name = "beta2", .group = "Optimizer", .argument = "X", .kind = TP_OPTION_REAL, .low = 0,
     .high = 1, .below = true, .offset = AT(options.beta2),
     .help = "of adam: decay of the mean squared gradient"},
    {.name = "epsilon", .group = "Optimizer", .argument = "X", .kind = TP_OPTION_REAL, .low = 1e-30,
     .high = 1, .offset = AT(options.epsilon),
     .help = "of adam: added to the root of that mean"},
    {.name = "weight-decay", .group = "Optimizer", .argument = "X", .kind = TP_OPTION_REAL, .low = 0,
     .high = 1000, .offset = AT(options.weight_decay),
     .help = "added to the gradient as X times the weight, apart from it for adam; never on biases"},
    {.name = "batch", .group = "Optimizer", .argument = "N", .kind = TP_OPTION_COUNT, .least = 1,
     .most = TP_COUNT_MAX, .offset = AT(options.batch),
     .help = "samples per step"},
    {.name = "epochs", .group = "Optimizer", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "auto",
     .least = 1, .most = TP_COUNT_MAX, .offset = AT(options.epochs),
     .help = "passes over the training set; auto: 10, over a table at least as many as give 2000 steps"},
    {.name = "shuffle", .group = "Optimizer", .kind = TP_OPTION_SWITCH, .offset = AT(shuffle),
     .help = "take the samples in a new random order in each epoch"},
    {.name = "drop-last", .group = "Optimizer", .argument = "NAME", .kind = TP_OPTION_CHOICE,
     .choices = automatic_switch, .offset = AT(options.drop_last),
     .help = "leave out the samples that do not fill the epoch's last batch; auto: on, with a table off"},
    {.name = "seed", .group = "Optimizer", .argument = "N", .kind = TP_OPTION_SEED, .least = 0,
     .most = UINT64_MAX, .offset = AT(options.seed),
     .help = "of first weights and orders; the same data, options and seed give the same network on any "
             "machine and any number of threads"},

    {.name = "evals-per-epoch", .group = "Evaluation and stopping", .argument = "N",
     .kind = TP_OPTION_COUNT, .least = 1, .most = TP_COUNT_MAX, .offset = AT(options.evals_per_epoch),
     .help = "evaluations on the validation set in each epoch"},
    {.name = "eval-train", .group = "Evaluation and stopping", .kind = TP_OPTION_SWITCH,
     .offset = AT(eval_train),
     .help = "at each of them also evaluate the whole training set"},
    {.name = "log-gradients", .group = "Evaluation and stopping", .kind = TP_OPTION_SWITCH,
     .offset = AT(log_gradients),
     .help = "at each of them also write to --history, as grad_norm_1 to grad_norm_L, the Frobenius norm of "
             "each layer's gradient in the step before it"},
    {.name = "early-stop", .group = "Evaluation and stopping", .argument = "N", .kind = TP_OPTION_COUNT,
     .least = 0, .most = TP_COUNT_MAX, .offset = AT(options.early_stop),
     .help = "stop after N evaluations in a row without a better validation loss; 0: never"},
    {.name = "stop-at-accuracy", .group = "Evaluation and stopping", .argument = "F",
     .kind = TP_OPTION_REAL, .keyword = "none", .low = 0, .high = 1, .above = true, .fraction = true,
     .offset = AT(options.stop_at_accuracy),
     .help = "stop after the first evaluation with at least this validation accuracy, a fraction, and say "
             "when that was; a run that never gets there is no failure"},
    {.name = "stop-at-loss", .group = "Evaluation and stopping", .argument = "X",
     .kind = TP_OPTION_REAL, .keyword = "none", .low = 0, .high = 1000, .above = true,
     .offset = AT(options.stop_at_loss),
     .help = "stop at this validation loss in nats per sample"},
    {.name = "max-seconds", .group = "Evaluation and stopping", .argument = "S", .kind = TP_OPTION_REAL,
     .keyword = "none", .low = 0, .high = 1e9, .above = true, .offset = AT(options.max_seconds),
     .help = "stop after S seconds of training and evaluation"},

    {.name = "threads", .group = "Machine", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "auto",
     .least = 1, .most = TP_THREADS_MAX, .offset = AT(options.threads),
     .help = "N threads at most, never more than the CPUs that this process may use, and fewer where steps "
             "are faster so; auto: OMP_NUM_THREADS, or all CPUs"},
    {.name = "threads-exact", .group = "Machine", .argument = "N", .kind = TP_OPTION_COUNT,
     .keyword = "none", .least = 1, .most = TP_THREADS_MAX, .offset = AT(options.threads_exact),
     .help = "run N threads in steps and evaluations, whatever the CPUs; --threads then says nothing"},
    {.name = "bind", .group = "Machine", .argument = "NAME", .kind = TP_OPTION_CHOICE, .choices = bindings,
     .offset = AT(options.bind),
     .help = "keep each thread on a core of its own; auto: where every core gets one, unless an affinity mask "
             "or OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY is set"},
    {.name = "plan", .group = "Machine", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "auto",
     .offset = AT(run.plan),
     .help = "divide the work among threads as this file says, which is what --explain printed; --threads and "
             "--threads-exact then say nothing"},
    {.name = "explain", .group = "Machine", .kind = TP_OPTION_FLAG, .offset = AT(explain),
     .help = "print how the work is divided and, after the run, where the time of steps went"},
    {.name = "isa", .group = "Machine", .argument = "NAME", .kind = TP_OPTION_NAME, .choices = tp_tier_choices,
     .offset = AT(options.isa),
     .help = "instruction set of the kernels; auto: the best one that is here. TILEPROP_ISA in the "
             "environment lowers it further"},
    {.name = "numa", .group = "Machine", .argument = "NAME", .kind = TP_OPTION_CHOICE, .choices = numa_modes,
     .offset = AT(options.numa),
     .help = "where threads are on several memory nodes, put weights on their threads' nodes and interleave "
             "the data set over the nodes or replicate it on each; auto: replicate if the copies fit in "
             "half of each node's free memory, else interleave; off: do neither"},

    {.name = "save", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .may_replace = "init-from", .offset = AT(save),
     .help = "write the last weights to this file, as safetensors, for predict and --init-from"},
    {.name = "save-best", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .may_replace = "init-from", .offset = AT(save_best),
     .help = "likewise those with the lowest validation loss, when the run has ended"},
    {.name = "checkpoint", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .may_replace = "resume", .offset = AT(checkpoint),
     .help = "write all that the run needs to go on to this file, again and again, and at its end, Ctrl-C and "
             "SIGTERM included; it is a model too"},
    {.name = "checkpoint-every", .group = "Output", .argument = "N[steps|epochs|s]", .kind = TP_OPTION_TEXT,
     .offset = AT(checkpoint_every),
     .help = "how often: after so many steps, which a number alone means too, epochs or seconds"},
    {.name = "resume", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .choices = resumptions, .offset = AT(resume),
     .help = "go on from this checkpoint, with the same data and the same options of the groups above but Machine; "
             "more epochs and another --max-seconds are fine, and so is no --init-from, which is not read again. "
             "auto: from --checkpoint's file, or from the start if there is none"},
    {.name = "resume-inexact", .group = "Output", .kind = TP_OPTION_FLAG, .offset = AT(resume_inexact),
     .help = "also from one of a version that computes other bits"},
    {.name = "history", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .offset = AT(history),
     .help = "write the loss of each step and each evaluation to this CSV file"},
    {.name = "plot", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .side_outputs = tp_plot_beside, .offset = AT(plot),
     .help = "draw loss and accuracy with gnuplot into this .svg or .png file; of FILE.svg the history is "
             "written to FILE.csv, the loss of its steps to FILE-loss.csv and the script to FILE.gp"},
    {.name = "json", .group = "Output", .kind = TP_OPTION_FLAG, .offset = AT(json),
     .help = "end standard output with one line that is a JSON object of the results"},
    {.name = "quiet", .group = "Output", .kind = TP_OPTION_FLAG, .offset = AT(quiet),
     .help = "no progress and no warnings on standard error"},

    {.name = "config", .group = "Program", .argument = "FILE", .kind = TP_OPTION_CONFIG,
     .offset = AT(config),
     .help = "read options from a file of lines key = value; the command line wins. Paths in the file are "
             "relative to it"},
    {.name = "stats", .group = "Program", .kind = TP_OPTION_FLAG, .command_only = true,
     .offset = AT(stats),
     .help = "print mean, deviation and counts of the training samples and exit"},
    {.name = "check-gradient", .group = "Program", .kind = TP_OPTION_FLAG, .command_only = true,
     .offset = AT(check_gradient),
     .help = "check the gradient of every weight on the first 100 training samples, in double, and that a step of each "
             "instruction set has the bits of the reference tier, and exit: 1 if not. --init auto then means "
             "uniform"},
    {.name = "print-config", .group = "Program", .kind = TP_OPTION_FLAG, .command_only = true,
     .offset = AT(print_config),
     .help = "print all options as such a file and exit"},
    {.name = "help", .group = "Program", .kind = TP_OPTION_FLAG, .command_only = true,
     .offset = AT(help),
     .help = "print this text and exit"},
    {.name = "version", .group = "Program", .kind = TP_OPTION_FLAG, .command_only = true,
     .offset = AT(version),
     .help = "print the version and what this build has, and exit"},
};
/* clang-format on */

#define TP_TABLE_COUNT (sizeof table / sizeof table[0])

static const struct tp_options options = {
    .usage = "Usage: train [OPTION]...\n"
             "Train a multi-layer perceptron for classification on the CPU.\n"
             "\n"
             "Defaults are in brackets, choices in braces. --name VALUE and --name=VALUE are\n"
             "the same; names cannot be abbreviated. The flags --json and --quiet can be\n"
             "taken back with =off.\n",
    .notes = "\n"
             "Examples:\n"
             "  train --threads 16 --hidden 64,64\n"
             "  train --hidden none --optimizer sgd --lr 0.5 --epochs 3\n"
             "  train --data iris.csv --label species\n"
             "  train --data /srv/fashion --activation relu --optimizer adam --json\n"
             "  train --hidden 64,64 --save digits.safetensors; predict digits.safetensors\n"
             "  train --epochs 100 --checkpoint run.ckpt --resume auto\n"
             "  train --hidden 128 --print-config > run.conf; train --config run.conf --seed 2\n"
             "\n"
             "Exit codes:\n"
             "  0    done\n"
             "  1    failure while running: memory, a file; or a gradient that is wrong\n"
             "  2    wrong use: an option, or options that do not fit each other\n"
             "  3    bad input: a data or model file, a plan\n"
             "  4    diverged: the loss was not finite\n"
             "  130  stopped by Ctrl-C after the step it was in; a second Ctrl-C ends at once\n"
             "  143  likewise by SIGTERM\n",
    .table = table,
    .count = TP_TABLE_COUNT,
};

static struct tp_train_command default_command(void)
{
    struct tp_train_command command = {
        .run.size = sizeof command.run, .checkpoint_every = "60s", .table.label = "last"};
    tileprop_options_init(&command.options, sizeof command.options);
    command.options.bind = TILEPROP_BIND_AUTO; /* these two a library leaves to its caller */
    command.options.numa = TILEPROP_NUMA_AUTO;
    command.shuffle = command.options.shuffle != 0;
    command.eval_train = command.options.eval_train != 0;
    return command;
}

static const char *choice_name(const struct tp_choice *choice, int value)
{
    while (choice->name && choice->value != value)
        choice++;
    return choice->name;
}

const char *tp_activation_name(int activation)
{
    return choice_name(tp_activation_choices, activation);
}

const char *tp_init_name(int init)
{
    return choice_name(inits, init);
}

const char *tp_optimizer_name(int optimizer)
{
    return choice_name(tp_optimizer_choices, optimizer);
}

const char *tp_bias_name(int bias)
{
    return choice_name(biases, bias);
}

const char *tp_numa_name(int numa)
{
    return choice_name(numa_modes, numa);
}

static bool rule_uses(tileprop_optimizer optimizer, const char *name)
{
    if (strcmp(name, "momentum") == 0)
        return optimizer == TILEPROP_MOMENTUM || optimizer == TILEPROP_LECUN_MOMENTUM ||
               optimizer == TILEPROP_NESTEROV;
    return optimizer == TILEPROP_ADAM;
}

/*
 * An option that the optimizer has no use for is an error where it was asked for. It was not where a file
 * repeats the default, as --print-config writes it, or where the command line chose another optimizer than
 * the file: such an option falls back to its default.
 */
static tileprop_status check_rule(struct tp_train_command *command, const enum tp_option_source *sources,
                                  struct tp_error *error)
{
    const tileprop_options defaults = default_command().options;
    tileprop_options *chosen = &command->options;
    const struct {
        const char *name;
        double *value;
        double fallback;
    } rates[] = {{"momentum", &chosen->momentum, defaults.momentum},
                 {"beta1", &chosen->beta1, defaults.beta1},
                 {"beta2", &chosen->beta2, defaults.beta2},
                 {"epsilon", &chosen->epsilon, defaults.epsilon}};
    const bool rule_commanded = sources[tp_options_index(&options, "optimizer")] == TP_FROM_COMMAND;

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        const enum tp_option_source source = sources[tp_options_index(&options, rates[i].name)];
        if (rule_uses(chosen->optimizer, rates[i].name))
            continue;
        if (source == TP_FROM_COMMAND ||
            (source == TP_FROM_FILE && !rule_commanded && *rates[i].value != rates[i].fallback))
            return tp_fail(error, TILEPROP_USAGE, "--%s: expected with %s only, found with --optimizer %s",
                           rates[i].name,
                           strcmp(rates[i].name, "momentum") == 0 ? "momentum, lecun-momentum and nesterov"
                                                                  : "adam",
                           tp_optimizer_name((int)chosen->optimizer));
        *rates[i].value = rates[i].fallback;
    }
    return TILEPROP_OK;
}

/* N, N steps, N epochs, N s; blanks between them do not matter. */
static tileprop_status read_interval(struct tp_train_command *command, struct tp_error *error)
{
    static const char *const units[] = {"", "step", "steps", "epoch", "epochs", "s"};
    const size_t count = sizeof units / sizeof units[0];
    struct tp_interval *interval = &command->checkpoint_interval;
    const char *text = command->checkpoint_every;
    char *unit;
    const double number = strtod(text, &unit);
    const bool whole = number >= 1 && number <= TP_COUNT_MAX && floor(number) == number;
    size_t u = 0;
    unit += strspn(unit, " ");
    while (u < count && strcmp(unit, units[u]) != 0)
        u++;
    *interval = (struct tp_interval){0};
    if (u == count || !(u == count - 1 ? number > 0 && number <= TP_COUNT_MAX : whole))
        return tp_fail(
            error, TILEPROP_USAGE,
            "--checkpoint-every: expected a number of steps, epochs or seconds, as in 500, 500steps, "
            "1epochs or 0.5s, up to %d, found \"%s\"",
            TP_COUNT_MAX, text);
    if (units[u][0] == 's' && !units[u][1])
        interval->seconds = number;
    else if (units[u][0] == 'e')
        interval->epochs = (size_t)number;
    else
        interval->steps = (size_t)number;
    return TILEPROP_OK;
}

/* Options that mean something beside others alone. */
static tileprop_status check_resumption(const struct tp_train_command *command,
                                        const enum tp_option_source *sources, struct tp_error *error)
{
    if (!command->checkpoint && command->resume && strcmp(command->resume, "auto") == 0)
        return tp_fail(error, TILEPROP_USAGE, "--resume: auto expected with --checkpoint FILE only");
    if (!command->checkpoint && sources[tp_options_index(&options, "checkpoint-every")] == TP_FROM_COMMAND)
        return tp_fail(error, TILEPROP_USAGE, "--checkpoint-every: expected with --checkpoint only");
    if (!command->resume && command->resume_inexact)
        return tp_fail(error, TILEPROP_USAGE, "--resume-inexact: expected with --resume only");
    return TILEPROP_OK;
}

tileprop_status tp_train_command_parse(struct tp_train_command *command, int argc, char *const *argv,
                                       struct tp_error *error)
{
    enum tp_option_source sources[TP_TABLE_COUNT];
    *command = default_command();
    tileprop_status status =
        tp_options_parse(&options, argc, argv, command, sources, &command->storage, error);
    command->options.shuffle = command->shuffle;
    command->options.eval_train = command->eval_train;
    command->run.log_gradients = command->log_gradients;
    if (status == TILEPROP_OK)
        status = check_rule(command, sources, error);
    if (status == TILEPROP_OK)
        status = read_interval(command, error);
    return status == TILEPROP_OK ? check_resumption(command, sources, error) : status;
}

void tp_train_command_free(struct tp_train_command *command)
{
    free(command->storage);
    *command = default_command();
}

void tp_train_command_threads(struct tp_train_command *command, const char *openmp)
{
    tileprop_options *chosen = &command->options;
    char *end = NULL;
    if (chosen->threads || chosen->threads_exact || !openmp)
        return;
    const unsigned long count = strtoul(openmp, &end, 10); /* a list is of nested teams, ours is the first */
    if (end != openmp && (*end == '\0' || *end == ',') && count > 0 && count < tileprop_threads(0))
        chosen->threads = count;
}

void tp_train_command_unbind(struct tp_train_command *command)
{
    if (command->options.bind == TILEPROP_BIND_AUTO)
        command->options.bind = TILEPROP_BIND_NONE;
}

void tp_train_command_write(tp_options_writer *write, FILE *out)
{
    const struct tp_train_command defaults = default_command();
    write(&options, &defaults, out);
}

void tp_train_command_write_config(const struct tp_train_command *command, FILE *out)
{
    tp_options_write_config(&options, command, out);
}

void tp_train_command_write_training(const struct tp_train_command *command, FILE *out)
{
    static const char *const groups[] = {"Data", "Network", "Optimizer", "Evaluation and stopping"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        tp_options_write_group(&options, groups[i], command, out);
}
