#include "cli/gradient_report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "cli/program.h"
#include "cli/report.h"
#include "data/choices.h"
#include "tileprop/gradients.h"

struct progress {
    bool shown;
    double redrawn;
};

static int on_progress(void *context, double share)
{
    struct progress *progress = context;
    const double time = tp_clock_seconds();
    if (progress->shown && time - progress->redrawn >= TP_REDRAW_SECONDS) {
        fprintf(stderr, "\rchecking gradients: %3.0f %%", 100 * share);
        progress->redrawn = time;
    }
    return tp_program_stopped() != 0;
}

struct place {
    char text[64];
};

static bool is_bias(const tileprop_gradients *found, size_t layer, tileprop_weight_place at)
{
    return at.input == found->layers[layer].inputs;
}

static struct place place_of(const tileprop_gradients *found, size_t layer, tileprop_weight_place at)
{
    struct place place;
    if (is_bias(found, layer, at))
        snprintf(place.text, sizeof place.text, "bias to unit %zu", at.unit);
    else
        snprintf(place.text, sizeof place.text, "input %zu to unit %zu", at.input, at.unit);
    return place;
}

static json_t *json_place(const tileprop_gradients *found, size_t layer, tileprop_weight_place at)
{
    json_t *input = is_bias(found, layer, at) ? json_null() : json_integer((json_int_t)at.input);
    return json_pack("{s:I, s:o, s:I}", "layer", (json_int_t)layer + 1, "input", input, "unit", (json_int_t)at.unit);
}

static size_t samples_of(const tileprop_data *data)
{
    return data->rows < TILEPROP_CHECK_SAMPLES ? data->rows : TILEPROP_CHECK_SAMPLES;
}

static void write_opening(const tileprop_options *options, const char *directory, const tileprop_data *train, FILE *out)
{
    fprintf(out, TP_LABEL "%s, the first %zu of %zu training samples\n", "data", directory, samples_of(train),
            train->rows);
    tp_report_network(options, train->features, train->classes, out);
    fprintf(out, ", init %s, seed %llu\n", tp_choice_name(tp_init_choices, (int)options->init),
            (unsigned long long)options->seed);
    fflush(out);
}

/* Writes the place and size of the largest difference. */
static bool course_met(const tileprop_gradients *found)
{
    return found->layers[found->course_layer].course <= TILEPROP_CHECK_COURSE_STEP * TILEPROP_CHECK_COURSE_STEP;
}

static size_t course_skipped(const tileprop_gradients *found)
{
    size_t skipped = 0;
    for (size_t l = 0; l < found->layer_count; l++)
        skipped += found->layers[l].course_skipped;
    return skipped;
}

static void write_course(const tileprop_gradients *found, FILE *out)
{
    const size_t l = found->course_layer, skipped = course_skipped(found);
    fprintf(out, TP_LABEL "eps %g: off by at most %.2e, in layer %zu, %s; eps^2 is %s; for information only\n",
            "course", TILEPROP_CHECK_COURSE_STEP, found->layers[l].course, l + 1,
            place_of(found, l, found->layers[l].course_at).text, course_met(found) ? "met" : "not met");
    if (skipped)
        fprintf(out, TP_LABEL "%zu weights skipped: the step carries a unit through a kink\n", "", skipped);
}

static void write_layer(const tileprop_gradients *found, size_t l, FILE *out)
{
    const tileprop_layer_gradients *layer = &found->layers[l];
    const bool within = layer->difference <= layer->truncation + layer->rounding;
    fprintf(out, "  %5zu %8zu %8zu      %.2e  %.1e  %.2e  %-24s    %.2e  %.2e  %s\n", l + 1, layer->weights,
            layer->skipped, layer->largest, layer->step, layer->difference, place_of(found, l, layer->at).text,
            layer->truncation, layer->rounding,
            layer->right ? "right"
            : within     ? "bound too wide"
                         : "WRONG");
}

static void write_differences(const tileprop_gradients *found, FILE *out)
{
    write_course(found, out);
    fprintf(out, "\nEvery weight in double, by central differences with a step h. Layers are counted from 1, inputs "
                 "and\nunits from 0.\n\n"
                 "  layer  weights  skipped  gradients to        h    off by  at                        truncation  "
                 "rounding\n");
    for (size_t l = 0; l < found->layer_count; l++)
        write_layer(found, l, out);
    putc('\n', out);
}

/* null if the check was stopped before the value was known. */
static json_t *json_course(const tileprop_gradients *found)
{
    const size_t l = found->course_layer;
    if (found->stopped)
        return json_null();
    return json_pack("{s:f, s:o, s:o, s:I, s:b}", "eps", TILEPROP_CHECK_COURSE_STEP, "difference",
                     tp_json_text_real(found->layers[l].course), "at", json_place(found, l, found->layers[l].course_at),
                     "skipped", (json_int_t)course_skipped(found), "met", course_met(found));
}

