#include "cli/predict_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_text.h"
#include "cli/program.h"

#define TP_MATRIX_MAX   20 /* classes whose matrix is worth printing */
#define TP_LIKELY_MAX   3  /* classes listed for an image */
#define TP_NAME_COLUMNS 12 /* of a class in a table; longer ones are cut off */

tileprop_status tp_confusion_count(struct tp_confusion *confusion, size_t classes, const uint16_t *labels,
                                   const uint16_t *predicted, size_t count, struct tp_error *error)
{
    const size_t columns = classes <= TP_CONFUSION_MATRIX_MAX ? classes : 0;
    size_t *samples = calloc(classes, (3 + columns) * sizeof *samples);
    if (!samples)
        return tp_fail(error, TILEPROP_FAILURE, "out of memory: counts of %zu classes", classes);
    *confusion = (struct tp_confusion){classes, samples, samples + classes, samples + 2 * classes,
                                       columns ? samples + 3 * classes : NULL};
    for (size_t i = 0; i < count; i++) {
        confusion->samples[labels[i]]++;
        confusion->chosen[predicted[i]]++;
        confusion->right[labels[i]] += labels[i] == predicted[i];
        if (columns)
            confusion->matrix[labels[i] * classes + predicted[i]]++;
    }
    return TILEPROP_OK;
}

static void write_opening(const struct tp_prediction *p, FILE *out)
{
    const size_t layers = tileprop_model_layers(p->model);
    fprintf(out, TP_LABEL "%s, %zu", "model", p->command->model, tileprop_model_features(p->model));
    for (size_t l = 0; l < layers; l++)
        fprintf(out, "-%zu", tileprop_model_units(p->model, l));
    fprintf(out, ", %s, %zu parameters, weights %016" PRIx64 "\n",
            layers > 1 ? tileprop_model_text(p->model, "activation") : "no hidden layer",
            tileprop_model_parameters(p->model), tileprop_model_hash(p->model));
    fprintf(out, TP_LABEL "%s, %zu samples\n", "data", p->command->image ? p->command->image : p->data->place,
            p->data->set.count);
    fprintf(out, TP_LABEL "%s, %zu thread%s\n", "machine", p->command->isa, p->threads, p->threads == 1 ? "" : "s");
}

/* The width of class names in a table, at least `least`. */
static int name_columns(const struct tp_prediction *p, int least)
{
    int columns = least;
    for (size_t k = 0; k < p->confusion.classes; k++) {
        const int length = (int)strnlen(tp_show_class(p->model, k).text, TP_NAME_COLUMNS);
        columns = length > columns ? length : columns;
    }
    return columns;
}

static void write_matrix(const struct tp_prediction *p, FILE *out)
{
    const struct tp_confusion *c = &p->confusion;
    const int first = name_columns(p, (int)strlen("class"));
    int columns = name_columns(p, 1);
    for (size_t k = 0; k < c->classes; k++) {
        const int digits = snprintf(NULL, 0, "%zu", c->samples[k]);
        columns = digits > columns ? digits : columns;
    }
    fprintf(out, "\n%-*s  predicted as\n%-*s ", first, "", first, "class");
    for (size_t k = 0; k < c->classes; k++)
        fprintf(out, " %*.*s", columns, TP_NAME_COLUMNS, tp_show_class(p->model, k).text);
    putc('\n', out);
    for (size_t k = 0; k < c->classes; k++) {
        fprintf(out, "%-*.*s ", first, TP_NAME_COLUMNS, tp_show_class(p->model, k).text);
        for (size_t j = 0; j < c->classes; j++)
            fprintf(out, " %*zu", columns, c->matrix[k * c->classes + j]);
        putc('\n', out);
    }
}

/* Writes a share; a dash if there are no samples. */
static void write_share(size_t part, size_t whole, FILE *out)
{
    if (whole)
        fprintf(out, "  %7.2f %%", 100 * ((double)part / (double)whole));
    else
        fprintf(out, "  %9s", "-");
}

static void write_classes(const struct tp_prediction *p, FILE *out)
{
    const struct tp_confusion *c = &p->confusion;
    const int first = name_columns(p, (int)strlen("class"));
    fprintf(out, "\n%-*s  %9s  %9s  %9s\n", first, "class", "samples", "precision", "recall");
    for (size_t k = 0; k < c->classes; k++) {
        fprintf(out, "%-*.*s  %9zu", first, TP_NAME_COLUMNS, tp_show_class(p->model, k).text, c->samples[k]);
        write_share(c->right[k], c->chosen[k], out);
        write_share(c->right[k], c->samples[k], out);
        putc('\n', out);
    }
}

