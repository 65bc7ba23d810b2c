#include "readers/libsvm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"
#include "data/label_encoder.h"
#include "data/offsets.h"
#include "readers/csv.h"

#define TP_INDEX_MAX 1000000000

struct reader {
    struct tp_csv text;
    size_t base;                  /* the lowest index allowed */
    size_t rows, entries, beyond; /* found so far; beyond: entries of features that the schema lacks */
    size_t most;                  /* 1 + the largest index */
    size_t rounded;               /* integers that floats cannot represent */
    bool has_zero;                /* an index is 0 */
};

static void skip_blanks(struct reader *reader)
{
    while (reader->text.at < reader->text.end && *reader->text.at != reader->text.newline &&
           strchr(" \t\r", *reader->text.at) && *reader->text.at)
        reader->text.at++;
}

static bool at_line_end(const struct reader *reader)
{
    return reader->text.at == reader->text.end || *reader->text.at == reader->text.newline || *reader->text.at == '#';
}

/* Goes to the next line with a sample; false if there is none. */
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

static tileprop_status fail_word(const struct reader *reader, const char *expected, const char *hint)
{
    const struct tp_line place = tp_csv_line(&reader->text, reader->text.line);
    return tp_fail(reader->text.error, TILEPROP_BAD_INPUT, "%s: line %zu: expected %s, found \"%s\"%s", place.path,
                   place.line, expected, tp_show(reader->text.at, word_length(reader)).text, hint);
}

/* Reads INDEX:VALUE. */
static tileprop_status read_pair(struct reader *reader, size_t *index, double *value)
{
    const char *c = reader->text.at;
    size_t found = 0;
    while (c < reader->text.end && *c >= '0' && *c <= '9' && found < TP_INDEX_MAX)
        found = found * 10 + (size_t)(*c++ - '0');
    if (c == reader->text.at || c == reader->text.end || *c != ':')
        return fail_word(reader, "INDEX:VALUE with an index of at most 10^9",
                         "; --header yes or no if this is a table");
    const char *behind = tp_decimal_read(c + 1, reader->text.end, value);
    if (!behind || !ends_word(reader, behind))
        return fail_word(reader, "INDEX:VALUE with a decimal number", "");
    if (!isfinite((float)*value))
        return fail_word(reader, "a number that fits a float", "");
    skip_to(reader, behind);
    *index = found;
    return TILEPROP_OK;
}

/* Reads a feature, whose index must be at least *least; *least becomes the lowest index that may follow. */
static tileprop_status read_feature(struct reader *reader, size_t *least, double *value)
{
    size_t index = 0;
    const tileprop_status status = read_pair(reader, &index, value);
    if (status != TILEPROP_OK)
        return status;
    if (index < *least) {
        const struct tp_line place = tp_csv_line(&reader->text, reader->text.line);
        return tp_fail(reader->text.error, TILEPROP_BAD_INPUT,
                       "%s: line %zu: expected an index of %zu or more, found %zu%s", place.path, place.line, *least,
                       index, index ? "" : ": indices count from 1; --index-base says where they start");
    }
    reader->has_zero |= index == 0;
    *least = index + 1;
    return TILEPROP_OK;
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
        return fail_word(reader, "a number as the label",
                         memchr(text, ',', length) ? ": multi-label data are not supported" : "");
    if (tp_label_encoder_find(encoder, text, length, label))
        return TILEPROP_OK;
    const struct tp_line line = tp_csv_line(&reader->text, reader->text.line);
    snprintf(place, sizeof place, "%s: line %zu", line.path, line.line);
    return tp_label_encoder_label(encoder, place, text, length, label, reader->text.error);
}

static void store(struct reader *reader, const struct tp_dataset *dataset, size_t feature, double value)
{
    float *samples = dataset->samples;
    if (feature >= dataset->features) {
        reader->beyond++;
        return;
    }
    if (dataset->type == TILEPROP_CSR) {
        samples[reader->entries] = (float)value;
        dataset->indices[reader->entries] = (int32_t)feature;
    } else {
        samples[reader->rows * dataset->features + feature] = tp_offsets_narrow(value, dataset->offset, feature);
    }
    reader->entries++;
    reader->rounded += value == rint(value) && (double)(float)value != value;
}

