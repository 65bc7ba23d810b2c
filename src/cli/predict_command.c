#include "cli/predict_command.h"

#include <string.h>

#include "cli/train_command.h"
#include "data/choices.h"

#define TP_TOP_LOSSES_MAX 1000

#define AT(member) offsetof(struct tp_predict_command, member)

_Static_assert(sizeof(enum tp_row_format) == sizeof(int) && sizeof(enum tp_invert) == sizeof(int) &&
                   sizeof(enum tp_header) == sizeof(int) && sizeof(enum tp_index_base) == sizeof(int) &&
                   sizeof(enum tp_unseen) == sizeof(int),
               "options store choices as int");

static const tileprop_choice sets[] = {{"t10k", 0}, {"train", 0}, {NULL, 0}};
static const tileprop_choice inversions[] = {
    {"auto", TP_INVERT_AUTO}, {"on", TP_INVERT_ON}, {"off", TP_INVERT_OFF}, {NULL, 0}};
static const tileprop_choice formats[] = {{"csv", TP_ROWS_CSV}, {"jsonl", TP_ROWS_JSONL}, {NULL, 0}};

/* clang-format off */
static const struct tp_option table[] = {
    {TP_OPTION("model", AT(model), PATH, "Model", .argument = "FILE",
               .help = "a model from train --save; the name alone, without --model, does the same")},

    {TP_OPTION("data", AT(data), PATH, "Data", .argument = "PATH", .keyword = "auto",
               .help = "a directory with IDX files, as for train; or one file, plain or gzip: a table, libsvm text, "
                       "a NumPy array (x.npy, or data.npz:X) or an IDX file. The columns of a table are matched by "
                       "their names in the training data; the label may be absent. -: standard input. auto: the "
                       "MNIST that comes with tileprop"), .streams = true},
    {TP_OPTION("set", AT(set), NAME, "Data", .argument = "NAME", .choices = sets,
               .help = "which files of a directory: t10k, to validate on, or train")},
    {TP_OPTION("labels", AT(labels), PATH, "Data", .argument = "FILE", .keyword = "none",
               .help = "the labels of an IDX file or NumPy array: a file of the same kind; without it the samples "
                       "have no labels"), .streams = true},
    {TP_OPTION("header", AT(header), CHOICE, "Data", .argument = "NAME", .choices = tp_header_choices,
               .help = "whether the first line of a table is a header row, as for train")},
    {TP_OPTION("skip-lines", AT(skip_lines), COUNT, "Data", .argument = "N", .least = 0, .most = TP_COUNT_MAX,
               .help = "skip the first N lines of a table")},
    {TP_OPTION("unseen", AT(unseen), CHOICE, "Data", .argument = "NAME", .choices = tp_unseen_choices,
               .help = "how to treat a category that the training data do not have: as an error, or as a missing "
                       "value: the mean of the training samples if the model was trained with --missing mean, else "
                       "none of the categories")},
    {TP_OPTION("index-base", AT(index_base), CHOICE, "Data", .argument = "N", .choices = tp_index_base_choices,
               .help = "whether feature indices in libsvm text start at 0 or at 1; auto: as in the training data")},
    {TP_OPTION("limit", AT(limit), COUNT, "Data", .argument = "N", .keyword = "all", .least = 1, .most = TP_COUNT_MAX,
               .help = "at most the first N samples")},
    {TP_OPTION("image", AT(image), PATH, "Data", .argument = "FILE.png", .keyword = "none",
               .help = "one PNG image instead of data, as large as the model's images or a whole multiple of that")},
    {TP_OPTION("invert", AT(invert), CHOICE, "Data", .choices = inversions,
               .help = "invert that image: black on white becomes white on black, as in MNIST. --invert=auto, the default, inverts it, with a note, if its border is light and the training samples are dark on average, or vice versa"), .flag = true},

    {TP_OPTION("threads", AT(threads), COUNT, "Machine", .argument = "N", .keyword = "auto", .least = 1,
               .most = TP_THREADS_MAX,
               .help = "use at most N threads, never more than the CPUs that this process may use; auto: all of them")},
    {TP_OPTION("threads-exact", AT(threads_exact), COUNT, "Machine", .argument = "N", .keyword = "none", .least = 1,
               .most = TP_THREADS_MAX,
               .help = "run exactly N threads, whatever the number of CPUs; overrides --threads")},
    {TP_OPTION("isa", AT(isa), NAME, "Machine", .argument = "NAME", .choices = tp_isa_choices,
               .help = "instruction set of the kernels; auto: the best one available. The environment variable TILEPROP_ISA sets an upper limit")},

    {TP_OPTION("output", AT(output), PATH, "Output", .argument = "FILE", .keyword = "none",
               .help = "write a row for each sample to this file: its number, its label if it has one, the "
                       "predicted class, and all probabilities. -: to standard output, instead of the report; "
                       "samples without labels are written there by default"), .writes = true, .prints = true},
    {TP_OPTION("format", AT(format), CHOICE, "Output", .argument = "NAME", .choices = formats,
               .help = "format of these rows: comma-separated values with a header, or one JSON object per line")},
    {TP_OPTION("worst", AT(worst), COUNT, "Output", .argument = "N", .least = 0, .most = TP_TOP_LOSSES_MAX,
               .help = "list the N errors with the largest losses; if the report goes to a terminal, draw them too")},
    {TP_OPTION("errors", AT(errors), PATH, "Output", .argument = "FILE.png", .keyword = "none",
               .help = "draw the 100 errors with the largest losses into this PNG file, row by row"), .writes = true},
    {TP_OPTION("json", AT(json), SWITCH, "Output",
               .help = "write the results as one JSON object to standard output; the report goes to standard error"), .flag = true},

    {TP_OPTION("help", AT(help), CHOICE, "Program", .choices = tp_help_choices,
               .help = "print this text and exit; -h does the same"), .flag = true, .apart = "all", .command_only = true},
    {TP_OPTION("version", AT(version), SWITCH, "Program",
               .help = "print the version and build features, and exit"), .flag = true, .command_only = true},
};
/* clang-format on */