static void write_worst(const struct tp_prediction *p, FILE *out)
{
    const size_t most = p->command->worst, side = p->data->side;
    if (!most || !p->worst.count)
        return;
    putc('\n', out);
    if (side && isatty(fileno(out))) {
        tp_top_losses_draw(&p->worst, most, side, out);
        return;
    }
    for (size_t i = 0; i < most && i < p->worst.count; i++) {
        fprintf(out, TP_LABEL, i ? "" : "worst");
        tp_top_losses_tell(&p->worst, i, out);
        putc('\n', out);
    }
}

static double standard_error(const struct tp_metrics *metrics)
{
    return sqrt(metrics->accuracy * (1 - metrics->accuracy) / (double)metrics->count);
}

static void write_written(const struct tp_prediction *p, FILE *out)
{
    const size_t drawn = p->worst.count < TP_SHEET_MAX ? p->worst.count : TP_SHEET_MAX;
    if (p->command->output)
        fprintf(out, TP_LABEL "%s\n", "rows", p->command->output);
    if (p->command->errors)
        fprintf(out, TP_LABEL "%s, the worst %zu, row by row\n", "errors", p->command->errors, drawn);
}

/* Counts of each class, or their shares of wholes (NULL: none). */
static json_t *json_counts(const size_t *counts, const size_t *wholes, size_t classes)
{
    json_t *list = json_array();
    for (size_t k = 0; k < classes; k++)
        tp_json_text_append(&list, wholes ? tp_json_text_real((double)counts[k] / (double)wholes[k])
                                          : json_integer((json_int_t)counts[k]));
    return list;
}

static json_t *json_matrix(const struct tp_confusion *c)
{
    if (!c->matrix)
        return json_null();
    json_t *list = json_array();
    for (size_t k = 0; k < c->classes; k++)
        tp_json_text_append(&list, json_counts(c->matrix + k * c->classes, NULL, c->classes));
    return list;
}

static json_t *json_worst(const struct tp_prediction *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->command->worst && i < p->worst.count; i++) {
        const struct tp_top_loss *e = &p->worst.errors[i];
        tp_json_text_append(&list, json_pack("{s:I, s:s, s:s, s:o}", "sample", (json_int_t)e->sample, "class",
                                             tileprop_model_class_name(p->model, p->data->set.labels[e->sample]),
                                             "predicted", tileprop_model_class_name(p->model, p->predicted[e->sample]),
                                             "loss", tp_json_text_real((double)e->loss)));
    }
    return list;
}

static json_t *json_names(const struct tp_prediction *p)
{
    json_t *list = json_array();
    for (size_t k = 0; k < tileprop_model_classes(p->model); k++)
        tp_json_text_append(&list, json_string(tileprop_model_class_name(p->model, k)));
    return list;
}

/* The members that all objects share, then those of this one, which it takes over. */
static tileprop_status write_json(const struct tp_prediction *p, json_t *more, struct tp_error *error)
{
    const double seconds = p->seconds_prediction;
    json_t *object =
        json_pack("{s:s, s:o, s:I, s:o, s:s?, s:s, s:I, s:f, s:f, s:f}", "model", p->command->model, "weights_hash",
                  json_sprintf("%016" PRIx64, tileprop_model_hash(p->model)), "samples", (json_int_t)p->data->set.count,
                  "classes", json_names(p), "output", p->command->output, "isa", p->command->isa, "threads",
                  (json_int_t)p->threads, "seconds_loading", p->seconds_loading, "seconds_prediction", seconds,
                  "samples_per_second", seconds > 0 ? (double)p->data->set.count / seconds : 0);
    if (json_object_update_new(object, more) != 0) {
        json_decref(object);
        object = NULL;
    }
    return tp_program_json(object, error);
}

static void write_scores(const struct tp_prediction *p, FILE *out)
{
    fprintf(out, TP_LABEL "loss %.6g nats per sample, accuracy %.2f +- %.2f %%, %zu errors\n", "result",
            p->metrics.loss, 100 * p->metrics.accuracy, 100 * standard_error(&p->metrics), p->worst.count);
}

/* The likeliest classes of an image. */
static void write_likely(const struct tp_prediction *p, FILE *out)
{
    const size_t classes = tileprop_model_classes(p->model);
    const float *probabilities = p->probabilities;
    size_t shown[TP_LIKELY_MAX];
    for (size_t i = 0; i < TP_LIKELY_MAX && i < classes; i++) {
        bool found = false;
        for (size_t k = 0; k < classes; k++) {
            bool before = false;
            for (size_t j = 0; j < i; j++)
                before |= shown[j] == k;
            if (!before && (!found || probabilities[k] > probabilities[shown[i]])) {
                shown[i] = k;
                found = true;
            }
        }
        fprintf(out, TP_LABEL "%s, probability %.2f %%\n", i ? "" : "class", tp_show_class(p->model, shown[i]).text,
                100 * (double)probabilities[shown[i]]);
    }
}

