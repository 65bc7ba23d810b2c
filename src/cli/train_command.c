#include "cli/train_command.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/plot.h"
#include "data/choices.h"

#define AT(member) offsetof(struct tp_train_command, member)

_Static_assert(AT(options) == 0, "the library's options come first");
_Static_assert(sizeof(enum tp_header) == sizeof(int) && sizeof(enum tp_missing) == sizeof(int),
               "options store choices as int");

const tileprop_choice tp_header_choices[] = {
    {"auto", TP_HEADER_AUTO}, {"yes", TP_HEADER_YES}, {"no", TP_HEADER_NO}, {NULL, 0}};

static const tileprop_choice missings[] = {{"error", TP_MISSING_ERROR}, {"mean", TP_MISSING_MEAN}, {NULL, 0}};

const tileprop_choice tp_unseen_choices[] = {{"error", TP_UNSEEN_ERROR}, {"missing", TP_UNSEEN_MISSING}, {NULL, 0}};

const tileprop_choice tp_index_base_choices[] = {
    {"auto", TP_INDEX_AUTO}, {"0", TP_INDEX_FROM_0}, {"1", TP_INDEX_FROM_1}, {NULL, 0}};

static const tileprop_choice resumptions[] = {{"auto", 0}, {NULL, 0}};

static const tileprop_choice class_weights[] = {{"balanced", 0}, {NULL, 0}};

