#include "cli/train_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/random.h"
#include "cli/data_path.h"
#include "cli/model_schema.h"
#include "data/offsets.h"
#include "readers/class_weights.h"
#include "readers/data_loader.h"
#include "readers/idx.h"
#include "readers/stream.h"

/* Of the rows of a file, unless options say otherwise. */
#define TP_VALIDATION_SHARE 0.2

static void limit(struct tp_dataset *dataset, size_t count)
{
    if (count && dataset->count > count)
        dataset->count = count;
}

static tileprop_status check_held(size_t held, size_t found, struct tp_error *error)
{
    return held < found || !held ? TILEPROP_OK
                                 : tp_fail(error, TILEPROP_USAGE,
                                           "--test-holdout: %zu of %zu samples leaves none to train on", held, found);
}

/* The training samples are limited here too: those that follow them are still there. */
static tileprop_status hold_out(struct tp_train_data *data, const struct tp_train_command *command,
                                struct tp_error *error)
{
    struct tp_dataset *train = &data->train, *test = &data->test;
    const size_t held = command->test_holdout, found = train->count;
    const tileprop_status status = check_held(held, found, error);
    if (status != TILEPROP_OK)
        return status;
    limit(train, command->train_limit);
    limit(train, found - held);
    const size_t kept = train->count;
    if (!held)
        return TILEPROP_OK;
    train->count += held;
    tp_dataset_cut(train, kept, test);
    return TILEPROP_OK;
}

/* An option that only tables have, if one is given; else NULL. */
static const char *table_option(const struct tp_table_options *table)
{
    return table->label         ? "label"
           : table->header      ? "header"
           : table->skip_lines  ? "skip-lines"
           : table->categorical ? "categorical"
           : table->leave_out   ? "leave-out"
           : table->unseen      ? "unseen"
           : table->weight      ? "sample-weight"
                                : NULL;
}

/* Options of files are of no use to a directory. */
static tileprop_status check_directory(const struct tp_train_command *command, struct tp_error *error)
{
    const struct tp_table_options *table = &command->table;
    const char *name = command->labels            ? "labels"
                       : command->val_data        ? "val-data"
                       : command->val_labels      ? "val-labels"
                       : table->missing           ? "missing"
                       : command->libsvm.features ? "features"
                       : command->libsvm.base     ? "index-base"
                                                  : table_option(table);
    return name ? tp_fail(error, TILEPROP_USAGE, "--%s: valid only with --data FILE, found with a directory", name)
                : TILEPROP_OK;
}

static tileprop_status load_directory(struct tp_train_data *data, const struct tp_train_command *command,
                                      struct tp_error *error)
{
    struct tp_dataset *train = &data->train, *validation = &data->validation;
    tileprop_status status = check_directory(command, error);
    if (status == TILEPROP_OK)
        status = tp_idx_load(data->directory, "train", train, error);
    data->is_part = command->val_split > 0;
    if (status == TILEPROP_OK)
        status = data->is_part ? tp_dataset_tail(train, command->val_split, validation, error)
                               : tp_idx_load(data->directory, "t10k", validation, error);
    return status;
}

/* Only the training samples decide, unless the means were learned before. */
static tileprop_status fill_missing(struct tp_train_data *data, struct tp_error *error)
{
    struct tp_schema *schema = &data->schema;
    tileprop_status status = TILEPROP_OK;
    if (!schema->means) {
        schema->means = malloc(schema->features * sizeof *schema->means);
        if (!schema->means)
            return tp_fail_memory(error, data->directory, "the means of features");
        status = tp_missing_means(&data->train, schema->means, error);
    }
    if (status == TILEPROP_OK) {
        tp_missing_fill(&data->train, schema->means);
        tp_missing_fill(&data->test, schema->means);
        tp_missing_fill(&data->validation, schema->means);
    }
    return status;
}