static json_t *json_layers(const tileprop_gradients *found)
{
    json_t *list = json_array();
    for (size_t l = 0; l < found->layer_count && !found->stopped; l++) {
        const tileprop_layer_gradients *layer = &found->layers[l];
        tp_json_text_append(&list,
                            json_pack("{s:f, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:b}", "h", layer->step, "difference",
                                      tp_json_text_real(layer->difference), "at", json_place(found, l, layer->at),
                                      "truncation", tp_json_text_real(layer->truncation), "rounding",
                                      tp_json_text_real(layer->rounding), "largest_gradient",
                                      tp_json_text_real(layer->largest), "weights", (json_int_t)layer->weights,
                                      "skipped", (json_int_t)layer->skipped, "passed", layer->right));
    }
    return list;
}

/* Takes ownership of tiers and passed. */
static tileprop_status write_json(const tileprop_gradients *found, json_t *tiers, json_t *passed,
                                  struct tp_error *error)
{
    return tp_program_json(json_pack("{s:I, s:o, s:o, s:o, s:o}", "samples", (json_int_t)found->samples, "course",
                                     json_course(found), "layers", json_layers(found), "tiers", tiers, "passed",
                                     passed),
                           error);
}

/* Computes the hash of the weights after one step on the samples of the check. */
static tileprop_status hash_step(const tileprop_options *options, const tileprop_data *data, const char *isa,
                                 uint64_t *hash, struct tp_error *error)
{
    tileprop_options once = *options;
    tileprop_data batch = *data;
    tileprop_result result = {.size = sizeof result};
    batch.rows = samples_of(data);
    once.batch = batch.rows;
    once.epochs = once.evals_per_epoch = once.threads = 1;
    once.threads_exact = 0;
    once.isa = isa;
    const tileprop_status status =
        tileprop_train(&once, &batch, &batch, NULL, NULL, &result, error->text, sizeof error->text);
    *hash = result.weights_hash;
    return status == TILEPROP_DIVERGED ? TILEPROP_OK : status; /* the rate may be large */
}

/*
 * Compares one step of each tier of this CPU with the reference's until a signal arrives. Writes a line for each to out
 * (may be NULL) and fills *verdicts.
 */
static tileprop_status compare_tiers(const tileprop_options *options, const tileprop_data *data, json_t **verdicts,
                                     bool *equal, bool *stopped, FILE *out, struct tp_error *error)
{
    const char *isa;
    int runs;
    uint64_t expected, found;
    tileprop_status status = hash_step(options, data, "reference", &expected, error);
    for (size_t i = 0; status == TILEPROP_OK && (isa = tileprop_isa(i, &runs)); i++) {
        *stopped = tp_program_stopped() != 0;
        if (*stopped)
            break;
        if (!runs || strcmp(isa, "reference") == 0)
            continue;
        status = hash_step(options, data, isa, &found, error);
        if (status != TILEPROP_OK)
            break;
        const bool same = found == expected;
        *equal = *equal && same;
        if (out)
            fprintf(out, TP_LABEL "the bits of a step %s the reference's\n", isa, same ? "equal" : "DIFFER from");
        tp_json_text_set(verdicts, isa, json_boolean(same));
    }
    return status;
}

tileprop_status tp_gradient_report(const struct tp_train_command *command, const struct tp_train_data *loaded,
                                   bool *stopped, struct tp_error *error)
{
    const tileprop_data data = tp_train_data_of(&loaded->train, 0, loaded->train.count, NULL);
    tileprop_options options = command->options;
    if (options.init == TILEPROP_INIT_AUTO)
        options.init = TILEPROP_INIT_UNIFORM;
    tileprop_options_resolve(&options, tp_train_data_type(loaded), data.rows);
    struct progress progress = {.shown = isatty(STDERR_FILENO) && !command->quiet};
    tileprop_layer_gradients layers[TILEPROP_HIDDEN_MAX + 1];
    tileprop_gradients found = {.size = sizeof found, .layers = layers, .layer_size = sizeof *layers};
    FILE *out = tp_report_stream(command);
    if (out)
        write_opening(&options, loaded->directory, &data, out);
    tileprop_status status =
        tileprop_check_gradients(&options, &data, on_progress, &progress, &found, error->text, sizeof error->text);
    if (progress.shown)
        fprintf(stderr, "\r%*s\r", 30, "");
    *stopped = found.stopped != 0;
    if (out && status == TILEPROP_OK && !*stopped)
        write_differences(&found, out);
    json_t *tiers = json_object();
    bool equal = true;
    if (status == TILEPROP_OK && !*stopped)
        status = compare_tiers(&options, &data, &tiers, &equal, stopped, out, error);
    if (status != TILEPROP_OK || !command->json)
        json_decref(tiers);
    else
        status = write_json(&found, tiers, *stopped ? json_null() : json_boolean(found.layers_right && equal), error);
    if (status != TILEPROP_OK || *stopped)
        return status;
    if (!found.layers_right)
        return tp_fail(error, TILEPROP_FAILURE,
                       "--check-gradient: gradients could not be confirmed in double: expected a bound of at most %g "
                       "of the layer's largest gradient, and differences within it",
                       TILEPROP_CHECK_COARSEST);
    return equal ? TILEPROP_OK
                 : tp_fail(error, TILEPROP_FAILURE,
                           "--check-gradient: a tier's step does not give the same bits as the reference");
}