static const struct tp_options options = {
#include "cli/predict.help.inc"
    .table = table,
    .count = sizeof table / sizeof table[0],
    .operand = "model",
};

static const struct tp_predict_command defaults = {.set = "t10k", .isa = "auto", .worst = 6};

tileprop_status tp_predict_command_parse(struct tp_predict_command *command, int argc, char *const *argv,
                                         struct tp_error *error)
{
    enum tp_option_source sources[TP_OPTIONS_MAX];
    *command = defaults;
    tileprop_status status = tp_options_parse(&options, argc, argv, command, sources, &command->storage, error);
    if (status != TILEPROP_OK || command->help || command->version)
        return status;
    if (!command->model)
        return tp_fail(error, TILEPROP_USAGE, "expected a model from train --save, found none");
    if (command->image && (command->data || command->labels || command->limit))
        return tp_fail(error, TILEPROP_USAGE, "--image: not valid with --data, --labels and --limit");
    if (command->invert == TP_INVERT_ON && !command->image)
        return tp_fail(error, TILEPROP_USAGE, "--invert: valid only with --image");
    if (!command->data && (command->header || command->skip_lines))
        return tp_fail(error, TILEPROP_USAGE, "--%s: valid only with a table as --data",
                       command->header ? "header" : "skip-lines");
    command->print_rows = command->output && strcmp(command->output, "-") == 0;
    if (command->print_rows)
        command->output = NULL;
    if (command->labels && !command->data)
        return tp_fail(error, TILEPROP_USAGE, "--labels: valid only with a file of samples as --data");
    return TILEPROP_OK;
}

void tp_predict_command_write(tp_options_writer *write, FILE *out)
{
    write(&options, &defaults, out);
}