/* A paragraph for each option, not a line for each field. */
/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("data", AT(data), PATH, "Data", .argument = "PATH", .keyword = "auto",
               .help = "a directory with the IDX files train-images, train-labels, t10k-images and t10k-labels; or a "
                       "table (CSV, TSV), libsvm text, or a NumPy array: x.npy, or data.npz:X for the array X of an "
                       "archive. Any of them may be gzip. -: standard input. auto: the MNIST that comes with tileprop"), .streams = true},
    {TP_OPTION("labels", AT(labels), PATH, "Data", .argument = "FILE", .keyword = "none",
               .help = "the labels of a NumPy array: another array, such as y.npy or data.npz:y"), .streams = true},
    {TP_OPTION("val-data", AT(val_data), PATH, "Data", .argument = "FILE", .keyword = "none",
               .help = "validate on this table or array instead of on part of the training data"), .streams = true},
    {TP_OPTION("val-labels", AT(val_labels), PATH, "Data", .argument = "FILE", .keyword = "none",
               .help = "the labels of --val-data"), .streams = true},
    {TP_OPTION("label", AT(table.label), TEXT, "Data", .argument = "COLUMN", .keyword = "auto",
               .help = "the column of a table that holds the class labels, numbers or text: its name, its number "
                       "from 1, first or last; auto: the last")},
    {TP_OPTION("header", AT(table.header), CHOICE, "Data", .argument = "NAME", .choices = tp_header_choices,
               .help = "whether the first line of a table is a header row; auto: decide from its content, and fail if that is not certain")},
    {TP_OPTION("skip-lines", AT(table.skip_lines), COUNT, "Data", .argument = "N", .least = 0, .most = TP_COUNT_MAX,
               .help = "skip the first N lines of a table")},
    {TP_OPTION("categorical", AT(table.categorical), TEXT, "Data", .argument = "COLUMNS", .keyword = "auto",
               .help = "columns of a table to one-hot encode, with one input per category: names or numbers, "
                       "separated by commas; auto: the columns that begin with text")},
    {TP_OPTION("leave-out", AT(table.leave_out), TEXT, "Data", .argument = "COLUMNS", .keyword = "none",
               .help = "columns of a table that are not inputs, such as row numbers: names or numbers, separated by "
                       "commas")},
    {TP_OPTION("features", AT(libsvm.features), COUNT, "Data", .argument = "N", .keyword = "auto", .least = 1,
               .most = TP_COUNT_MAX,
               .help = "the number of features of libsvm text; auto: given by its largest index. Features beyond it "
                       "are ignored in validation data and by predict")},
    {TP_OPTION("index-base", AT(libsvm.base), CHOICE, "Data", .argument = "N", .choices = tp_index_base_choices,
               .help = "whether feature indices in libsvm text start at 0 or at 1; auto: at 0 if the training data "
                       "have an index 0")},
    {TP_OPTION("sample-weight", AT(table.weight), TEXT, "Data", .argument = "COLUMN", .keyword = "none",
               .help = "the column of a table, given as for --label, that holds the sample weights, numbers from 0 "
                       "up; it is not an input. A weight multiplies its sample's loss and gradient, on top of "
                       "--class-weight; loss and accuracy of every set become weighted means: sum(weight * loss) / "
                       "sum(weight)")},
    {TP_OPTION("missing", AT(table.missing), CHOICE, "Data", .argument = "NAME", .choices = missings,
               .help = "how to treat a missing value (an empty cell, ?, NA, N/A, NaN or null): as an error, or by "
                       "imputing the mean of the training samples")},
    {TP_OPTION("unseen", AT(table.unseen), CHOICE, "Data", .argument = "NAME", .choices = tp_unseen_choices,
               .help = "how to treat a category of --val-data that the training data do not have: as an error, or as "
                       "a missing value")},
    {TP_OPTION("class-weight", AT(class_weight), PATH, "Data", .argument = "FILE", .keyword = "none",
               .choices = class_weights,
               .help = "multiply each training sample's loss and gradient by its class's weight, from a file of "
                       "lines CLASS,WEIGHT; balanced: samples / (classes * samples of the class)"), .streams = true},
    {TP_OPTION("train-limit", AT(train_limit), COUNT, "Data", .argument = "N", .keyword = "all", .least = 1,
               .most = TP_COUNT_MAX,
               .help = "train on at most the first N samples of the training set")},
    {TP_OPTION("val-limit", AT(val_limit), COUNT, "Data", .argument = "N", .keyword = "all", .least = 1,
               .most = TP_COUNT_MAX,
               .help = "validate on at most the first N samples of the validation set")},
    {TP_OPTION("val-split", AT(val_split), REAL, "Data", .argument = "F", .keyword = "none", .low = 0, .high = 1,
               .above = true, .below = true, .fraction = true,
               .help = "validate on the last fraction F of the training files instead of on the t10k files, before "
                       "any limit; of a table or an array: on a fraction F drawn from each class, 0.2 without this "
                       "option and --val-data")},
    {TP_OPTION("test-holdout", AT(test_holdout), COUNT, "Data", .argument = "N", .keyword = "none", .least = 1,
               .most = TP_COUNT_MAX,
               .help = "keep the N samples that follow the training samples in the training files as a test set, which is evaluated once, at the end")},
    {TP_TRAINING_OPTIONS},

    {TP_OPTION("explain", AT(explain), SWITCH, "Machine",
               .help = "print how the work is divided and, after the run, where the time went"), .flag = true},

    {TP_OPTION("save", AT(save), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "write the final weights to this file, as safetensors, for predict and --init-from"), .writes = true, .may_replace = "init-from"},
    {TP_OPTION("save-best", AT(save_best), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "write the weights with the lowest validation loss to this file when the run ends"), .writes = true, .may_replace = "init-from"},
    {TP_OPTION("checkpoint", AT(checkpoint), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "periodically save the state for --resume to this file, and again at the end of the run, also when "
                       "stopped by Ctrl-C, SIGTERM, SIGHUP or SIGXCPU; the file is a model, too"), .writes = true, .may_replace = "resume"},
    {TP_OPTION("checkpoint-every", AT(checkpoint_every), TEXT, "Output", .argument = "N[steps|epochs|s]",
               .help = "how often to save: every N steps (a number alone means steps), epochs or seconds")},
    {TP_OPTION("resume", AT(resume), PATH, "Output", .argument = "FILE", .keyword = "none", .choices = resumptions,
               .help = "continue from this checkpoint, with the same data and the same options of the groups above, except Machine. --epochs may be raised and --max-seconds changed; --init-from may be left out and is not read again. auto: from the file of --checkpoint, or from the start if there is none")},
    {TP_OPTION("resume-inexact", AT(resume_inexact), SWITCH, "Output",
               .help = "resume from the checkpoint of a version that computes different bits"), .flag = true},
    {TP_OPTION("history", AT(history), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "write the loss of each step, counted from 0, and each evaluation to this CSV file"), .writes = true},
    {TP_OPTION("plot", AT(plot), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "draw loss and accuracy with gnuplot into this .svg or .png file; for FILE.svg, the history goes to FILE.csv, the loss of its steps to FILE-loss.csv and the script to FILE.gp"), .writes = true, .side_outputs = tp_plot_beside},
    {TP_OPTION("plot-with", AT(plot_with), PATH, "Output", .argument = "FILES", .keyword = "none",
               .help = "draw earlier runs behind it as thinner lines, from up to 5 files that --history or --plot wrote, separated by commas"), .several = true},
    {TP_OPTION("json", AT(json), SWITCH, "Output",
               .help = "write the results as one JSON object to standard output; the report goes to standard error"), .flag = true},
    {TP_OPTION("quiet", AT(quiet), SWITCH, "Output",
               .help = "no progress and no warnings on standard error; with --json no report either"), .flag = true},

    {TP_OPTION("config", AT(config), PATH, "Program", .argument = "FILE",
               .help = "read options from a file of lines key = value; the command line wins. Paths in the file are "
                       "relative to it"), .command_only = true},
    {TP_OPTION("stats", AT(stats), SWITCH, "Program",
               .help = "print mean, deviation and counts of the training samples and exit"), .flag = true, .command_only = true},
    {TP_OPTION("check-gradient", AT(check_gradient), SWITCH, "Program",
               .help = "check the gradient of every weight on the first 100 training samples, in double precision and on each available instruction set, and exit: with 1 if one is wrong. --init auto then means uniform"), .flag = true, .command_only = true},
    {TP_OPTION("print-config", AT(print_config), SWITCH, "Program",
               .help = "print all options as a file for --config and exit"), .flag = true, .command_only = true},
    {TP_OPTION("help", AT(help), CHOICE, "Program", .argument = "[all]", .choices = tp_help_choices,
               .help = "print the options that most runs need, or all of them, and exit; -h does the same"), .flag = true, .apart = "all", .command_only = true},
    {TP_OPTION("version", AT(version), SWITCH, "Program",
               .help = "print the version and build features, and exit"), .flag = true, .command_only = true},
};
/* clang-format on */