static json_t *json_scores(const struct tp_prediction *p)
{
    const struct tp_confusion *c = &p->confusion;
    return json_pack(
        "{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:s?}", "loss", tp_json_text_real(p->metrics.loss), "accuracy",
        tp_json_text_real(p->metrics.accuracy), "standard_error", tp_json_text_real(standard_error(&p->metrics)),
        "errors", (json_int_t)p->worst.count, "confusion", json_matrix(c), "class_samples",
        json_counts(c->samples, NULL, c->classes), "precision", json_counts(c->right, c->chosen, c->classes), "recall",
        json_counts(c->right, c->samples, c->classes), "worst", json_worst(p), "errors_image", p->command->errors);
}

static json_t *json_image(const struct tp_prediction *p)
{
    json_t *list = json_array();
    for (size_t k = 0; k < tileprop_model_classes(p->model); k++)
        tp_json_text_append(&list, tp_json_text_real((double)p->probabilities[k]));
    return json_pack("{s:s, s:o}", "class", tileprop_model_class_name(p->model, p->predicted[0]), "probabilities",
                     list);
}

tileprop_status tp_predict_report(const struct tp_prediction *p, struct tp_error *error)
{
    const bool labelled = p->data->labelled, image = p->command->image;
    FILE *out = p->command->json ? stderr : stdout;
    write_opening(p, out);
    if (labelled)
        write_scores(p, out);
    else if (image)
        write_likely(p, out);
    write_written(p, out);
    if (labelled) {
        if (p->confusion.matrix && p->confusion.classes <= TP_MATRIX_MAX)
            write_matrix(p, out);
        write_classes(p, out);
        write_worst(p, out);
    }
    if (!p->command->json)
        return TILEPROP_OK;
    return write_json(p, labelled ? json_scores(p) : image ? json_image(p) : json_object(), error);
}

/* A field with commas, quotes or line breaks stands in quotes, which are doubled (RFC 4180). */
static void write_field(const char *before, const char *text, FILE *out)
{
    const bool quoted = strpbrk(text, ",\"\r\n");
    if (quoted)
        putc('"', out);
    fputs(before, out);
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            putc('"', out);
        putc(*c, out);
    }
    if (quoted)
        putc('"', out);
}

static bool write_class(const struct tp_prediction *p, size_t class, FILE *out)
{
    const char *name = tileprop_model_class_name(p->model, class);
    if (p->command->format == TP_ROWS_CSV) {
        write_field("", name, out);
        return true;
    }
    json_t *string = json_string(name);
    const bool good = json_dumpf(string, out, JSON_ENCODE_ANY) == 0;
    json_decref(string);
    return good; /* false, with errno, without memory too */
}

static void write_columns(const struct tp_prediction *p, FILE *out)
{
    fputs(p->data->labelled ? "sample,label,class" : "sample,class", out);
    for (size_t k = 0; k < tileprop_model_classes(p->model); k++) {
        putc(',', out);
        write_field("p_", tileprop_model_class_name(p->model, k), out);
    }
    putc('\n', out);
}

/* The texts before each part of a row, and after the last. */
static const struct layout {
    const char *sample, *label, *class, *probability, *further, *end;
} layouts[] = {
    [TP_ROWS_CSV] = {"", ",", ",", ",", ",", "\n"},
    [TP_ROWS_JSONL] = {"{\"sample\": ", ", \"label\": ", ", \"class\": ", ", \"probabilities\": [", ", ", "]}\n"},
};

bool tp_predict_report_rows(const struct tp_prediction *p, size_t begin, size_t count, FILE *out)
{
    const size_t classes = tileprop_model_classes(p->model);
    const struct layout *before = &layouts[p->command->format];
    bool good = true;
    if (begin == 0 && p->command->format == TP_ROWS_CSV)
        write_columns(p, out);
    for (size_t i = 0; i < count && good; i++) {
        fprintf(out, "%s%zu", before->sample, begin + i);
        if (p->data->labelled) {
            fputs(before->label, out);
            good = write_class(p, p->data->set.labels[begin + i], out);
        }
        fputs(before->class, out);
        good = good && write_class(p, p->predicted[begin + i], out);
        for (size_t k = 0; k < classes; k++) {
            const double value = (double)p->probabilities[i * classes + k];
            const bool null = p->command->format == TP_ROWS_JSONL && !isfinite(value);
            fprintf(out, null ? "%snull" : "%s%.9g", k ? before->further : before->probability, value);
        }
        fputs(before->end, out);
        good = good && !ferror(out);
    }
    return good;
}