/* Counts samples, features and entries without regard to labels; with an encoder, stores everything. */
static tileprop_status read_lines(struct reader *reader, struct tp_label_encoder *encoder, struct tp_dataset *dataset)
{
    for (; next_line(reader); tp_csv_skip_line(&reader->text)) {
        size_t least = reader->base;
        double value = 0;
        tileprop_status status = TILEPROP_OK;
        if (encoder)
            dataset->places[reader->rows] = (uint32_t)reader->text.line;
        if (encoder)
            status = read_label(reader, encoder, &dataset->labels[reader->rows]);
        else
            skip_to(reader, reader->text.at + word_length(reader));
        while (status == TILEPROP_OK && !at_line_end(reader)) {
            status = read_feature(reader, &least, &value);
            if (status == TILEPROP_OK && encoder)
                store(reader, dataset, least - 1 - reader->base, value);
            else
                reader->entries++;
        }
        if (status != TILEPROP_OK)
            return status;
        reader->most = least > reader->most ? least : reader->most;
        reader->rows++;
        if (encoder && dataset->indptr)
            dataset->indptr[reader->rows] = (int64_t)reader->entries;
    }
    if (!reader->rows || reader->most <= reader->base)
        return tp_fail(reader->text.error, TILEPROP_BAD_INPUT, "%s: expected %s, found none", reader->text.path,
                       reader->rows ? "features" : "samples");
    return TILEPROP_OK;
}

/*
 * Allocates memory for what was counted, sparse or dense, whichever is smaller. A model's offsets turn zeros into other
 * numbers, so then only dense is possible.
 */
static tileprop_status allocate(const struct reader *reader, const struct tp_schema *schema, struct tp_dataset *dataset)
{
    const size_t entries = reader->entries, rows = reader->rows, features = schema->features;
    const size_t bytes = entries * (sizeof(float) + sizeof(int32_t)) + (rows + 1) * sizeof(int64_t);
    const bool sparse = !schema->offset && features > bytes / sizeof(float) / rows;
    float *samples = calloc(sparse ? entries + 1 : rows * features, sizeof *samples);
    *dataset = (struct tp_dataset){.type = sparse ? TILEPROP_CSR : TILEPROP_F32,
                                   .sparse = true,
                                   .samples = samples,
                                   .indptr = sparse ? calloc(rows + 1, sizeof(int64_t)) : NULL,
                                   .indices = sparse ? calloc(entries + 1, sizeof(int32_t)) : NULL,
                                   .labels = malloc(rows * sizeof(uint16_t)),
                                   .places = malloc(rows * sizeof(uint32_t)),
                                   .count = rows,
                                   .features = features,
                                   .schema = schema,
                                   .offset = schema->offset};
    if (!samples || !dataset->labels || !dataset->places || (sparse && !(dataset->indptr && dataset->indices)))
        return tp_fail_memory(reader->text.error, reader->text.path, "samples");
    for (size_t r = 0; schema->offset && r < rows; r++)
        for (size_t j = 0; j < features; j++)
            samples[r * features + j] = tp_offsets_narrow(0, schema->offset, j);
    return TILEPROP_OK;
}

static struct reader begin(const struct tp_file *file, size_t base, struct tp_error *error)
{
    return (struct reader){.base = base,
                           .text = {.path = file->path,
                                    .parts = file->parts,
                                    .part_count = file->part_count,
                                    .error = error,
                                    .at = tp_file_text(file->bytes, file->size),
                                    .end = (const char *)file->bytes + file->size,
                                    .newline = tp_csv_newline(file),
                                    .line = 1}};
}

/* Whether this is INDEX:VALUE with a number of any size, a missing or an infinite value; or begins with qid: (ranking).
 */
static bool looks_like_pair(const char *text, size_t size)
{
    static const char *const values[] = {"", "nan", "-nan", "inf", "+inf", "-inf", "na", "null", "?"};
    const char *end = text + size, *colon = memchr(text, ':', size);
    if (size >= 4 && memcmp(text, "qid:", 4) == 0)
        return true;
    if (!colon || colon == text || !tp_csv_has_only(text, (size_t)(colon - text), "0123456789"))
        return false;
    double value;
    if (tp_decimal_read(colon + 1, end, &value) == end)
        return true;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strlen(values[i]) == (size_t)(end - colon - 1) && strncasecmp(colon + 1, values[i], strlen(values[i])) == 0)
            return true;
    return false;
}

