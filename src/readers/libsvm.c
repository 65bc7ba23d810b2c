#include "readers/libsvm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "data/label_encoder.h"
#include "data/offsets.h"
#include "readers/csv.h"
#include "readers/table.h"

#define TP_INDEX_MAX 1000000000

struct reader {
    struct tp_csv text;
    size_t rows, features; /* found so far */
};

static void skip_blanks(struct reader *reader)
{
    while (reader->text.at < reader->text.end &&
           (*reader->text.at == ' ' || *reader->text.at == '\t' || *reader->text.at == '\r'))
        reader->text.at++;
}

static bool at_line_end(const struct reader *reader)
{
    return reader->text.at == reader->text.end || *reader->text.at == '\n' || *reader->text.at == '#';
}

/* Goes to the next line that holds a sample; false if there is none. */
static bool next_line(struct reader *reader)
{
    for (; reader->text.at < reader->text.end; tp_csv_skip_line(&reader->text)) {
        skip_blanks(reader);
        if (!at_line_end(reader))
            return true;
    }
    return false;
}

static bool ends_word(const struct reader *reader, const char *here)
{
    return here == reader->text.end || strchr(" \t\r\n#", *here);
}

static size_t word_length(const struct reader *reader)
{
    size_t length = 0;
    while (!ends_word(reader, reader->text.at + length))
        length++;
    return length;
}

/* Skips a word and the blanks that follow it. */
static void skip_to(struct reader *reader, const char *behind)
{
    reader->text.at = behind;
    skip_blanks(reader);
}

static tileprop_status fail_word(const struct reader *reader, const char *expected)
{
    return tp_fail(reader->text.error, TILEPROP_BAD_INPUT, "%s: line %zu: \"%s\" found, expected %s", reader->text.path,
                   reader->text.line, tp_show(reader->text.at, word_length(reader)).text, expected);
}

/* Reads INDEX:VALUE. */
static tileprop_status read_pair(struct reader *reader, size_t *index, double *value)
{
    const char *c = reader->text.at;
    size_t found = 0;
    while (c < reader->text.end && *c >= '0' && *c <= '9' && found < TP_INDEX_MAX)
        found = found * 10 + (size_t)(*c++ - '0');
    if (c == reader->text.at || c == reader->text.end || *c != ':')
        return fail_word(reader, "INDEX:VALUE with an index of at most 10^9");
    const char *behind = tp_decimal_read(c + 1, reader->text.end, value);
    if (!behind || !ends_word(reader, behind))
        return fail_word(reader, "INDEX:VALUE with a decimal number");
    if (!isfinite((float)*value))
        return fail_word(reader, "a number that fits a float");
    skip_to(reader, behind);
    *index = found;
    return TILEPROP_OK;
}

/* Reads a feature; *index is that of the one before, then of this one. */
static tileprop_status read_feature(struct reader *reader, size_t *index, double *value)
{
    const size_t before = *index;
    const tileprop_status status = read_pair(reader, index, value);
    if (status == TILEPROP_OK && *index <= before)
        return tp_fail(reader->text.error, TILEPROP_BAD_INPUT, "%s: line %zu: index %zu found, expected %zu or more%s",
                       reader->text.path, reader->text.line, *index, before + 1,
                       *index ? "" : ", as indices count from 1");
    return status;
}

static bool read_number(struct reader *reader)
{
    double value;
    const char *behind = tp_decimal_read(reader->text.at, reader->text.end, &value);
    if (!behind || !ends_word(reader, behind))
        return false;
    skip_to(reader, behind);
    return true;
}

static tileprop_status read_label(struct reader *reader, struct tp_label_encoder *encoder, uint16_t *label)
{
    char place[512];
    const char *text = reader->text.at;
    const size_t length = word_length(reader);
    if (!read_number(reader))
        return fail_word(reader, "a number as label");
    if (tp_label_encoder_find(encoder, text, length, label))
        return TILEPROP_OK;
    snprintf(place, sizeof place, "%s: line %zu", reader->text.path, reader->text.line);
    return tp_label_encoder_label(encoder, place, text, length, label, reader->text.error);
}