static tileprop_status load_file(struct tp_train_data *data, const struct tp_train_command *command,
                                 struct tp_error *error)
{
    struct tp_table_options table = command->table;
    if (data->schema.means) /* which say what a missing value means */
        table.missing = TP_MISSING_MEAN;
    table.notes = &data->notes;
    const char *option = table_option(&table);
    struct tp_libsvm_options libsvm = command->libsvm;
    libsvm.notes = &data->notes;
    const char *path = command->data ? command->data : data->directory;
    const struct tp_data_loader loader = {path, command->labels, option, table, libsvm};
    const struct tp_data_loader validation = {command->val_data, command->val_labels, option, table, libsvm};
    if (command->val_data && command->val_split > 0)
        return tp_fail(error, TILEPROP_USAGE, "--val-split: not valid with --val-data");
    if (command->val_labels && !command->val_data)
        return tp_fail(error, TILEPROP_USAGE, "--val-labels: valid only with --val-data");

    data->is_part = !command->val_data;
    tileprop_status status = tp_data_loader_read(&loader, &data->schema, &data->train, error);
    if (status == TILEPROP_OK)
        data->rows = data->train.count;
    /* A single class most likely means that the label is in another column. */
    if (status == TILEPROP_OK && data->train.classes < 2)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected two or more classes, found one in all samples%s",
                         data->directory, data->schema.column_count ? "; --label says which column is the label" : "");
    if (status == TILEPROP_OK && !data->is_part)
        status = tp_data_loader_read(&validation, &data->schema, &data->validation, error);
    return status;
}

/* Draws the rows of a file. */
static tileprop_status draw(struct tp_train_data *data, const struct tp_train_command *command,
                            const struct tp_fold *fold, struct tp_error *error)
{
    struct tp_dataset none, *tail = data->is_part ? &data->validation : &none;
    const uint64_t seed = command->options.seed;
    const double share = !data->is_part ? 0 : command->val_split > 0 ? command->val_split : TP_VALIDATION_SHARE;
    const tileprop_status status =
        fold->count ? tp_dataset_split_fold(&data->train, fold->count, fold->index, seed, tail, error)
                    : tp_dataset_split_stratified(&data->train, share, seed, tail, error);
    return status == TILEPROP_FAILURE ? tp_fail_memory(error, data->directory, "a split") : status;
}

/* No run takes what does not fit; --stats and --check-gradient begin none. */
static tileprop_status compare(const struct tp_train_data *data, const char *val_data, struct tp_error *error)
{
    const struct tp_dataset *train = &data->train, *found = &data->validation;
    const bool is_u8 = found->type == TILEPROP_U8, expects_u8 = train->type == TILEPROP_U8;
    if (found->features == train->features && found->classes <= train->classes && is_u8 == expects_u8)
        return TILEPROP_OK;
    return tp_fail(error, TILEPROP_BAD_INPUT,
                   "%s: expected %zu inputs of %s and at most %zu classes as in %s, found %zu of %s and %zu%s",
                   val_data ? val_data : data->directory, train->features, expects_u8 ? "u8" : "f32", train->classes,
                   val_data ? data->directory : "the train files", found->features, is_u8 ? "u8" : "f32",
                   found->classes, val_data ? "" : " in the t10k files");
}

#define TP_NAMES_SHOWN 5

/* What the samples of each class weigh, to be freed; NULL if out of memory. */
static double *weigh_classes(const struct tp_train_data *data, const struct tp_dataset *set)
{
    double *weights = calloc(data->train.classes, sizeof *weights);
    for (size_t i = 0; weights && i < set->count; i++)
        weights[set->labels[i]] += set->sample_weights ? (double)set->sample_weights[i] : 1;
    return weights;
}

static tileprop_status find_guess(struct tp_train_data *data, struct tp_error *error)
{
    double *weights = weigh_classes(data, &data->train), all = 0;
    if (!weights)
        return tp_fail_memory(error, data->directory, "classes");
    for (size_t k = 0; k < data->train.classes; k++)
        all += weights[k];
    for (size_t k = 0; k < data->train.classes; k++)
        data->guess -= weights[k] > 0 ? weights[k] / all * tp_random_log(weights[k] / all) : 0;
    free(weights);
    return TILEPROP_OK;
}