/* The first to be looked for. */
static const char *const basics[] = {
    "data",  "label",  "val-data", "normalize",  "hidden",         "activation", "init-from", "optimizer",  "lr",
    "batch", "epochs", "seed",     "early-stop", "threads",        "save",       "save-best", "checkpoint", "resume",
    "plot",  "json",   "quiet",    "stats",      "check-gradient", "help",       "version",   NULL};

static const struct tp_options options = {
#include "cli/train.help.inc"
    .table = table,
    .count = sizeof table / sizeof table[0],
    .config = "config",
    .basics = basics,
};

static struct tp_train_command default_command(void)
{
    struct tp_train_command command = {.checkpoint_every = "60s"};
    tileprop_options_init(&command.options, sizeof command.options);
    command.options.option_names = 1;
    command.options.bind = TILEPROP_BIND_AUTO; /* these two a library leaves to its caller */
    command.options.numa = TILEPROP_NUMA_AUTO;
    return command;
}

/*
 * An option that the optimizer does not use is an error if it was asked for. It was not if a file repeats the default,
 * as --print-config writes it, or if the command line chose another optimizer than the file: the option then gets its
 * default. In the latter case a note says that it is ignored, except for a default in a file that has the options of
 * all optimizers, as --print-config writes it.
 */
static tileprop_status check_rule(struct tp_train_command *command, const enum tp_option_source *sources,
                                  struct tp_error *error)
{
    static const struct {
        const char *name, *rules; /* that have a use for it */
    } rates[] = {{"momentum", "momentum, lecun-momentum and nesterov"},
                 {"beta1", "adam"},
                 {"beta2", "adam"},
                 {"epsilon", "adam"}};
    const char *rule = tp_choice_name(tp_optimizer_choices, (int)command->options.optimizer);
    const bool rule_commanded = sources[tp_options_index(&options, "optimizer")] == TP_FROM_COMMAND;
    const bool printed = sources[tp_options_index(&options, "momentum")] == TP_FROM_FILE &&
                         sources[tp_options_index(&options, "beta1")] == TP_FROM_FILE;
    struct tp_dropped *dropped = command->dropped;
    tileprop_status status = TILEPROP_OK;

    for (size_t i = 0; status == TILEPROP_OK && i < sizeof rates / sizeof rates[0]; i++) {
        const size_t index = tp_options_index(&options, rates[i].name);
        const tileprop_option *rate = tp_options_at(&options, index).is;
        char value[TP_REAL_TEXT];
        if (strstr(rates[i].rules, rule))
            continue;
        tp_option_format(rate, command, value, sizeof value);
        const bool filed = sources[index] == TP_FROM_FILE, initial = strcmp(value, rate->initial) == 0;
        if (sources[index] == TP_FROM_COMMAND || (filed && !rule_commanded && !initial))
            return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with %s, found with --optimizer %s", rate->name,
                           rates[i].rules, rule);
        if (filed && rule_commanded && !(printed && initial)) {
            dropped->name = rate->name;
            memcpy(dropped++->value, value, sizeof value);
        }
        status = tp_option_parse(rate, "--", rate->initial, command, error);
    }
    return status;
}