/* Counts samples and features, whatever the labels are, and, with an encoder, stores all of them. */
static tileprop_status read_lines(struct reader *reader, struct tp_label_encoder *encoder, struct tp_dataset *dataset)
{
    for (; next_line(reader); tp_csv_skip_line(&reader->text)) {
        double *sample = encoder ? (double *)dataset->samples + reader->rows * dataset->features : NULL, value;
        size_t index = 0;
        tileprop_status status = TILEPROP_OK;
        if (encoder)
            status = read_label(reader, encoder, &dataset->labels[reader->rows]);
        else
            skip_to(reader, reader->text.at + word_length(reader));
        while (status == TILEPROP_OK && !at_line_end(reader)) {
            status = read_feature(reader, &index, &value);
            if (status == TILEPROP_OK && encoder)
                sample[index - 1] = value;
        }
        if (status != TILEPROP_OK)
            return status;
        reader->features = index > reader->features ? index : reader->features;
        reader->rows++;
    }
    if (!reader->rows || !reader->features)
        return tp_fail(reader->text.error, TILEPROP_BAD_INPUT, "%s: no %s found, expected some", reader->text.path,
                       reader->rows ? "features" : "samples");
    return TILEPROP_OK;
}

/* Finds offsets, subtracts them and narrows the samples to floats. */
static tileprop_status narrow(struct tp_schema *schema, struct tp_dataset *dataset, struct tp_error *error)
{
    const tileprop_status status = tp_offsets_learn(schema, dataset->samples, dataset->count, dataset->features, error);
    if (status != TILEPROP_OK)
        return status;
    tp_offsets_narrow_all(dataset->samples, dataset->count, dataset->features, schema->offset);
    void *smaller = realloc(dataset->samples, dataset->count * dataset->features * sizeof(float));
    dataset->samples = smaller ? smaller : dataset->samples;
    dataset->offset = schema->offset;
    return TILEPROP_OK;
}

static struct reader begin(const struct tp_file *file, struct tp_error *error)
{
    const char *bytes = (const char *)file->bytes;
    return (struct reader){
        .text = {.path = file->path, .error = error, .at = bytes, .end = bytes + file->size, .line = 1}};
}

bool tp_libsvm_is(const struct tp_file *file)
{
    struct reader reader = begin(file, NULL);
    for (; next_line(&reader); tp_csv_skip_line(&reader.text)) {
        size_t index = 0;
        double value;
        if (!read_number(&reader))
            return false;
        if (!at_line_end(&reader)) /* qid is for ranking */
            return (reader.text.end - reader.text.at > 4 && memcmp(reader.text.at, "qid:", 4) == 0) ||
                   read_pair(&reader, &index, &value) == TILEPROP_OK;
    }
    return false;
}

tileprop_status tp_libsvm_parse(struct tp_file *file, struct tp_schema *schema, struct tp_dataset *dataset,
                                struct tp_error *error)
{
    struct reader reader = begin(file, error);
    struct tp_label_encoder encoder = {0};
    *dataset = (struct tp_dataset){.type = TILEPROP_F32, .schema = schema};
    tileprop_status status = read_lines(&reader, NULL, NULL);
    if (status == TILEPROP_OK && schema->features && reader.features > schema->features)
        status = tp_fail(error, TILEPROP_BAD_INPUT, "%s: index %zu found, expected at most %zu as in the training data",
                         file->path, reader.features, schema->features);
    if (status == TILEPROP_OK && !schema->features &&
        reader.features > TP_TABLE_RATIO_MAX * file->size / sizeof(float) / reader.rows)
        status =
            tp_fail(error, TILEPROP_BAD_INPUT,
                    "%s: %zu samples with indices up to %zu found: with their zeros, expected at most %d times the "
                    "bytes of the text",
                    file->path, reader.rows, reader.features, TP_TABLE_RATIO_MAX);
    schema->features = schema->features ? schema->features : reader.features;
    if (status == TILEPROP_OK)
        status = tp_label_encoder_begin(&encoder, schema, file->path, error);
    if (status == TILEPROP_OK) {
        dataset->count = reader.rows;
        dataset->features = schema->features;
        dataset->samples = calloc(reader.rows * dataset->features, sizeof(double));
        dataset->labels = malloc(reader.rows * sizeof *dataset->labels);
        if (!dataset->samples || !dataset->labels)
            status = tp_fail_memory(error, file->path, "samples");
    }
    reader = begin(file, error);
    if (status == TILEPROP_OK)
        status = read_lines(&reader, &encoder, dataset);
    if (status == TILEPROP_OK)
        status = narrow(schema, dataset, error);
    if (status == TILEPROP_OK)
        status = tp_label_encoder_finish(&encoder, schema, dataset->labels, dataset->count, error);
    dataset->classes = schema->class_count;
    if (status != TILEPROP_OK)
        tp_dataset_free(dataset);
    tp_string_table_free(&encoder.names);
    tp_file_free(file);
    return status;
}