/* Notes classes that have no sample in a set, or none with a weight above 0. */
static tileprop_status note_classes(struct tp_train_data *data, const struct tp_dataset *set, const char *name,
                                    struct tp_error *error)
{
    char number[32];
    double *weights = weigh_classes(data, set);
    if (!weights)
        return tp_fail_memory(error, data->directory, "classes");
    struct tp_error names = {""};
    size_t absent = 0, length = 0;
    for (size_t k = 0; k < data->train.classes; k++) {
        if (weights[k] > 0 || absent++ >= TP_NAMES_SHOWN)
            continue;
        const char *text = tp_schema_class(&data->schema, k, number, sizeof number);
        length += (size_t)snprintf(names.text + length, sizeof names.text - length, "%s%s", absent == 1 ? "" : ", ",
                                   tp_show(text, strlen(text)).text);
    }
    if (absent)
        tp_notes_add(&data->notes, "no %s samples of %zu class%s: %s%s", name, absent, absent == 1 ? "" : "es",
                     names.text, absent > TP_NAMES_SHOWN ? ", ..." : "");
    free(weights);
    return TILEPROP_OK;
}

/* What the initial weights were trained on, which the data have to fit. */
static tileprop_status begin(struct tp_train_data *data, const struct tp_train_command *command, bool is_file,
                             const tileprop_model *start, const char *path, struct tp_error *error)
{
    if (!start) {
        data->schema.offsets = tp_offsets_wanted(command->options.normalize);
        return TILEPROP_OK;
    }
    const tileprop_status status = tp_model_schema_find(&data->schema, path, start, error);
    if (status == TILEPROP_OK && data->schema.column_count && !is_file)
        return tp_fail(error, TILEPROP_BAD_INPUT, "%s: expected a table with the columns of %s, found IDX images",
                       data->directory, path);
    if (status != TILEPROP_OK || !data->schema.column_count || command->resume) /* whose options are compared */
        return status;
    const struct tp_table_options *table = &command->table;
    if (table->categorical || table->leave_out)
        return tp_fail(error, TILEPROP_USAGE, "--%s: not valid with --init-from %s, which has columns of its own",
                       table->categorical ? "categorical" : "leave-out", path);
    if (data->schema.label && table->label && strcmp(table->label, data->schema.label) != 0)
        return tp_fail(error, TILEPROP_USAGE, "--label: expected %s as in %s, found %s",
                       tp_show(data->schema.label, strlen(data->schema.label)).text, path, table->label);
    return status;
}

tileprop_status tp_train_data_read(struct tp_train_data *data, const struct tp_train_command *command,
                                   const tileprop_model *start, const char *path, struct tp_error *error)
{
    *data = (struct tp_train_data){0};
    struct stat info = {0};
    const bool stream = command->data && strcmp(command->data, "-") == 0;
    tileprop_status status = tp_data_path_choose(command->data, data->directory, sizeof data->directory, error);
    if (status == TILEPROP_OK && !stream && stat(data->directory, &info) != 0)
        info.st_mode = S_IFREG; /* it may be an array in a file: the reader says if it is not there */
    if (status == TILEPROP_OK)
        status = begin(data, command, !S_ISDIR(info.st_mode), start, path, error);
    if (status == TILEPROP_OK)
        status = S_ISDIR(info.st_mode) ? load_directory(data, command, error) : load_file(data, command, error);
    return status;
}

tileprop_status tp_train_data_hold_out(struct tp_train_data *data, const struct tp_train_command *command,
                                       struct tp_error *error)
{
    const size_t held = command->test_holdout, found = data->train.count;
    if (data->rows == 0 || held == 0)
        return TILEPROP_OK;
    tileprop_status status = check_held(held, found, error);
    if (status == TILEPROP_OK)
        status = tp_dataset_split_stratified(&data->train, (double)held / (double)found, command->options.seed,
                                             &data->test, error);
    if (status == TILEPROP_USAGE)
        return tp_fail(error, status, "--test-holdout: %zu of %zu samples leaves a class without training samples",
                       held, found);
    return status == TILEPROP_FAILURE ? tp_fail_memory(error, data->directory, "a split") : status;
}