/* N, N steps, N epochs, N s; blanks between them do not matter. */
static tileprop_status read_interval(struct tp_train_command *command, struct tp_error *error)
{
    struct tp_interval *interval = &command->checkpoint_interval;
    char *unit;
    const double number = strtod(command->checkpoint_every, &unit);
    const bool fits = number > 0 && number <= TP_COUNT_MAX, whole = fits && floor(number) == number;
    unit += strspn(unit, " ");
    *interval = (struct tp_interval){0};
    if (fits && strcmp(unit, "s") == 0)
        interval->seconds = number;
    else if (whole && (strcmp(unit, "epoch") == 0 || strcmp(unit, "epochs") == 0))
        interval->epochs = (size_t)number;
    else if (whole && (!*unit || strcmp(unit, "step") == 0 || strcmp(unit, "steps") == 0))
        interval->steps = (size_t)number;
    else
        return tp_fail(error, TILEPROP_USAGE,
                       "--checkpoint-every: expected a number of steps, epochs or seconds, as in 500, "
                       "500steps, 1epochs or 0.5s, up to %d, found \"%s\"",
                       TP_COUNT_MAX, command->checkpoint_every);
    return TILEPROP_OK;
}

/* Options that have an effect only with others. */
static tileprop_status check_resumption(const struct tp_train_command *command, const enum tp_option_source *sources,
                                        struct tp_error *error)
{
    if (!command->checkpoint && command->resume && strcmp(command->resume, "auto") == 0)
        return tp_fail(error, TILEPROP_USAGE, "--resume: auto is valid only with --checkpoint FILE");
    if (!command->checkpoint && sources[tp_options_index(&options, "checkpoint-every")] == TP_FROM_COMMAND)
        return tp_fail(error, TILEPROP_USAGE, "--checkpoint-every: valid only with --checkpoint");
    if (!command->plot && sources[tp_options_index(&options, "plot-with")] == TP_FROM_COMMAND && command->plot_with)
        return tp_fail(error, TILEPROP_USAGE, "--plot-with: valid only with --plot");
    if (!command->resume && command->resume_inexact)
        return tp_fail(error, TILEPROP_USAGE, "--resume-inexact: valid only with --resume");
    return TILEPROP_OK;
}

/* Finds an option, turned on by the command line, whose columns only a history has. */
static const char *find_logged(const struct tp_train_command *command, const enum tp_option_source *sources)
{
    if (command->options.log_gradients && sources[tp_options_index(&options, "log-gradients")] == TP_FROM_COMMAND)
        return "log-gradients";
    if (command->options.log_activations && sources[tp_options_index(&options, "log-activations")] == TP_FROM_COMMAND)
        return "log-activations";
    return NULL;
}

tileprop_status tp_train_command_parse(struct tp_train_command *command, int argc, char *const *argv,
                                       struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    *command = default_command();
    tileprop_status status = tp_options_parse(&options, argc, argv, command, sources, &command->storage, error);
    if (status == TILEPROP_OK)
        status = check_rule(command, sources, error);
    if (status == TILEPROP_OK)
        status = read_interval(command, error);
    if (status == TILEPROP_OK)
        command->logged = find_logged(command, sources);
    return status == TILEPROP_OK ? check_resumption(command, sources, error) : status;
}

void tp_train_command_environment(struct tp_train_command *command)
{
    tileprop_options *chosen = &command->options;
    const char *openmp = getenv("OMP_NUM_THREADS");
    char *end = NULL;
    if (chosen->bind == TILEPROP_BIND_AUTO &&
        (getenv("OMP_PROC_BIND") || getenv("OMP_PLACES") || getenv("GOMP_CPU_AFFINITY")))
        chosen->bind = TILEPROP_BIND_NONE;
    if (chosen->threads || chosen->threads_exact || !openmp)
        return;
    const unsigned long count = strtoul(openmp, &end, 10); /* a list is of nested teams, ours is the first */
    if (end != openmp && (*end == '\0' || *end == ',') && count > 0 && count < tileprop_threads(0))
        chosen->threads = count;
}

void tp_train_command_write(tp_options_writer *write, FILE *out)
{
    const struct tp_train_command defaults = default_command();
    write(&options, &defaults, out);
}

void tp_train_command_write_config(const struct tp_train_command *command, FILE *out)
{
    tp_options_write_config(&options, NULL, command, out);
}

char *tp_train_command_text(const struct tp_train_command *command, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    tp_train_command_write_config(command, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

tileprop_status tp_train_command_parse_text(struct tp_train_command *command, const char *text, size_t size,
                                            struct tp_error *error)
{
    char path[64];
    const int file = memfd_create("options", MFD_CLOEXEC);
    *command = (struct tp_train_command){0};
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const tileprop_status status =
        file >= 0 && write(file, text, size) == (ssize_t)size
            ? tp_train_command_parse(command, 3, (char *[]){program_invocation_short_name, "--config", path}, error)
            : tp_fail_memory(error, NULL, "the options as text");
    if (file >= 0)
        close(file);
    return status;
}

void tp_train_command_write_training(const struct tp_train_command *command, FILE *out)
{
    static const char *const groups[] = {"Data", "Network", "Optimizer", "Evaluation and stopping"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        tp_options_write_config(&options, groups[i], command, out);
}