bool tp_libsvm_is(const struct tp_file *file)
{
    struct reader reader = begin(file, 0, NULL);
    for (; next_line(&reader); tp_csv_skip_line(&reader.text)) {
        const size_t length = word_length(&reader);
        const bool several =
            memchr(reader.text.at, ',', length) && tp_csv_has_only(reader.text.at, length, "0123456789,");
        if (!read_number(&reader) && !several)
            return false;
        skip_to(&reader, reader.text.at + (several ? length : 0));
        if (at_line_end(&reader))
            continue;
        return looks_like_pair(reader.text.at, word_length(&reader));
    }
    return false;
}

/* Where indices begin: as the option says, else as in the training data, which begin at 0 if any index is 0. */
static size_t choose_base(const struct tp_libsvm_options *options, struct tp_schema *schema, bool learns, bool has_zero)
{
    if (options->base == TP_INDEX_AUTO)
        return (learns ? has_zero : schema->zero_based) ? 0 : 1;
    return options->base == TP_INDEX_FROM_1;
}

/* The findings of the first pass fill the schema, or must fit it. */
static tileprop_status learn(const struct reader *reader, const struct tp_libsvm_options *options, size_t size,
                             struct tp_schema *schema, struct tp_error *error)
{
    const size_t features = reader->most - reader->base;
    if (features > TP_LIBSVM_RATIO_MAX * size)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected an index of at most %zu, %d for each byte of the text, found %zu",
                       reader->text.path, TP_LIBSVM_RATIO_MAX * size, TP_LIBSVM_RATIO_MAX, reader->most - 1);
    if (options->features && options->features < features)
        return tp_fail(error, TILEPROP_BAD_INPUT,
                       "%s: expected an index of at most %zu as set by --features, found %zu", reader->text.path,
                       options->features + reader->base - 1, reader->most - 1);
    schema->features = options->features ? options->features : features;
    schema->zero_based = reader->base == 0;
    return TILEPROP_OK;
}

tileprop_status tp_libsvm_parse(struct tp_file *file, const struct tp_libsvm_options *options, struct tp_schema *schema,
                                struct tp_dataset *dataset, struct tp_error *error)
{
    const bool learns = schema->features == 0;
    struct reader reader = begin(file, 0, error);
    struct tp_label_encoder encoder = {0};
    *dataset = (struct tp_dataset){0};
    tileprop_status status = read_lines(&reader, NULL, NULL);
    reader.base = choose_base(options, schema, learns, reader.has_zero);
    if (status == TILEPROP_OK && learns)
        status = learn(&reader, options, file->size, schema, error);
    schema->offsets = TP_OFFSETS_KNOWN;
    if (status == TILEPROP_OK)
        status = tp_label_encoder_begin(&encoder, schema, file->path, error);
    if (status == TILEPROP_OK)
        status = allocate(&reader, schema, dataset);
    reader = begin(file, reader.base, error);
    if (status == TILEPROP_OK)
        status = read_lines(&reader, &encoder, dataset);
    if (status == TILEPROP_OK && reader.rounded)
        tp_notes_add(options->notes, "%s: integers rounded to floats: %zu; a table would keep their differences",
                     file->path, reader.rounded);
    if (status == TILEPROP_OK && reader.beyond)
        tp_notes_add(options->notes, "%s: %zu value%s of features beyond the %zu of the training data left out",
                     file->path, reader.beyond, reader.beyond == 1 ? "" : "s", schema->features);
    if (status == TILEPROP_OK)
        status = tp_label_encoder_finish(&encoder, schema, dataset->labels, dataset->count, error);
    dataset->classes = schema->class_count;
    if (status != TILEPROP_OK)
        tp_dataset_free(dataset);
    tp_string_table_free(&encoder.names);
    tp_file_free(file);
    return status;
}