tileprop_status tp_train_data_share(struct tp_train_data *data, const struct tp_train_data *from,
                                    struct tp_error *error)
{
    *data = *from;
    data->is_shared = true;
    data->class_weights = NULL;
    data->schema.means = NULL;
    const size_t bytes = from->schema.features * sizeof *from->schema.means;
    if (from->schema.means && !(data->schema.means = malloc(bytes)))
        return tp_fail_memory(error, data->directory, "the means of features");
    if (from->schema.means)
        memcpy(data->schema.means, from->schema.means, bytes);
    if (data->rows == 0) /* no seed orders them */
        return TILEPROP_OK;
    data->train = data->validation = data->test = (struct tp_dataset){0};
    tileprop_status status = tp_dataset_copy(&data->train, &from->train, error);
    if (status == TILEPROP_OK && !data->is_part)
        status = tp_dataset_copy(&data->validation, &from->validation, error);
    return status;
}

tileprop_status tp_train_data_split(struct tp_train_data *data, const struct tp_train_command *command,
                                    const struct tp_fold *fold, struct tp_error *error)
{
    tileprop_status status = data->rows ? draw(data, command, fold, error) : TILEPROP_OK;
    if (status == TILEPROP_OK)
        status = compare(data, tp_stream_name(command->val_data), error);
    if (status != TILEPROP_OK)
        return status;
    limit(&data->validation, command->val_limit);
    status = hold_out(data, command, error);
    if (status == TILEPROP_OK)
        status = find_guess(data, error);
    if (status == TILEPROP_OK)
        status = note_classes(data, &data->train, "training", error);
    if (status == TILEPROP_OK)
        status = note_classes(data, &data->validation, "validation", error);
    if (status == TILEPROP_OK && (command->table.missing == TP_MISSING_MEAN || data->schema.means) &&
        data->train.type != TILEPROP_U8)
        status = fill_missing(data, error);
    if (status == TILEPROP_OK && command->class_weight)
        status = tp_class_weights_make(command->class_weight, &data->train, &data->class_weights, error);
    data->train.class_weights = data->class_weights;
    return status;
}

tileprop_status tp_train_data_load(struct tp_train_data *data, const struct tp_train_command *command,
                                   const tileprop_model *start, const char *path, struct tp_error *error)
{
    const tileprop_status status = tp_train_data_read(data, command, start, path, error);
    return status == TILEPROP_OK ? tp_train_data_split(data, command, &(struct tp_fold){0}, error) : status;
}

tileprop_data tp_train_data_of(const struct tp_dataset *set, size_t begin, size_t count, const char *name)
{
    tileprop_data data = {.size = sizeof data,
                          .type = set->type,
                          .labels = set->labels + begin,
                          .label_type = TILEPROP_U16,
                          .rows = count,
                          .features = set->features,
                          .classes = set->classes,
                          .class_weights = set->class_weights,
                          .sample_weights = set->sample_weights ? set->sample_weights + begin : NULL,
                          .name = name,
                          .offset = set->offset};
    if (set->type == TILEPROP_CSR) {
        data.indptr = set->indptr + begin;
        data.indices = set->indices - set->indptr[0];
        data.values = (const float *)set->samples - set->indptr[0];
    } else {
        data.samples = (const char *)set->samples + begin * tp_dataset_sample_size(set);
    }
    return data;
}

tileprop_type tp_train_data_type(const struct tp_train_data *data)
{
    const struct tp_dataset *train = &data->train;
    return train->sparse ? TILEPROP_CSR : train->type == TILEPROP_U8 ? TILEPROP_U8 : TILEPROP_F32;
}

/* A network cannot learn from normalized values of this size. */
#define TP_EXTREME 1e15

struct extreme {
    const struct tp_dataset *set;
    size_t sample, feature;
    double value, size; /* before and after normalization */
};

