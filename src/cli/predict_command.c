#include "cli/predict_command.h"

#include <stdlib.h>

#include "cli/options.h"
#include "cli/train_command.h"

#define TP_COUNT_MAX      1000000000
#define TP_THREADS_MAX    4096
#define TP_TOP_LOSSES_MAX 1000

#define AT(member) offsetof(struct tp_predict_command, member)

_Static_assert(sizeof(enum tp_row_format) == sizeof(int) && sizeof(enum tp_header) == sizeof(int),
               "options store choices as int");

static const struct tp_choice sets[] = {{"t10k", 0}, {"train", 0}, {NULL, 0}};
static const struct tp_choice formats[] = {{"csv", TP_ROWS_CSV}, {"jsonl", TP_ROWS_JSONL}, {NULL, 0}};

/* clang-format off */
static const struct tp_option table[] = {
    {.name = "model", .group = "Model", .argument = "FILE", .kind = TP_OPTION_PATH, .offset = AT(model),
     .help = "what train --save wrote; it may also stand without --model"},

    {.name = "data", .group = "Data", .argument = "PATH", .kind = TP_OPTION_PATH, .keyword = "auto",
     .offset = AT(data),
     .help = "directory with IDX files as train takes it; or one file, plain or gzip: a table, libsvm's text, "
             "a NumPy array or an IDX file. A table's columns are found by the names that the training data "
             "had; it may lack the label. auto: the MNIST that comes with tileprop"},
    {.name = "set", .group = "Data", .argument = "NAME", .kind = TP_OPTION_NAME, .choices = sets,
     .offset = AT(set),
     .help = "which pair of a directory's files: those to validate on or those to train on"},
    {.name = "labels", .group = "Data", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .offset = AT(labels),
     .help = "the labels of an IDX file or of a NumPy array, a file of the same kind; without it they have none"},
    {.name = "header", .group = "Data", .argument = "NAME", .kind = TP_OPTION_CHOICE,
     .choices = tp_header_choices, .offset = AT(header),
     .help = "whether a table's first line holds the columns' names, as of train"},
    {.name = "skip-lines", .group = "Data", .argument = "N", .kind = TP_OPTION_COUNT, .least = 0,
     .most = TP_COUNT_MAX, .offset = AT(skip_lines),
     .help = "leave out the first N lines of a table"},
    {.name = "limit", .group = "Data", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "all", .least = 1,
     .most = TP_COUNT_MAX, .offset = AT(limit),
     .help = "the first N samples at most"},
    {.name = "image", .group = "Data", .argument = "FILE.png", .kind = TP_OPTION_PATH, .keyword = "none",
     .offset = AT(image),
     .help = "one PNG image instead of data, as large as the model's images or a whole number of times"},
    {.name = "invert", .group = "Data", .kind = TP_OPTION_FLAG, .offset = AT(invert),
     .help = "of that image: black on white becomes white on black, as MNIST is"},

    {.name = "threads", .group = "Machine", .argument = "N", .kind = TP_OPTION_COUNT, .keyword = "auto",
     .least = 1, .most = TP_THREADS_MAX, .offset = AT(threads),
     .help = "N threads at most, never more than the CPUs that this process may use; auto: all of them"},
    {.name = "threads-exact", .group = "Machine", .argument = "N", .kind = TP_OPTION_COUNT,
     .keyword = "none", .least = 1, .most = TP_THREADS_MAX, .offset = AT(threads_exact),
     .help = "run N threads whatever the CPUs; --threads then says nothing"},
    {.name = "isa", .group = "Machine", .argument = "NAME", .kind = TP_OPTION_NAME, .choices = tp_tier_choices,
     .offset = AT(isa),
     .help = "instruction set of the kernels; auto: the best one that is here. TILEPROP_ISA in the "
             "environment lowers it further"},

    {.name = "output", .group = "Output", .argument = "FILE", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .offset = AT(output),
     .help = "write a row for each sample to this file: its number, its label if it has one, the predicted "
             "class, and all probabilities. Of samples without labels they go to standard output otherwise"},
    {.name = "format", .group = "Output", .argument = "NAME", .kind = TP_OPTION_CHOICE, .choices = formats,
     .offset = AT(format),
     .help = "of these rows: values with commas and a header, or a JSON object on each line"},
    {.name = "worst", .group = "Output", .argument = "N", .kind = TP_OPTION_COUNT, .least = 0,
     .most = TP_TOP_LOSSES_MAX, .offset = AT(worst),
     .help = "list the N errors with the largest losses, and draw them if standard output is a terminal"},
    {.name = "errors", .group = "Output", .argument = "FILE.png", .kind = TP_OPTION_PATH, .keyword = "none",
     .writes = true, .offset = AT(errors),
     .help = "draw the 100 errors with the largest losses into this PNG file, row by row"},
    {.name = "json", .group = "Output", .kind = TP_OPTION_FLAG, .offset = AT(json),
     .help = "end standard output with one line that is a JSON object of the results"},

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
    .usage = "Usage: predict MODEL [OPTION]...\n"
             "Use a model that train --save wrote: evaluate it on labelled data, or classify\n"
             "samples without labels.\n"
             "\n"
             "Defaults are in brackets, choices in braces. --name VALUE and --name=VALUE are\n"
             "the same; names cannot be abbreviated.\n",
    .notes = "\n"
             "Examples:\n"
             "  predict digits.safetensors\n"
             "  predict digits.safetensors --data /srv/mnist --errors worst.png\n"
             "  predict digits.safetensors --data scans-idx3-ubyte.gz --output classes.csv\n"
             "  predict digits.safetensors --image seven.png --invert\n"
             "  predict iris.safetensors --data flowers.csv --output species.csv\n"
             "\n"
             "Exit codes:\n"
             "  0    done\n"
             "  1    failure while running: memory, a file that cannot be written\n"
             "  2    wrong use: an option, or options that do not fit each other\n"
             "  3    bad input: a model, data or image file\n",
    .table = table,
    .count = TP_TABLE_COUNT,
    .operand = "model",
};

static struct tp_predict_command default_command(void)
{
    return (struct tp_predict_command){.set = "t10k", .isa = "auto", .worst = 6};
}

tileprop_status tp_predict_command_parse(struct tp_predict_command *command, int argc, char *const *argv,
                                         struct tp_error *error)
{
    enum tp_option_source sources[TP_TABLE_COUNT];
    *command = default_command();
    tileprop_status status =
        tp_options_parse(&options, argc, argv, command, sources, &command->storage, error);
    if (status != TILEPROP_OK || command->help || command->version)
        return status;
    if (!command->model)
        return tp_fail(error, TILEPROP_USAGE, "expected a model, as train --save writes it, found none");
    if (command->image && (command->data || command->labels || command->limit))
        return tp_fail(error, TILEPROP_USAGE, "--image: expected without --data, --labels and --limit");
    if (command->invert && !command->image)
        return tp_fail(error, TILEPROP_USAGE, "--invert: expected with --image only");
    if (!command->data && (command->header || command->skip_lines))
        return tp_fail(error, TILEPROP_USAGE, "--%s: expected with a table as --data only",
                       command->header ? "header" : "skip-lines");
    if (command->labels && !command->data)
        return tp_fail(error, TILEPROP_USAGE, "--labels: expected with a file of samples as --data only");
    return TILEPROP_OK;
}

void tp_predict_command_free(struct tp_predict_command *command)
{
    free(command->storage);
    *command = default_command();
}

void tp_predict_command_write(tp_options_writer *write, FILE *out)
{
    const struct tp_predict_command defaults = default_command();
    write(&options, &defaults, out);
}