/* Finds the largest value of a set after normalization. */
static void find_extreme(const struct tp_dataset *set, const struct tp_normalization *normalization,
                         struct extreme *extreme)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct tp_row row = tp_dataset_row(set, i);
        for (size_t k = 0; k < row.count; k++) {
            const size_t j = tp_row_feature(&row, k);
            const double value = (double)row.values[k];
            const double size = fabs((double)normalization->scale[j] * value + (double)normalization->shift[j]);
            if (size > extreme->size)
                *extreme = (struct extreme){set, i, j, value + normalization->offset[j], size};
        }
    }
}

/* The place of a value in its file, for a message. */
static struct tp_error place_of(const struct tp_train_data *data, const struct extreme *extreme)
{
    const struct tp_schema *schema = &data->schema;
    struct tp_error place;
    size_t c = 0, j = extreme->feature;
    for (; c < schema->column_count; c++) {
        const size_t features = schema->columns[c].category_count ? schema->columns[c].category_count : 1;
        if (j < features)
            break;
        j -= features;
    }
    if (!extreme->set->places)
        tp_fail(&place, TILEPROP_OK, "feature %zu (from 0)", extreme->feature);
    else if (!schema->column_count)
        tp_fail(&place, TILEPROP_OK, "line %u, index %zu", extreme->set->places[extreme->sample],
                extreme->feature + !schema->zero_based);
    else if (schema->columns[c].name)
        tp_fail(&place, TILEPROP_OK, "row %u, column \"%s\"", extreme->set->places[extreme->sample],
                tp_show(schema->columns[c].name, strlen(schema->columns[c].name)).text);
    else
        tp_fail(&place, TILEPROP_OK, "row %u, column %zu", extreme->set->places[extreme->sample],
                tp_schema_place(schema, c + (schema->label_place <= c)) + 1);
    return place;
}

/* If no value is extreme, a sample's weight may be. */
static void blame_weight(const struct tp_train_data *data, struct tp_error *error)
{
    const struct tp_dataset *train = &data->train;
    size_t most = 0;
    if (!train->sample_weights)
        return;
    for (size_t i = 1; i < train->count; i++)
        most = train->sample_weights[i] > train->sample_weights[most] ? i : most;
    if ((double)train->sample_weights[most] > TP_EXTREME)
        tp_fail(error, TILEPROP_DIVERGED, "%s: row %u: sample weight %g makes the loss non-finite", data->directory,
                train->places[most], (double)train->sample_weights[most]);
}

void tp_train_data_blame(const struct tp_train_data *data, const char *val_data, int normalize, struct tp_error *error)
{
    struct tp_normalization normalization;
    struct extreme extreme = {.size = TP_EXTREME};
    if (normalize == TILEPROP_AUTO)
        normalize = data->train.sparse ? TILEPROP_NORMALIZE_SCALE : TILEPROP_NORMALIZE_FEATURE;
    if (data->train.type == TILEPROP_U8 ||
        tp_normalization_fit(&normalization, normalize, &data->train, NULL) != TILEPROP_OK)
        return;
    find_extreme(&data->train, &normalization, &extreme);
    find_extreme(&data->validation, &normalization, &extreme);
    find_extreme(&data->test, &normalization, &extreme);
    tp_normalization_free(&normalization);
    if (!extreme.set) {
        blame_weight(data, error);
        return;
    }
    const bool is_other = val_data && extreme.set == &data->validation;
    tp_fail(error, TILEPROP_DIVERGED, "%s: %s: %g, which is %.2g after normalization, makes the loss non-finite",
            is_other ? tp_stream_name(val_data) : data->directory, place_of(data, &extreme).text, extreme.value,
            extreme.size);
}

void tp_train_data_free(struct tp_train_data *data)
{
    free(data->class_weights);
    if (data->is_shared)
        free(data->schema.means);
    else
        tp_schema_free(&data->schema);
    if (data->is_shared && data->rows == 0)
        return;
    tp_dataset_free(&data->train);
    if (!data->is_part)
        tp_dataset_free(&data->validation);
}
